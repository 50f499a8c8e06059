"""A step that is captured once and replayed is the step itself."""

import itertools

import numpy as np
import torch
from helpers.recorded import recorded

from fer_exp.data.splits import Split
from fer_exp.training.step import AutogradStep, GraphedStep, Rule
from fer_exp.training.trainer import Trainer

FACES, BATCH = 42, 16


def some_residual(compose_settings, tiny_faces, *changes) -> Trainer:
    """A trainer of a network that only autograd knows, with all that may be done to a batch but mixup."""
    chosen = compose_settings(
        "rung=mirrored",
        "model.hidden=[16,16]",
        f"training.batch_size={BATCH}",
        "augmentation.erase=0.5",
        *changes,
    )
    train = tiny_faces[tiny_faces.usage == 0]
    return Trainer(chosen, train, Split(np.arange(FACES), np.arange(FACES)))


def test_a_captured_step_is_the_step_itself(compose_settings, tiny_faces):
    """Bit for bit, over changing batches, draws, weights and statistics; a capture for each size of batch."""
    plain, graphed = (some_residual(compose_settings, tiny_faces) for _ in range(2))
    captures = []

    def on_trial(run):
        # as `cuda_graph.capture` does before it captures
        run()
        captures.append(run)
        return recorded(run)

    chosen = graphed.settings
    rule = Rule.of(chosen.training, graphed.epoch_targets.augmentation)
    step = AutogradStep(
        graphed.network, graphed.optimizer, graphed.pixels, graphed.epoch_targets.targets, rule
    )
    graphed.step = GraphedStep(step, on_trial)
    for ours, theirs in itertools.islice(zip(graphed.epochs(), plain.epochs(), strict=True), 3):
        assert (ours.train, ours.validation) == (theirs.train, theirs.validation)
    for name, tensor in plain.network.state_dict().items():
        assert torch.equal(graphed.network.state_dict()[name], tensor), name
    assert len(captures) == 2
