"""What the tests of training share."""

import numpy as np
import pytest

from fer_exp.data.splits import Split
from fer_exp.models import factory
from fer_exp.training.trainer import Trainer


@pytest.fixture
def trainer(compose_settings, tiny_faces):
    """What makes a trainer on the tiny train faces: fitted on 30, validated with 12."""
    train = tiny_faces[tiny_faces.usage == 0]
    parts = Split(np.arange(0, 30), np.arange(30, 42))

    def make(*overrides, split=parts, plain=True, teacher=None):
        common = ["batch_size='16'", "stopping=none", "training.epochs=6"]
        common += ["layers=64-32-16"] if plain else []
        return Trainer(compose_settings(*common, *overrides), train, split, teacher)

    return make


@pytest.fixture
def double(monkeypatch):
    """Networks of float64: rounding is then so small that nothing can hide in it."""
    build = factory.build
    monkeypatch.setattr(factory, "build", lambda *arguments: build(*arguments).double())
