"""A checkpoint answers with names."""

import dataclasses
import pickle

import numpy as np
import pytest
import torch
from helpers.planted import Planted

from fer_exp.errors import UserError
from fer_exp.fer2013 import EMOTIONS
from fer_exp.models import checkpoint, factory
from fer_exp.models.classifier import Classifier, _load_pyfunc
from fer_exp.models.network import logits


@pytest.fixture
def saved(compose_settings, tiny_faces, tmp_path):
    """A checkpoint of a fresh network, and the network."""
    model = compose_settings("layers=64-32-16", "model.normalisation=standardised").model
    network = factory.build(model, 0, tiny_faces.pixels)
    content = {"model": dataclasses.asdict(model), "network": network.state_dict()}
    checkpoint.save(tmp_path / "a.pt", content)
    return tmp_path / "a.pt", network, content


def test_a_loaded_network_answers_as_the_saved_one(saved, tiny_faces):
    """Normalisation included, since it lies in the checkpoint."""
    path, network, _ = saved
    expected = np.array(EMOTIONS)[logits(network, tiny_faces.pixels).argmax(axis=1)]
    np.testing.assert_array_equal(Classifier.load(path).predict(tiny_faces.pixels), expected)


def test_probabilities_are_those_of_the_logits(saved, tiny_faces):
    """They add up to one, and the likeliest class is the predicted one; huge logits do not overflow."""
    path, network, _ = saved
    with torch.no_grad():
        network.layers[-1].weight *= 1e4
    for classifier in (Classifier.load(path), Classifier(network)):
        found = classifier.probabilities(tiny_faces.pixels)
        assert (found.shape, found.dtype) == ((len(tiny_faces), 7), np.float64)
        np.testing.assert_allclose(found.sum(axis=1), 1)
        names = np.array(EMOTIONS)[found.argmax(axis=1)]
        np.testing.assert_array_equal(names, classifier.predict(tiny_faces.pixels))


def test_pictures_of_another_size_are_refused(saved):
    """The shape is named."""
    with pytest.raises(UserError, match=r"pictures must be \[N, 48, 48\], not \[2, 32, 32\]"):
        Classifier.load(saved[0]).predict(np.zeros((2, 32, 32)))


def test_weights_that_do_not_fit_their_description_are_refused(saved):
    """By the architecture's name."""
    path, _, content = saved
    content["model"]["hidden"] = [64, 32, 17]
    checkpoint.save(path, content)
    with pytest.raises(UserError, match="do not fit its own description, 2304-64-32-17-7"):
        Classifier.load(path)


@pytest.mark.fault(
    "Bad data: a checkpoint of ours with odd contents", trials=7, expected="one line that names the file"
)
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"network": None}, "holds no network"),
        ({"model": None}, "model=None: must be a group of settings"),
        ({"shift": None}, "do not fit its own description"),
        ({"shift": torch.zeros(3, 3)}, "do not fit its own description"),
        ({"scale": torch.ones(2304, dtype=torch.float64)}, "do not fit its own description"),
        ({"scale": torch.ones(2304).to_sparse()}, "do not fit its own description"),
        ({"layers.0.bias": torch.full((64,), float("nan"))}, "has weights that are no finite numbers"),
    ],
)
def test_a_checkpoint_that_would_answer_nonsense_is_refused(saved, change, said):
    """Weights that are no numbers would answer `angry` to everything."""
    path, _, content = saved
    [(name, value)] = change.items()
    (content if name in content else content["network"])[name] = value
    checkpoint.save(path, content)
    with pytest.raises(UserError, match=rf"a\.pt: .*{said}"):
        Classifier.load(path)


@pytest.mark.fault(
    "Security: a checkpoint that names foreign code", trials=1, expected="refused with one line, not imported"
)
def test_a_checkpoint_that_names_foreign_code_is_refused(saved):
    """An activation from elsewhere is not imported."""
    path, _, content = saved
    content["model"]["activation"]["target"] = "os.system"
    checkpoint.save(path, content)
    with pytest.raises(UserError, match="must lie in"):
        Classifier.load(path)


@pytest.mark.parametrize("writer", [torch.save, lambda thing, path: path.write_bytes(pickle.dumps(thing))])
@pytest.mark.fault(
    "Security: a malicious pickle as a logged model", trials=2, expected="refused with one line and not run"
)
def test_a_pickle_planted_as_a_model_is_not_run(tmp_path, writer):
    """What MLflow calls to serve a model reads its file as any checkpoint is read."""
    writer({"format": checkpoint.FORMAT, "model": Planted(tmp_path / "ran")}, tmp_path / "best.pt")
    with pytest.raises(UserError, match="not a whole, safe checkpoint"):
        _load_pyfunc(str(tmp_path / "best.pt"))
    assert not (tmp_path / "ran").exists()
