"""The order of the labels that a source gives as numbers."""

import pytest

from fer_exp.data import label_order
from fer_exp.errors import UserError
from fer_exp.fer2013 import CANONICAL_TRAIN


@pytest.mark.parametrize(
    ("counts", "wrong"),
    [
        # the alphabetical order under the names of fer2013.csv: whole, and thinned
        ([*CANONICAL_TRAIN[:4], 4965, 4830, 3171], "sad (4,965) are its neutral (4,965), surprise (4,830)"),
        ([3700, 400, 3800, 6700, 4600, 4500, 2900], "surprise (4,500)"),
        (
            [4097, *CANONICAL_TRAIN[1:2], 3995, *CANONICAL_TRAIN[3:]],
            "angry (4,097) are its fear (4,097), fear",
        ),
        (CANONICAL_TRAIN, None),
        # thinned to the same number, and a set of another size
        ([3900, 436, 3880, 6800, 4700, 3050, 4690], None),
        ([6] * 7, None),
    ],
)
def test_a_wrong_order_is_seen_by_the_numbers_of_faces(counts, wrong):
    """Where they are FER-2013's under other names; of another set they say nothing."""
    if wrong is None:
        label_order.check(counts, "a.parquet")
        return
    with pytest.raises(
        UserError, match=r"a\.parquet: the labels are not in the order of their names"
    ) as caught:
        label_order.check(counts, "a.parquet")
    assert wrong in str(caught.value)
