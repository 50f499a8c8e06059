"""What an epoch shows and how it wants that answered: labels, or a teacher's answers as well.

A teacher answers each face as it is. Or some sets of changed faces recur, a set an epoch: then it answers
the very picture that is learnt from, and each picture only once (Beyer et al., Knowledge distillation: a good
teacher is patient and consistent, 2022).
"""

import dataclasses
from collections.abc import Callable

import numpy as np
import torch
from torch.nn.functional import one_hot

from fer_exp.config.settings import Experiment
from fer_exp.data.augmentation import Augmentation
from fer_exp.fer2013 import EMOTIONS
from fer_exp.models.factory import block_of
from fer_exp.seeds import derive

# Pictures uint8 [N, 48, 48] -> probabilities [N, 7].
Teacher = Callable[[np.ndarray], np.ndarray]


class EpochTargets:
    """The pictures and the targets of an epoch; `show` changes them in place.

    pixels: uint8 [N, 48, 48]. targets: float32 [N, 7]. augmentation: what is left to change at each step.
    """

    def __init__(
        self,
        settings: Experiment,
        faces: torch.Tensor,
        labels: torch.Tensor,
        fit: torch.Tensor,
        teacher: Teacher | None,
    ):
        """Show faces uint8 [N, 48, 48] of labels int64 [N], of which those at `fit` are learnt from.

        teacher: whose answers weigh `trainer.taught` in each target.
        """
        self._chosen, self._faces, self._fit = settings, faces, fit.to(faces.device)
        self._teacher = teacher
        self._known: dict[int, torch.Tensor] = {}
        self.pixels, self.augmentation = faces, settings.augmentation
        self._labelled = one_hot(labels, len(EMOTIONS)).to(torch.float32)
        self.targets = self._labelled.clone()
        if settings.training.views:
            still = {"flip": 0.0, "rotate": 0.0, "shift": 0.0, "scale": 0.0}
            self.augmentation = dataclasses.replace(self.augmentation, **still)
            self.pixels = faces.clone()
        elif teacher:
            self._answer(0)

    def show(self, epoch: int) -> None:
        """Show what this epoch, counted from 1, learns from."""
        views = self._chosen.training.views
        if not views:
            return
        view = epoch % views
        warp = Augmentation(self._chosen.augmentation).warp
        with torch.random.fork_rng(devices=[] if self._faces.device.type == "cpu" else None):
            torch.manual_seed(derive(self._chosen.seed, "view", view))
            for block in self._fit.split(block_of(self._faces.device)):
                self.pixels[block] = warp(self._faces.index_select(0, block)).round().to(torch.uint8)
        self._answer(view)

    def _answer(self, view: int) -> None:
        """Mix what the teacher says to the pictures shown, asked once a view, into the targets."""
        said = self._known.get(view)
        if said is None:
            answer = self._teacher(self.pixels.index_select(0, self._fit).cpu().numpy()).astype(np.float32)
            said = torch.from_numpy(answer).to(self._faces.device)
        training = self._chosen.training
        if training.views < training.epochs:
            # it is shown again
            self._known[view] = said
        self.targets[self._fit] = self._labelled[self._fit].lerp(said, training.taught)
