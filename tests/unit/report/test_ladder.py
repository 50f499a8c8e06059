"""The ladder's table: a row a rung, each against the one below, and its seeds together."""

import dataclasses

import pytest

from fer_exp.fer2013 import PARTS
from fer_exp.report import study_tables
from fer_exp.report.words import words_of
from fer_exp.tables import TextTable
from fer_exp.tracking import Record
from fer_exp.tracking.studies import Arm, Gap, Study


def run(seed: int, accuracy: float, validation: int = 20) -> Record:
    """A finished and evaluated run; test is a point above validation."""
    found = {"selected/val_accuracy": accuracy, "selected/train_seconds": 3600.0}
    for part in PARTS:
        found |= {f"test/{part}/accuracy": accuracy + 0.01, f"test/{part}/n": 50.0}
        found |= {f"test/{part}/accuracy_low": accuracy, f"test/{part}/accuracy_high": accuracy + 0.02}
    params = {"faces.fit": str(100 - validation), "faces.validation": str(validation)}
    return Record(f"{accuracy}", f"seed {seed}", "FINISHED", params, {}, found, 0.0, "")


def arm(name: str, *accuracies: float, validation: int = 20) -> Arm:
    """An arm with one run a value, seeds 0, 1, ..."""
    return Arm(name, name, {str(i): run(i, value, validation) for i, value in enumerate(accuracies)})


def study_of(*arms: Arm) -> Study:
    """A ladder of these arms."""
    return Study("ladder", "honest", "fer2013", "f", "lowest validation loss", list(arms))


def rows(*arms: Arm, ensembles=None) -> dict[str, list[str]]:
    """The ladder's rows by their first cell."""
    return {name: cells for name, *cells in ladder(study_of(*arms), ensembles).rows}


def ladder(study: Study, ensembles=None) -> TextTable:
    """The ladder's one table in English."""
    [table] = study_tables.ladder(study, ensembles or {})
    return table.in_words(words_of("en"))


def gain(cells: list[str]) -> str:
    """What a row says of its gain."""
    return cells[-2]


def test_a_rung_gains_over_the_one_below():
    """Seed by seed, with an interval and a star where chance does not do it."""
    found = rows(arm("deck", 0.40, 0.41, 0.39), arm("mirrored", 0.45, 0.462, 0.441))
    assert gain(found["deck"]) == "-"
    assert gain(found["mirrored"]).startswith("+5.10* [")


def test_what_is_left_out_stands_against_the_trunk():
    """Not against the row above it."""
    found = rows(
        arm("deck", 0.40),
        arm("mirrored", 0.50),
        arm("top", 0.52),
        arm("without/gelu", 0.49),
        arm("with/erase", 0.505),
    )
    assert [gain(found[name]) for name in ("mirrored", "top")] == ["+10.00", "+2.00"]
    assert [gain(found[name]) for name in ("without/gelu", "with/erase")] == ["-1.00", "+0.50"]


def test_rungs_validated_on_other_faces_are_not_subtracted():
    """A carve of another size is another exam."""
    found = rows(arm("mirrored", 0.50, 0.51), arm("top", 0.52, 0.53, validation=10))
    assert gain(found["top"]) == "other faces"


def test_one_network_has_an_interval_over_faces_and_several_one_over_seeds():
    """Neither travels without."""
    found = rows(arm("deck", 0.40), arm("mirrored", 0.50, 0.51))
    assert found["deck"][3] == "41.00 [40.00, 42.00]"
    assert found["mirrored"][3].startswith("51.5 ±")


def test_seeds_together_are_a_row_of_their_own():
    """Below their rung, with the hours of all."""
    together = run(0, 0.55)
    found = rows(arm("mirrored", 0.50, 0.51), ensembles={"mirrored": together})
    assert list(found) == ["mirrored", "mirrored, together"]
    assert found["mirrored, together"][3] == "56.00 [55.00, 57.00]"
    assert found["mirrored, together"][-1] == "1.00 in all"


def test_hours_of_each_device_stand_apart():
    """A GPU's say nothing of a processor's."""
    mixed = arm("top", 0.52, 0.53, 0.54)
    on_gpu = dataclasses.replace(mixed.runs["1"], tags={"device": "NVIDIA H200"})
    on_gpu.metrics["selected/train_seconds"] = 360.0
    mixed.runs["1"] = on_gpu
    assert rows(mixed)["top"][-1] == "NVIDIA H200: 0.10, 1.00"
    [spent] = [note for note in ladder(study_of(mixed)).notes if note.startswith("trained")]
    assert "120.0 minutes of one core" in spent
    assert "6.0 job-minutes of NVIDIA H200" in spent


def test_what_knows_more_than_pixels_has_a_table_of_its_own():
    """Who was taught by a CNN, and what is no MLP; the notes on all stand below the last."""
    taught = arm("taught", 0.56)
    taught.runs["0"].params["training.taught"] = "0.9"
    study = study_of(arm("top", 0.53), taught, arm("reference/cnn", 0.6))
    tables = [each.in_words(words_of("en")) for each in study_tables.ladder(study, {})]
    assert [(each.title.partition(";")[0], [row[0] for row in each.rows]) for each in tables] == [
        ("without a CNN", ["top"]),
        ("taught by a CNN", ["taught"]),
        ("reference models, no MLPs on pixels", ["reference/cnn"]),
    ]
    assert [bool(each.notes) for each in tables] == [False, False, True]


def test_a_rung_that_is_missing_is_named():
    """A gap is no row of dashes."""
    gap = Arm("mirrored", "mirrored", {}, [Gap("mirrored · seed 0", "missing")])
    study = Study("ladder", "honest", "fer2013", "f", "lowest validation loss", [arm("deck", 0.4), gap])
    table = ladder(study)
    assert [row[0] for row in table.rows] == ["deck"]
    assert "mirrored · seed 0: missing" in table.notes


def test_rungs_that_lack_the_same_are_named_together():
    """Not a line for each job that was not run."""
    gaps = [
        Arm(name, name, {}, [Gap(f"{name} · seed {seed}", "missing") for seed in (1, 2)])
        for name in ("a", "b")
    ]
    table = ladder(study_of(arm("deck", 0.4), *gaps))
    assert "a, b · seed 1: missing, seed 2: missing" in table.notes


@pytest.mark.parametrize("name", ["without/gelu", "with/erase"])
def test_without_the_trunk_nothing_is_compared(name):
    """As when only some rungs were run: there is no column of gains."""
    assert "gain on val" not in ladder(study_of(arm("deck", 0.4), arm(name, 0.5))).header


def test_subsets_that_older_runs_do_not_know_have_no_column():
    """Their tables stay as they were; an ensemble of then has no figure where its runs have one."""
    newest = PARTS[-1]
    rung = arm("deck", 0.40)
    old = dataclasses.replace(
        rung.runs["0"],
        metrics={key: value for key, value in rung.runs["0"].metrics.items() if newest not in key},
    )
    assert newest not in ladder(study_of(Arm("deck", "deck", {"0": old}))).header
    found = ladder(study_of(arm("deck", 0.40, 0.41)), {"deck": old})
    assert found.rows[1][found.header.index(newest)] == "-"
