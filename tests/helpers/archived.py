"""Made studies to be kept in a file, and the commands that keep, restore and compare them."""

import json

import numpy as np

from fer_exp.fer2013 import PARTS
from fer_exp.report import text
from fer_exp.tracking import artifacts, keys
from fer_exp.tracking.archive import restore_runs

SHARED = {"faces": "f", "protocol": "honest", "selected_on": "lowest validation loss"}
NOTE = (
    "**Question**: Which?\n\n```\npython train.py study=ladder 'data.root=/home/ann b/faces.zip' "
    "tracking.uri=sqlite:////srv/runs.db seed=0,1 data.ferplus=../ann/votes.csv\n```\n"
)


def job(store, identity, study="ladder", accuracy=0.4, parent=None, status="FINISHED", **tags):
    """A job that has ended, evaluated if it has finished."""
    tags = {
        **SHARED,
        "kind": "job",
        "study": study,
        "identity": identity,
        "log": "outputs/1/train.log",
        "device": "NVIDIA H200",
        **tags,
    }
    params = {"seed": identity.rstrip("t")[-1], "faces.fit": "80", "faces.validation": "20"}
    params |= {
        "optimizer.lr": "0.1",
        "optimizer.weight_decay": "0.0",
        "data.root": "/home/ann/faces.zip",
        "protocol.weights": "best",
    }
    run = store.create(f"job {identity}", params, tags, parent)
    found = {"prior/val_majority_accuracy": 0.25}
    if status == "FINISHED":
        for key in ("val_accuracy", "train_accuracy", "val_macro_f1"):
            found[f"selected/{key}"] = accuracy + 1 / 3
        found |= {"selected/val_loss": 1.5, "selected/epoch": 9.0, "selected/train_seconds": 61.0}
        found |= scores(accuracy)
        _answer(run, artifacts.VALIDATION_ANSWERS, 20, seed=identity[-1])
        _answer(run, artifacts.TEST_ANSWERS, 28)
    run.log({"loss/val": 1.6, "loss/train": 1.5, "val/huge": float("inf")}, 1)
    run.log({"loss/val": 1.5, "loss/train": float("nan")}, 2)
    run.log(found)
    run.end(status)
    return run


def _answer(run, name, n, seed="0"):
    """Keep answers to n faces, which those of one seed share; each run has its own."""
    draw = np.random.default_rng([n, int(seed) if seed.isdigit() else 0])
    faces = np.sort(draw.choice(100, n, replace=False))
    predicted = np.random.default_rng(list(run.id.encode())).integers(0, 7, n)
    artifacts.write_answers(run, name, faces, faces // 2, draw.integers(0, 7, n), predicted)


def scores(accuracy):
    """The accuracies of all parts of test."""
    ends = {"": accuracy, "_low": accuracy - 0.1, "_high": accuracy + 0.1}
    found = {f"test/{part}/accuracy{end}": value for part in PARTS for end, value in ends.items()}
    return found | {f"test/{part}/n": 28.0 for part in PARTS}


def sweep(store, study, *planned, note=NOTE, of=None):
    """A sweep of jobs, each an identity as `deck0`: its arm and its seed; a trial where it ends in `t`.

    of: the faces of each, where they are not the same.
    """
    entries = []
    for each in planned:
        name, number = each.rstrip("t")[:-1], each.rstrip("t")[-1]
        entry = {"name": each, "arm": name, "setting": name, "identity": each, "seed": number}
        entry |= {keys.TRIAL: number, "seed": "0"} if each.endswith("t") else {}
        entries.append(entry | ({"faces": of[each]} if of else {}))
    tags = {**SHARED, "kind": "sweep", "study": study, "data": "fer2013", "mlflow.note.content": note}
    tags |= {"faces": ", ".join(of.values())} if of else {}
    run = store.create(f"{study} · honest", {"study": study, "jobs": len(planned)}, tags)
    with run.recording():
        run.text(artifacts.PLAN, json.dumps({"jobs": entries}))
    return run


def beside(store, kind, name, identity, **metrics):
    """A baseline or an ensemble."""
    run = store.create(name, {"of": kind}, {**SHARED, "kind": kind, "identity": identity, "study": "ladder"})
    run.log(scores(0.35) | metrics)
    run.end("FINISHED")


def named(store):
    """The arguments that name a store."""
    return ["--tracking-uri", store.uri, "--experiment", "test"]


def restore(path, store):
    """Put a file's runs into a store."""
    restore_runs.main([str(path), *named(store)])


def tables(store, capsys):
    """All that compare prints."""
    capsys.readouterr()
    text.main(["--all", "--format", "markdown", *named(store)])
    return capsys.readouterr().out
