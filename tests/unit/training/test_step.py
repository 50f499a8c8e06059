"""The step written out by hand is the plain step of PyTorch, only faster."""

import dataclasses
import itertools

import numpy as np
import pytest
import torch
from helpers.networks import CONF, option
from torch.nn.functional import cross_entropy

from fer_exp.config.settings import Activation, Experiment, MLPModel, Optimizer
from fer_exp.config.targets import named_class
from fer_exp.data.splits import Split
from fer_exp.models import factory, mlp
from fer_exp.training import optimizers
from fer_exp.training.kernels import compiled
from fer_exp.training.kernels.compiled_mlp import CompiledPass
from fer_exp.training.step import AutogradStep, ManualStep
from fer_exp.training.trainer import Trainer

OPTIMIZERS = sorted(path.stem for path in (CONF / "optimizer").iterdir())
ACTIVATIONS = sorted(path.stem for path in (CONF / "model" / "activation").iterdir())
FACES, BATCH = 42, 16


@pytest.fixture
def trainer(compose_settings, tiny_faces):
    """What makes a trainer on 42 faces, in batches of 16, 16 and 10, validated on the same."""
    base = compose_settings("stopping=none", "scheduler=none")
    train = tiny_faces[tiny_faces.usage == 0]

    def make(optimizer: Optimizer, model: MLPModel) -> Trainer:
        training = dataclasses.replace(base.training, batch_size=BATCH)
        chosen = dataclasses.replace(base, optimizer=optimizer, model=model, training=training)
        return Trainer(chosen, train, Split(np.arange(FACES), np.arange(FACES)))

    return make


class Plain:
    """PyTorch's manual to the letter: a network of the same weights, an unfused optimizer over each."""

    def __init__(self, chosen: Experiment, pixels: torch.Tensor, labels: torch.Tensor):
        self.pixels, self.labels = pixels, labels
        self.network = factory.build(chosen.model, chosen.seed, pixels.numpy())
        cls = named_class("optimizer", chosen.optimizer.target, torch.optim.Optimizer)
        rates = {"lr": chosen.optimizer.lr, "weight_decay": chosen.optimizer.weight_decay}
        self.optimizer = cls(self.network.parameters(), **rates, **chosen.optimizer.options)

    def __call__(self, batch: torch.Tensor) -> torch.Tensor:
        logits = self.network(self.pixels[batch])
        self.optimizer.zero_grad()
        cross_entropy(logits, self.labels[batch]).backward()
        self.optimizer.step()
        return logits.detach()


def difference(ours: Trainer, steps: int = 51) -> float:
    """The largest difference of a logit in so many steps, with the same draws on both sides."""
    plain = Plain(ours.settings, ours.pixels, ours.labels)
    batches = list(torch.randperm(FACES, generator=torch.Generator().manual_seed(0)).split(BATCH))
    found = []
    for number, batch in zip(range(steps), itertools.cycle(batches), strict=False):
        logits = []
        for step in (ours.step, plain):
            # of the processor's draws alone: torch.manual_seed keeps a traceback for a GPU that is not in use
            torch.default_generator.manual_seed(number)
            logits.append(step(batch).clone())
        found.append((logits[0] - logits[1]).abs().max().item())
    return max(found)


def model(activation: str, hidden=(16, 8), dropout=0.0, normalisation="unit") -> MLPModel:
    """A small network with one of the study's activations."""
    return MLPModel(list(hidden), option(Activation, "model/activation", activation), dropout, normalisation)


def gentle(name: str, **changes) -> Optimizer:
    """An optimizer of the study at a tenth of its rate.

    At the full one tanh saturates on these bright faces of noise, its slope 1 - y^2 is then rounding
    alone, and AdaDelta and RMSprop take whole steps along its sign.
    """
    chosen = option(Optimizer, "optimizer", name)
    return dataclasses.replace(chosen, lr=chosen.lr / 10, **changes)


# Rounding of float64, 1e-16, grows over 51 steps of optimizers that divide by the slope's size: at most
# 4e-14 was seen. A wrong term, or another draw of dropout, shows at 1e-3 and above.
TIGHT = 1e-11

# Float32 rounds to 6e-8, and at most 8e-6 was seen.
LOOSE = 1e-4
# Muon rounds within a step to bfloat16, which has 3 digits: 2e-3 was seen.
LOOSE_BY_NAME = {"muon": 1e-2}


def combinations():
    """Every combination; each optimizer, each activation and each of the rest is among the fast ones."""
    rest = [(0.0, "unit"), (0.3, "standardised"), (0.0, "standardised"), (0.3, "unit")]
    for (i, activation), (j, name), (k, (dropout, normalisation)) in itertools.product(
        enumerate(ACTIVATIONS), enumerate(OPTIMIZERS), enumerate(rest)
    ):
        fast = i == j % len(ACTIVATIONS) and k == j % len(rest)
        yield pytest.param(dropout, normalisation, activation, name, marks=[] if fast else [pytest.mark.slow])


@pytest.mark.parametrize(("dropout", "normalisation", "activation", "name"), list(combinations()))
@pytest.mark.usefixtures("double")
def test_fifty_steps_are_pytorchs(trainer, name, activation, dropout, normalisation):
    """Whatever optimizer, activation, dropout and normalisation; with weight decay and ragged batches."""
    optimizer = gentle(name, weight_decay=0.01) if dropout else gentle(name)
    ours = trainer(optimizer, model(activation, dropout=dropout, normalisation=normalisation))
    assert isinstance(ours.step, ManualStep)
    assert difference(ours) < TIGHT


@pytest.mark.parametrize("kernels", ["compiled", "plain"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_fifty_steps_in_float32(trainer, monkeypatch, name, kernels):
    """As it is trained, with a C++ compiler and without."""
    if kernels == "plain":
        monkeypatch.setattr(compiled, "loops", lambda _: None)
    ours = trainer(gentle(name), model("relu", dropout=0.3, normalisation="standardised"))
    assert difference(ours) < LOOSE_BY_NAME.get(name, LOOSE)


@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.usefixtures("double")
def test_a_pass_in_one_call(trainer, monkeypatch, dropout):
    """Layers of whole vectors, ReLU and dropout are taken so, where vectors are wide."""
    monkeypatch.setattr(compiled, "multiply_faster", lambda: True)
    chosen = model("relu", (48, 32, 16), dropout=dropout, normalisation="standardised")
    ours = trainer(gentle("adam"), chosen)
    assert difference(ours) < TIGHT
    if compiled.in_use("cpu") == "compiled":
        assert all(isinstance(each, CompiledPass) for each in ours.step.passes.values())


@pytest.mark.parametrize("hidden", [(16,), (9, 8, 7, 6, 5)])
@pytest.mark.usefixtures("double")
def test_any_depth(trainer, hidden):
    """One and five hidden layers."""
    assert difference(trainer(gentle("adam"), model("gelu", hidden, dropout=0.3))) < TIGHT


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("adam", {"amsgrad": True}),
        ("adamw", {"maximize": True}),
        ("rmsprop", {"momentum": 0.9, "centered": True}),
        ("rmsprop", {"alpha": 1.0, "eps": 1.0}),
        ("nadam", {"decoupled_weight_decay": True}),
        ("nadam", {"betas": [0.0, 0.999]}),
        ("adadelta", {"maximize": True}),
        ("sgd", {"momentum": 0.9, "dampening": 0.5}),
        ("adagrad", {"lr_decay": 0.1, "initial_accumulator_value": 0.1}),
    ],
)
@pytest.mark.usefixtures("double")
def test_options_beyond_the_studys(trainer, name, options):
    """By our own kernel or PyTorch's, the result is PyTorch's."""
    optimizer = gentle(name, options=options, weight_decay=0.01)
    assert difference(trainer(optimizer, model("relu", normalisation="standardised")), 10) < TIGHT


@pytest.mark.parametrize(
    ("target", "options"), [("SiLU", {}), ("PReLU", {}), ("Softmax", {"dim": None}), ("RReLU", {})]
)
@pytest.mark.filterwarnings("ignore:Implicit dimension choice for softmax")
def test_another_activation_is_left_to_autograd(trainer, target, options):
    """It trains all the same, over one tensor of weights."""
    chosen = MLPModel([16, 8], Activation("other", f"torch.nn.{target}", options), 0.0, "standardised")
    run = trainer(option(Optimizer, "optimizer", "adam"), chosen)
    assert isinstance(run.step, AutogradStep)
    assert difference(trainer(gentle("adam"), chosen)) < LOOSE
    first, *_, last = itertools.islice(run.epochs(), 8)
    assert last.train.loss < first.train.loss


def test_another_optimizer_goes_over_each_weight(trainer):
    """One that looks at more than a number at a time must see the shapes."""
    run = trainer(Optimizer("adafactor", "torch.optim.Adafactor", 0.01, 0.0, {}), model("relu"))
    assert run.flat is None
    assert difference(run) < LOOSE


def test_a_module_derived_from_a_known_one_is_not_taken_for_it(trainer, monkeypatch):
    """Its forward may be another."""

    class Halved(torch.nn.ReLU):
        def forward(self, entering: torch.Tensor) -> torch.Tensor:
            return super().forward(entering) / 2

    monkeypatch.setattr(mlp, "activation_factory", lambda _: Halved)
    assert isinstance(trainer(gentle("adam"), model("relu")).step, AutogradStep)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_state_is_kept_weight_by_weight(trainer, name):
    """An optimizer of PyTorch over the network's own weights takes it, and gives it back the same."""
    run = trainer(option(Optimizer, "optimizer", name), model("relu"))
    next(run.epochs())
    kept = run.state()["optimizer"]
    theirs = optimizers.build(run.settings.optimizer, run.network.parameters())
    theirs.load_state_dict(kept)
    weights = [weight for group in theirs.param_groups for weight in group["params"]]
    for place, weight in enumerate(weights):
        for key, value in kept["state"].get(place, {}).items():
            assert value.shape in (weight.shape, ())
            assert torch.equal(theirs.state_dict()["state"][place][key], value)
    again = trainer(option(Optimizer, "optimizer", name), model("relu"))
    again.restore(run.state())
    for key, value in run.optimizer.state_dict()["state"].get(0, {}).items():
        assert torch.equal(again.optimizer.state_dict()["state"][0][key], value)


@pytest.fixture
def poisoned():
    """Memory that is handed out unfilled holds NaN, so that reading it before writing cannot go unseen."""
    torch.use_deterministic_algorithms(True)
    yield
    torch.use_deterministic_algorithms(False)


@pytest.mark.usefixtures("poisoned")
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_no_step_reads_memory_that_nothing_was_written_to(trainer, name):
    """Whatever a process left in it: a rate of 0.01 once ended in NaN in one run of three."""
    assert torch.empty(3).isnan().all()
    ours = trainer(gentle(name), model("relu", dropout=0.3))
    assert isinstance(ours.step, ManualStep)
    assert difference(ours, steps=6) < LOOSE_BY_NAME.get(name, LOOSE)
    assert all(weight.isfinite().all() for weight in ours.network.parameters())
