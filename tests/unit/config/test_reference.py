"""docs/configuration.md says what conf/ and the settings say."""

from fer_exp.config import reference
from fer_exp.config.reference import CONF, PAGE, read


def test_the_page_is_what_the_command_writes(tmp_path):
    """`python -m fer_exp config`, to where one says."""
    reference.main([str(tmp_path / "page.md")])
    assert (tmp_path / "page.md").read_bytes() == PAGE.read_bytes()


def test_a_file_is_read_with_its_comments(tmp_path):
    """Those at its top are of the file, those above a key of the key, by its place in the whole config."""
    (tmp_path / "b.yaml").write_text(
        "# Why,\n# and more.\ndefaults:\n  - a\n  - override /layers: wide\n  - _self_\n"
        "# no note, as a line lies between\n\nlr: 0.1\noptions:\n  # how\n  # much\n  of: [1]\nafter: null\n"
    )
    found = read(tmp_path / "b.yaml", "optimizer")
    assert found.why == "Why, and more."
    assert found.chooses == {"optimizer": "a", "layers": "wide"}
    assert found.sets == {"optimizer": {"lr": 0.1, "options": {"of": [1]}, "after": None}}
    assert found.notes == {"optimizer.options.of": "how much"}


def test_a_file_may_set_keys_of_another_place(tmp_path):
    """Its package says where."""
    (tmp_path / "b.yaml").write_text("# @package training\n# Why.\n\n# size\nbatch_size: 8\n")
    found = read(tmp_path / "b.yaml", "batch_size")
    assert (found.why, found.sets) == ("Why.", {"training": {"batch_size": 8}})
    assert found.notes == {"training.batch_size": "size"}
    (tmp_path / "b.yaml").write_text("# @package _global_\nstudy: b\nabout:\n  question: Does it?\n")
    assert read(tmp_path / "b.yaml", "study").why == "Does it?"


def test_a_default_is_what_the_option_of_that_name_sets():
    """Bounds are those of the settings, and a key without a note has an empty cell."""
    rows = reference.markdown(CONF).splitlines()
    assert (
        "| `scheduler.warmup_epochs` | a whole number at least 0 and at most 1,000,000 | `0` "
        "| epochs in which the rate first climbs |" in rows
    )
    assert any(
        row.startswith("| `model.dropout` | a finite number at least 0 and below 1 | `0.3` |") for row in rows
    )
