"""A pass keeps to its own memory, so that it can be captured once and replayed."""

import copy

import pytest
import torch
from helpers.recorded import recorded
from torch.nn.functional import cross_entropy

from fer_exp.config.settings import Activation, MLPModel
from fer_exp.models import factory
from fer_exp.training.kernels import stacked_mlp
from fer_exp.training.kernels.flat_parameters import FlatParameters
from fer_exp.training.kernels.stacked_mlp import BatchedMLPStep

SIZE, FACES = 6, 20
JOBS = [("ReLU", 0.0), ("ReLU", 0.3), ("GELU", 0.3), ("Identity", 0.0), ("Softmax", 0.5)]


@pytest.fixture
def faces():
    """Pictures of noise and their labels."""
    draws = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (FACES, 48, 48), dtype=torch.uint8, generator=draws)
    return pixels, torch.randint(0, 7, (FACES,), generator=draws)


@pytest.fixture
def alike(faces):
    """Networks of one shape, with another activation, rate of dropout and normalisation each."""
    normalisations = ("unit", "centred", "global", "standardised", "standardised")
    found = []
    for seed, ((name, dropout), normalisation) in enumerate(zip(JOBS, normalisations, strict=True)):
        options = {"dim": 1} if name == "Softmax" else {}
        activation = Activation(name.lower(), f"torch.nn.{name}", options)
        model = MLPModel([9, 5], activation, dropout, normalisation)
        found.append(factory.build(model, seed, faces[0].numpy()).double())
    return found


def batches(number: int = 8):
    """Positions of faces for each network, and how many of them count."""
    draws = torch.Generator().manual_seed(1)
    for step in range(number):
        counts = [SIZE] * len(JOBS) if step % 3 else [SIZE, 1, 4, 0, 5]
        yield torch.randint(0, FACES, (len(JOBS), SIZE), generator=draws), counts


def passes(alike, faces, **options) -> tuple[BatchedMLPStep, list]:
    """The pass over copies of some networks, and the logits and gradients of each batch."""
    alike = copy.deepcopy(alike)
    flats = [FlatParameters(network) for network in alike]
    step = BatchedMLPStep(alike, flats, *faces, SIZE, **options)
    for seed, generator in enumerate(step.generators):
        generator.manual_seed(seed)
    found = []
    for batch, counts in batches():
        logits = step(batch, counts)
        found.append((logits.clone(), step.slopes.clone()))
        step.weights.add_(step.slopes, alpha=-0.01)
    return step, found


def test_a_captured_pass_is_the_pass_itself(alike, faces):
    """Bit for bit, though batches, draws, last batches and weights change after the capture."""
    captures = []
    _, plain = passes(alike, faces)
    _, captured = passes(alike, faces, capture=lambda run: captures.append(run) or recorded(run))
    assert len(captures) == 1
    for one, other in zip(plain, captured, strict=True):
        for mine, theirs in zip(one, other, strict=True):
            assert torch.equal(mine, theirs)


def test_gradients_are_autograds(alike, faces):
    """Of each network by itself, on the faces that count; none where none counts."""
    pixels, labels = faces
    without = [network for network, (_, dropout) in zip(alike, JOBS, strict=True) if not dropout]
    theirs = copy.deepcopy(without)
    step = BatchedMLPStep(without, [FlatParameters(network) for network in without], pixels, labels, SIZE)
    for batch, counts in (
        (torch.tensor([[1, 2, 3, 4, 5, 6], [7, 8, 9, 10, 11, 12]]), [6, 4]),
        (torch.tensor([[1, 2, 3, 4, 5, 6], [7, 8, 9, 10, 11, 12]]), [0, 6]),
    ):
        logits = step(batch, counts)
        for place, (mine, plain, count) in enumerate(zip(without, theirs, counts, strict=True)):
            chosen = batch[place, :count]
            outputs = plain(pixels[chosen])
            torch.testing.assert_close(logits[place, :count], outputs.detach())
            plain.zero_grad()
            if count:
                cross_entropy(outputs, labels[chosen]).backward()
            for weight, other in zip(mine.parameters(), plain.parameters(), strict=True):
                expected = torch.zeros_like(other) if other.grad is None else other.grad
                torch.testing.assert_close(weight.grad, expected)


def test_weights_are_rows_of_one_buffer(alike, faces):
    """What a network sees is what the pass learns with."""
    before = [network.layers[0].weight.detach().clone() for network in alike]
    flats = [FlatParameters(network) for network in alike]
    step = BatchedMLPStep(alike, flats, *faces, SIZE)
    for place, network in enumerate(alike):
        assert torch.equal(network.layers[0].weight, before[place])
        step.weights[place] += 1
        assert torch.equal(network.layers[0].weight, before[place] + 1)
        assert flats[place].whole.data_ptr() == step.weights[place].data_ptr()


@pytest.mark.parametrize(
    ("module", "may"),
    [
        (torch.nn.Softmax(dim=1), True),
        (torch.nn.Softmax(dim=-1), True),
        (torch.nn.Softmax(dim=0), False),
        (torch.nn.Identity(), True),
        (torch.nn.SiLU(), False),
    ],
)
def test_what_can_be_stacked(module, may):
    """Nothing that looks across pictures: those of other jobs lie beside them."""
    assert stacked_mlp.stackable(module) == may
