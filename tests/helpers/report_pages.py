"""Stores of made runs for the report, and what reads the pages that it writes of them."""

import html.parser
import json
import re
import shutil
from pathlib import Path

import numpy as np

from fer_exp import tracking
from fer_exp.config import settings
from fer_exp.config.schema import build
from fer_exp.evaluation import scoring
from fer_exp.evaluation.scoring import Answers
from fer_exp.fer2013 import EMOTIONS
from fer_exp.models import checkpoint, factory
from fer_exp.plots import learning_curves
from fer_exp.report.command import main
from fer_exp.tracking import artifacts, keys

# An arm as nobody should call it: markup, what a template, matplotlib and a terminal obey.
EVIL = "<script>alert('x')</script> & {{ 7 * 7 }} $x$ \x1b[2J\u202e"

RELU = {"name": "relu", "target": "torch.nn.ReLU", "options": {}}
MLP = {"name": "mlp", "hidden": [20], "activation": RELU, "dropout": 0.0, "normalisation": "unit"}

# Elements without an end.
VOID = {"meta", "link", "img", "br", "hr"}


class Reader(html.parser.HTMLParser):
    """Reads a page: its elements in order, and that each is closed where it was opened."""

    def __init__(self, text: str):
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[tuple[list[str], str]] = []
        self.open: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        """Note an element."""
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append((tag, dict(attrs)))

    def handle_startendtag(self, tag, attrs):
        """Note an element of SVG without content."""
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        """Close the innermost element, which must be this."""
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        """Keep a text, and what it stands in."""
        inside = [tag for tag, _ in self.open]
        inside += ["english"] * any(attributes.get("lang") == "en" for _, attributes in self.open[1:])
        self.text.append((inside, data))

    def all(self, *tags: str) -> list[dict[str, str | None]]:
        """The attributes of all elements of these names."""
        return [attributes for tag, attributes in self.elements if tag in tags]


def english_in(page: Reader) -> list[str]:
    """Texts of a page with three English words in a row, outside of commands, names and English parts."""
    found = []
    for inside, text in page.text:
        plain = re.sub(r"python [\w.-]+.*|make baseline.*|<script>.*\$x\$", "", text)
        english = re.search(r"\b[A-Za-z']{2,}( [A-Za-z']{2,}){2,}", plain)
        if english and not {"style", "code", "svg", "english"} & set(inside):
            found.append(text)
    return found


def trained(store, dataset, arm: str, seed: int, accuracy: float, parent: str) -> tracking.Run:
    """A finished run with two epochs and a checkpoint, without training."""
    tags = {"kind": "job", "study": "activation", "identity": f"{arm}{seed}", "protocol": "honest"}
    tags |= {"faces": dataset.fingerprint.content, "selected_on": "lowest validation loss"}
    params = {"data.name": "synthetic", "data.n_train": 42, "data.n_test": 28, "data.seed": 0, "seed": seed}
    params |= {"protocol.weights": "best", "faces.fit": 34, "faces.validation": 8}
    params |= {f"faces.{key}": value for key, value in dataset.fingerprint.flat().items()}
    run = store.create(f"{arm} · seed {seed}", params, tags, parent)
    with run.recording():
        for epoch in (1, 2):
            run.log(
                dict.fromkeys((keys.epoch(*line) for line in learning_curves.LINES), accuracy + epoch / 100),
                epoch,
            )
        found = {"selected/val_accuracy": accuracy, "selected/train_accuracy": accuracy + 0.05}
        found |= {"selected/val_loss": 2 - accuracy, "selected/val_macro_f1": accuracy - 0.1}
        found |= {"selected/epoch": 2.0, "selected/train_seconds": 30.0}
        run.log(found | {"prior/val_majority_accuracy": 0.25})
        keep_network(run, MLP, dataset, seed)
    return run


def keep_network(run: tracking.Run, model: dict, dataset, seed: int = 0) -> None:
    """Keep a fresh network of these settings as the run's best."""
    network = factory.build(build(settings.Model, model, "model"), seed, dataset.train().pixels)
    with run.file(artifacts.BEST) as path:
        checkpoint.save(path, {"model": model, "network": network.state_dict()})


def swept(store, dataset, arms: dict[str, list[float]]) -> dict[str, list[tracking.Run]]:
    """A sweep of the activation study with these arms and a validation accuracy a seed."""
    tags = {"kind": "sweep", "study": "activation", "protocol": "honest", "data": "synthetic"}
    tags |= {"faces": dataset.fingerprint.content, "selected_on": "lowest validation loss"}
    sweep = store.create("activation · honest", {}, tags)
    with sweep.recording():
        runs = {
            arm: [trained(store, dataset, arm, seed, value, sweep.id) for seed, value in enumerate(values)]
            for arm, values in arms.items()
        }
        entries = [
            {"name": f"{arm} · seed {seed}", "arm": arm, "setting": arm, "seed": str(seed)}
            | {"identity": f"{arm}{seed}"}
            for arm in arms
            for seed in range(2)
        ]
        sweep.text(artifacts.PLAN, json.dumps({"jobs": entries}))
    return runs


def evaluated(run: tracking.Run, dataset, known: int, gallery: bool = True) -> None:
    """Score invented answers as the run's own: the first `known` classes right, the others read as happy."""
    test = dataset.test()
    labels = np.where(test.labels < known, test.labels, 3)
    scores = np.log(0.02 + 0.86 * np.eye(len(EMOTIONS))[labels])
    scoring.conclude(run, dataset, Answers(labels, scores), gallery)


def store_in(folder: Path, migrated_store: Path) -> tracking.Store:
    """The store in this folder, made if there is none."""
    # a copy over one that is open would take its rows away
    if not (folder / "mlflow.db").exists():
        shutil.copy(migrated_store, folder / "mlflow.db")
    uri = f"sqlite:///{folder / 'mlflow.db'}"
    return tracking.Store(settings.Tracking(uri, str(folder / "mlartifacts"), "fer-exp", False))


def written(folder: Path, *arguments: str) -> str:
    """The page that the command writes from the store in this folder."""
    output = folder / "page.html"
    main(["--tracking-uri", f"sqlite:///{folder / 'mlflow.db'}", "--output", str(output), *arguments])
    return output.read_text(encoding="utf-8")


def searched(store, dataset, arms: dict[str, list[float | None]]) -> None:
    """A search with these arms and a validation accuracy a trial; None for one that diverged."""
    tags = {"kind": "sweep", "study": "optimizer_search", "protocol": "honest", "data": "synthetic"}
    tags |= {"faces": dataset.fingerprint.content, "selected_on": "lowest validation loss"}
    sweep = store.create("optimizer_search · honest", {}, tags)
    entries = []
    with sweep.recording():
        for arm, values in arms.items():
            for number, value in enumerate(values):
                run = trained(store, dataset, arm, number, value or 0.1, sweep.id)
                run.params({"optimizer.lr": 0.001 * (number + 1), "optimizer.weight_decay": 0.0})
                if value is None:
                    run.tag(error="DivergedError: the loss is not finite")
                    run.end("FAILED")
                entry = {"name": f"{arm} · trial {number}", "arm": arm, "setting": arm, "seed": "0"}
                entries.append({**entry, "identity": f"{arm}{number}", "trial": str(number)})
        sweep.text(artifacts.PLAN, json.dumps({"jobs": entries}))
