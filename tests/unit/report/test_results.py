"""Pages whose tables are printed from the store, by what they ask for."""

import pytest
from helpers.archived import job, named, sweep
from helpers.refused import refusal

from fer_exp.report import results

PAGE = """# Optimizer

Said by hand.

<!-- results: {asked} -->
old
<!-- end of results -->

Said by hand, too.
"""


@pytest.fixture
def page(tmp_path, store):
    """A function: a page with a block that asks for something, beside a store with a study."""
    for identity in ("sgd0", "sgd1", "sgd2", "adam0", "adam1", "adam2"):
        job(store, identity, "optimizer", 0.1 + int(identity[-1]) / 100 + 0.1 * identity.startswith("a"))
    sweep(store, "optimizer", "sgd0", "sgd1", "sgd2", "adam0", "adam1", "adam2")

    def made(asked):
        path = tmp_path / "optimizer.md"
        path.write_text(PAGE.format(asked=asked), encoding="utf-8")
        return path

    return made


def test_a_block_is_made_anew_and_the_rest_is_left(page, store, capsys):
    """The second time nothing has changed."""
    path = page("contrasts optimizer honest")
    results.main([str(path), *named(store)])
    text = path.read_text(encoding="utf-8")
    assert "\n| adam | " in text
    assert "old" not in text
    assert text.startswith("# Optimizer\n\nSaid by hand.\n\n<!-- results: contrasts optimizer honest -->\n")
    assert text.endswith("<!-- end of results -->\n\nSaid by hand, too.\n")
    results.main([str(path), *named(store)])
    assert path.read_text(encoding="utf-8") == text
    assert capsys.readouterr().out.split("\n")[:2] == [f"{path}: changed", f"{path}: as it was"]


def test_a_chart_lies_beside_its_page(page, store):
    """As a picture of the same bytes each time, told in words."""
    path = page("chart optimizer honest")
    results.main([str(path), *named(store)])
    picture = path.with_name("optimizer-honest.png")
    before = picture.read_bytes()
    assert before.startswith(b"\x89PNG")
    assert "](optimizer-honest.png)" in path.read_text(encoding="utf-8")
    results.main([str(path), *named(store)])
    assert picture.read_bytes() == before


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("table optimizer", "a block asks for table; known: scores, contrasts"),
        ("scores optimizer", "asks for 'scores optimizer', with words too many or too few"),
        ("scores layers honest", "no sweep of study=layers protocol=honest in the store: make restore-runs"),
        ("closing deck", "no study of the deck's choices by protocol=deck"),
        ("ladder", "no sweep of study=ladder protocol=honest"),
    ],
)
def test_what_there_is_not_is_told_and_nothing_written(page, store, capsys, asked, said):
    """One line that names the page or the study."""
    path = page(asked)
    before = path.read_bytes()
    assert said in refusal(capsys, results.main, path, *named(store))
    assert path.read_bytes() == before


def test_a_block_without_an_end_is_refused(page, store, capsys):
    """Rather than all of the page replaced."""
    path = page("scores optimizer honest")
    path.write_text(path.read_text(encoding="utf-8").replace("end of", "end"), encoding="utf-8")
    line = refusal(capsys, results.main, path, *named(store))
    assert "a block of results has no <!-- end of results -->" in line
