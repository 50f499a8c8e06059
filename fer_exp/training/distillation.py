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

from fer_exp.config import settings
from fer_exp.data.augmentation import Augmentation
from fer_exp.fer2013 import EMOTIONS
from fer_exp.models.network import block_of
from fer_exp.seeds import derive

# Pictures uint8 [N, 48, 48] -> probabilities [N, 7].
Teacher = Callable[[np.ndarray], np.ndarray]


class EpochTargets:
    """The pictures and the targets of an epoch; `show` changes them in place.

    pixels: uint8 [N, 48, 48]. targets: float32 [N, 7]. augmentation: what is left to change at each step.
    """

    def __init__(
        self,
        training: settings.Training,
        augmentation: settings.Augmentation,
        seed: int,
        faces: torch.Tensor,
        labels: torch.Tensor,
        fit: torch.Tensor,
        teacher: Teacher | None,
    ):
        """Show faces uint8 [N, 48, 48] of labels int64 [N], of which those at `fit` are learnt from.

        seed: what the changes of each set derive from. teacher: whose answers weigh `training.taught` in
        each target.
        """
        self._training, self._seed, self._teacher = training, seed, teacher
        self._faces, self._fit = faces, fit.to(faces.device)
        self._warp = Augmentation(augmentation).warp
        self._answers: dict[int, torch.Tensor] = {}
        self.pixels, self.augmentation = faces, augmentation
        self._labelled = one_hot(labels, len(EMOTIONS)).to(torch.float32)
        self.targets = self._labelled.clone()
        if training.views:
            self.augmentation = dataclasses.replace(augmentation, flip=0.0, rotate=0.0, shift=0.0, scale=0.0)
            self.pixels = faces.clone()
        elif teacher:
            self._mix(0)

    def show(self, epoch: int) -> None:
        """Show what this epoch, counted from 1, learns from."""
        views = self._training.views
        if not views:
            return
        view = epoch % views
        with torch.random.fork_rng(devices=[] if self._faces.device.type == "cpu" else None):
            torch.manual_seed(derive(self._seed, "view", view))
            for block in self._fit.split(block_of(self._faces.device)):
                self.pixels[block] = self._warp(self._faces.index_select(0, block)).round().to(torch.uint8)
        self._mix(view)

    def _mix(self, view: int) -> None:
        """Mix what the teacher answers to the pictures shown, asked once a view, into the targets."""
        answer = self._answers.get(view)
        if answer is None:
            assert self._teacher, "training.views are for a teacher"
            probabilities = self._teacher(self.pixels.index_select(0, self._fit).cpu().numpy())
            answer = torch.from_numpy(probabilities.astype(np.float32)).to(self._faces.device)
        if self._training.views < self._training.epochs:
            # it is shown again
            self._answers[view] = answer
        self.targets[self._fit] = self._labelled[self._fit].lerp(answer, self._training.taught)
