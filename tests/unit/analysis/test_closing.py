"""The deck's closing table: in which order a reader meets the studies."""

from types import SimpleNamespace

from fer_exp.analysis import closing


def test_a_reader_meets_the_decks_studies_first_and_searches_last():
    """As the deck has them, each beside itself by another protocol; one's own keep their order."""
    met = ["optimizer_search", "optimizer_tuned", "final", "mine", "ladder", "main", "main"]
    studies = [SimpleNamespace(name=name, searched=name.endswith("_search")) for name in met]
    names = [study.name for study in closing.ordered(studies)]
    assert names == ["main", "main", "final", "optimizer_tuned", "mine", "ladder", "optimizer_search"]
