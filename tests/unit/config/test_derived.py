"""What follows from a job's settings."""

import pytest

from fer_exp.config import derived


@pytest.mark.parametrize(
    ("choices", "named"),
    [
        ([], "honest"),
        (["split=random"], "honest split=random"),
        (["protocol=deck"], "deck"),
        (["protocol=deck", "split=grouped"], "deck split=grouped"),
    ],
)
def test_a_protocol_with_the_split_of_another_says_so(compose_settings, choices, named):
    """Else scores on copies of fitted faces would be called honest."""
    assert derived.protocol(compose_settings(*choices)) == named
