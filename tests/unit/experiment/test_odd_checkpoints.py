"""A checkpoint that is whole and safe to read, and holds what no run of ours has left."""

import copy
import random

import pytest
import torch

from fer_exp.data.splits import split_of
from fer_exp.errors import UserError
from fer_exp.experiment import drivers, resume
from fer_exp.experiment.job import Job
from fer_exp.models import checkpoint
from fer_exp.tracking import artifacts
from fer_exp.training.trainer import Trainer

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("plain_figures")]

ODD = (None, "x", -1, 10**400, float("nan"), [], {}, [None], {"x": 1}, True, torch.zeros(3))


def changed(content, chance):
    """The content with something odd at one place, however deep."""
    found = copy.deepcopy(content)
    node, key = found, chance.choice(sorted(set(found) - {"format", "classes"}))
    while isinstance(node[key], dict | list) and node[key] and chance.random() < 0.8:
        node = node[key]
        key = chance.choice(list(node) if isinstance(node, dict) else range(len(node)))
    if isinstance(node, dict) and chance.random() < 0.2:
        del node[key]
    else:
        node[key] = chance.choice(ODD)
    return found


@pytest.fixture
def half(tiny, store, tiny_dataset):
    """A trained job's checkpoint, what makes a fresh trainer of the same job, and the faces' digest."""
    config = tiny("training.epochs=2", "stopping=none")
    done = drivers.run(Job(config, "half"))
    path = store.run(done.run_id).fetch(artifacts.LAST)
    faces = tiny_dataset.train()
    split = split_of(tiny_dataset, config.split, config.seed)
    return path, lambda: Trainer(config, faces, split, None), tiny_dataset.digest


@pytest.mark.fault(
    "Bad data: a checkpoint with something odd at any place, gone on with",
    trials=100,
    expected="one line that names it, or an epoch with figures",
)
def test_something_odd_in_a_checkpoint_is_one_line(half, tmp_path):
    """It may come from somebody else, or from a version to come."""
    path, fresh, digest = half
    content = {key: each for key, each in checkpoint.load(path).items() if key not in ("format", "classes")}
    refused = []
    for seed in range(100):
        odd = tmp_path / "odd.pt"
        checkpoint.save(odd, changed(content, random.Random(seed)))
        trainer = fresh()
        try:
            resume.restore(trainer, digest, odd, "theirs")
        except UserError as error:
            refused.append(str(error))
    assert 30 < len(refused) < 100
    assert all(said.startswith(("resume=theirs: ", str(odd))) for said in refused)
