"""What a GPU computes is what the processor does; all is skipped where there is none."""

import dataclasses
import itertools

import numpy as np
import pytest
import torch
from helpers.side_by_side import assert_alike, train_side_by_side

from fer_exp.config.settings import Activation, MLPModel
from fer_exp.data.splits import Split
from fer_exp.models import factory
from fer_exp.models.network import logits
from fer_exp.training.step import AutogradStep, GraphedStep, Rule
from fer_exp.training.trainer import Trainer

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="PyTorch finds no GPU here")

OPTIMIZERS = ("sgd", "sgd_momentum", "adagrad", "rmsprop", "adadelta", "adam", "nadam", "adamw")

# Float32 rounds to 6e-8; products are summed in another order, and optimizers divide by small slopes.
LOOSE = 1e-3


@pytest.fixture
def trainer(compose_settings, tiny_faces):
    """What makes a trainer on 42 faces, of which 12 validate, at a gentle rate."""
    train = tiny_faces[tiny_faces.usage == 0]

    def make(*overrides, seed=0):
        # a rung has its own
        constant = [] if any("rung" in each for each in overrides) else ["stopping=none", "scheduler=none"]
        chosen = compose_settings(*constant, "training.batch_size=16", "training.epochs=3", *overrides)
        optimizer = dataclasses.replace(chosen.optimizer, lr=chosen.optimizer.lr / 10)
        order = np.random.default_rng(seed).permutation(len(train))
        chosen = dataclasses.replace(chosen, seed=seed, optimizer=optimizer)
        return Trainer(chosen, train, Split(order[12:], order[:12]))

    return make


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_the_study_gives_the_same_on_a_gpu(trainer, optimizer):
    """Every optimizer, within rounding, without draws that each device makes its own."""
    here, there = (trainer(f"optimizer={optimizer}", f"training.device={at}") for at in ("cpu", "cuda"))
    assert isinstance(there.step, GraphedStep)
    for mine, theirs in zip(here.epochs(), there.epochs(), strict=True):
        np.testing.assert_allclose(mine.validation.loss, theirs.validation.loss, rtol=LOOSE)
        np.testing.assert_allclose(mine.train.loss, theirs.train.loss, rtol=LOOSE)


@pytest.mark.parametrize(
    "overrides",
    [
        ("dropout", "model.dropout=0.3"),
        ("mirrored", "rung=mirrored", "model.hidden=[32,32]", "augmentation.erase=0.5"),
        ("bfloat16", "rung=mirrored", "model.hidden=[32,32]", "training.precision=bfloat16"),
        ("cnn", "rung=reference/cnn", "model.hidden=[4,8]"),
        ("mixer", "rung=reference/mixer"),
    ],
    ids=lambda given: given[0],
)
def test_a_graph_draws_and_learns_as_the_plain_step(trainer, overrides):
    """Dropout, augmentation and statistics of batches are the same, replay after replay."""
    common = (*overrides[1:], "training.device=cuda")
    graphed, plain = trainer(*common), trainer(*common)
    rule = Rule.of(plain.settings.training, plain.epoch_targets.augmentation)
    plain.step = AutogradStep(plain.network, plain.optimizer, plain.pixels, plain.epoch_targets.targets, rule)
    assert isinstance(graphed.step, GraphedStep)
    for mine, theirs in itertools.islice(zip(graphed.epochs(), plain.epochs(), strict=True), 3):
        np.testing.assert_allclose(mine.train.loss, theirs.train.loss, rtol=LOOSE)
        np.testing.assert_allclose(mine.validation.loss, theirs.validation.loss, rtol=LOOSE)
    numbers = [dict(each.network.named_buffers()) for each in (graphed, plain)]
    torch.testing.assert_close(*numbers, rtol=LOOSE, atol=LOOSE)


def test_mixup_is_left_to_the_plain_step(trainer):
    """Its share of each batch is not for a graph."""
    mixed = trainer("augmentation.mixup=0.2", "training.device=cuda")
    assert type(mixed.step) is AutogradStep
    assert len(list(mixed.epochs())) == 3


def test_a_stack_captures_and_is_each_job_alone(trainer):
    """Every optimizer beside the others, with draws of dropout of its own, an own split and own stopping."""

    def make():
        return [
            trainer(f"optimizer={name}", "model.dropout=0.3", "training.device=cuda", seed=seed)
            for seed, name in enumerate([*OPTIMIZERS, *OPTIMIZERS])
        ]

    alone, stacked = make(), make()
    for each in alone:
        list(each.epochs())
    train_side_by_side(stacked)
    for one, other in zip(alone, stacked, strict=True):
        assert [epoch.number for epoch in one.history] == [epoch.number for epoch in other.history]


def test_a_stack_without_draws_is_each_job_alone(trainer):
    """Within rounding: scores, weights and the optimizer's state."""

    def make():
        names = [*OPTIMIZERS, "adam", "adam"]
        return [
            trainer(f"optimizer={name}", "training.device=cuda", seed=seed) for seed, name in enumerate(names)
        ]

    alone, stacked = make(), make()
    for each in alone:
        list(each.epochs())
    train_side_by_side(stacked)
    for one, other in zip(alone, stacked, strict=True):
        assert_alike(one, other, LOOSE)


def test_a_teacher_on_a_gpu_answers_as_on_the_processor(tiny_faces):
    """In blocks of another size."""
    model = MLPModel([8], Activation("relu", "torch.nn.ReLU", {}), 0.0, "unit")
    network = factory.build(model, 0, tiny_faces.pixels)
    here = logits(network, tiny_faces.pixels)
    there = logits(network.to("cuda"), tiny_faces.pixels)
    np.testing.assert_allclose(here, there, rtol=LOOSE, atol=LOOSE)
