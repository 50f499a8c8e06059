"""A trainer in a stack is the same trainer alone, and one that ends leaves the others as they are."""

import dataclasses
import itertools

import numpy as np
import pytest
from helpers.networks import CONF, option
from helpers.side_by_side import assert_alike, train_side_by_side

from fer_exp.config.settings import Activation, CosineScheduler, MLPModel, Optimizer, PatienceStopping
from fer_exp.data.splits import Split
from fer_exp.models import checkpoint
from fer_exp.training import optimizers
from fer_exp.training.stacked import kind
from fer_exp.training.trainer import Trainer

ACTIVATIONS = sorted(path.stem for path in (CONF / "model" / "activation").iterdir())

# Rounding of float64, 1e-16, grows in optimizers that divide by the slope's size. A wrong term, or another
# draw of dropout, shows at 1e-3 and above.
TIGHT = 1e-9

# Float32 rounds to 6e-8.
LOOSE = 1e-4


# a step that needs the whole matrix has no place in a stack
OPTIMIZERS = sorted(
    path.stem
    for path in (CONF / "optimizer").iterdir()
    if optimizers.elementwise(option(Optimizer, "optimizer", path.stem))
)


@pytest.fixture
def trainer(compose_settings, tiny_faces):
    """What makes a trainer of a small network on 42 faces, of which the last `held_out` validate."""
    base = compose_settings("stopping=none", "scheduler=none")
    train = tiny_faces[tiny_faces.usage == 0]

    def make(optimizer="adam", activation="relu", dropout=0.0, held_out=12, epochs=2, **changes) -> Trainer:
        model = MLPModel([16, 8], option(Activation, "model/activation", activation), dropout, "standardised")
        training = dataclasses.replace(base.training, batch_size=16, epochs=epochs)
        by = optimizer if isinstance(optimizer, Optimizer) else option(Optimizer, "optimizer", optimizer)
        chosen = dataclasses.replace(base, model=model, training=training, optimizer=by, **changes)
        # each seed's own split, as the study has it
        order = np.random.default_rng(chosen.seed).permutation(len(train))
        return Trainer(chosen, train, Split(order[held_out:], order[:held_out]))

    return make


def assert_same_in_a_stack(make, choices: list[dict], tolerance: float = TIGHT) -> list[Trainer]:
    """Jobs of these choices, side by side, are what each is alone; they are returned."""
    alone, stacked = ([make(**each) for each in choices] for _ in range(2))
    for each in alone:
        list(each.epochs())
    train_side_by_side(stacked)
    for one, other in zip(alone, stacked, strict=True):
        assert_alike(one, other, tolerance)
    return stacked


def jobs_of(names, activations, dropouts) -> list[dict]:
    """Every combination, each with a seed of its own."""
    return [
        {"optimizer": optimizer, "activation": activation, "dropout": dropout, "seed": seed}
        for seed, (optimizer, activation, dropout) in enumerate(
            itertools.product(names, activations, dropouts)
        )
    ]


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize(
    ("activations", "dropouts"),
    [
        (("relu",), (0.0, 0.3)),
        pytest.param(ACTIVATIONS, (0.3,), marks=pytest.mark.slow),
    ],
)
def test_every_job_of_a_stack_is_the_job_alone(trainer, activations, dropouts):
    """Every optimizer beside all others, some as one; own seeds, splits, orders and draws of dropout."""
    assert_same_in_a_stack(trainer, jobs_of(OPTIMIZERS, activations, dropouts))


def test_a_stack_of_float32(trainer):
    """As it is trained."""
    assert_same_in_a_stack(trainer, jobs_of(["sgd", "adam"], ["relu", "tanh"], [0.3]), LOOSE)


@pytest.mark.usefixtures("double")
def test_fitted_faces_may_differ_in_number(trainer):
    """Last batches of 14, 1 and 16 faces, and a job that is a step ahead; schedulers see them all step."""
    chosen = {"optimizer": "sgd_momentum", "scheduler": CosineScheduler("cosine", 0.0)}
    jobs = [{**chosen, "held_out": held_out, "dropout": 0.3} for held_out in (12, 25, 10, 26, 12)]
    assert_same_in_a_stack(trainer, jobs)


@pytest.mark.usefixtures("double")
def test_a_job_that_ends_leaves_the_others_as_they_are(trainer):
    """By its last epoch or its stopping rule, each when it would alone."""
    jobs = [{"epochs": epochs, "seed": epochs, "activation": "tanh"} for epochs in (1, 4, 2)]
    rash = dataclasses.replace(option(Optimizer, "optimizer", "sgd"), lr=0.5)
    jobs += [
        {"epochs": 50, "seed": seed, "optimizer": rash, "stopping": PatienceStopping("patience", 2)}
        for seed in (0, 1)
    ]
    stopped = assert_same_in_a_stack(trainer, jobs)
    assert [len(each.history) for each in stopped[:3]] == [1, 4, 2]
    assert all(2 < len(each.history) < 50 for each in stopped[3:])


def test_a_job_begun_in_a_stack_goes_on_alone_and_the_other_way(trainer, tmp_path):
    """Through a file, which is no larger for the jobs beside it."""
    whole, alone, beside = (trainer("nadam", dropout=0.3, epochs=4) for _ in range(3))
    list(whole.epochs())
    half, other = trainer("nadam", dropout=0.3), trainer("sgd", seed=1)
    train_side_by_side([half, other, trainer("sgd", seed=2)])
    checkpoint.save(tmp_path / "stacked.pt", half.state())
    alone.restore(checkpoint.load(tmp_path / "stacked.pt"))
    list(alone.epochs())
    assert_alike(whole, alone, LOOSE)
    half = trainer("nadam", dropout=0.3)
    list(half.epochs())
    checkpoint.save(tmp_path / "alone.pt", half.state())
    beside.restore(checkpoint.load(tmp_path / "alone.pt"))
    train_side_by_side([trainer("adam", epochs=1), beside])
    assert_alike(whole, beside, LOOSE)
    assert (tmp_path / "stacked.pt").stat().st_size == (tmp_path / "alone.pt").stat().st_size


def test_what_must_be_alike_and_what_trains_alone(trainer):
    """Layers, batch, device and faces make a kind; what only PyTorch's own machinery can step has none."""
    chosen = trainer().settings
    change = dataclasses.replace
    assert kind(chosen) == kind(trainer("sgd", "tanh", 0.5, seed=7, epochs=9).settings)
    for other in (
        change(chosen, training=change(chosen.training, batch_size=32)),
        change(chosen, model=change(chosen.model, hidden=[16, 9])),
        change(chosen, data=change(chosen.data, seed=1)),
    ):
        assert kind(other) not in (None, kind(chosen))
    for activation in (
        Activation("silu", "torch.nn.SiLU", {}),
        Activation("x", "torch.nn.Softmax", {"dim": 0}),
    ):
        assert kind(change(chosen, model=change(chosen.model, activation=activation))) is None
    adafactor = Optimizer("adafactor", "torch.optim.Adafactor", 0.01, 0.0, {})
    assert kind(change(chosen, optimizer=adafactor)) is None
    assert kind(change(chosen, trained_before=[{"training": {"batch_size": 8}}])) is None
