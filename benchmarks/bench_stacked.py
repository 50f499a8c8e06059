"""Time an epoch of jobs that are stacked, beside the same jobs one after another.

Prints a Markdown table for the main network with Adam at batch 32 on drawn faces, in one process of one
thread. Both sides take turns epoch by epoch, scores included; the ratio is the median over turns of one
epoch beside the other. `--device cuda` measures a GPU, where a stack replays a CUDA graph.
"""

import argparse
import dataclasses
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from bench_epoch import ratio
from epoch_implementations import compose_settings

from fer_exp.config.settings import Experiment
from fer_exp.data.datasets import load_synthetic
from fer_exp.data.faces import Faces
from fer_exp.data.splits import Split
from fer_exp.fer2013 import EMOTIONS
from fer_exp.training.stacked import Stack
from fer_exp.training.trainer import Trainer


def trainers(chosen: Experiment, faces: Faces, count: int) -> list[Trainer]:
    """Jobs of seeds of their own, validated on seven faces."""
    split = Split(np.arange(len(faces)), np.arange(len(EMOTIONS)))
    return [Trainer(dataclasses.replace(chosen, seed=seed), faces, split) for seed in range(count)]


def one_after_another(jobs: list[Trainer]) -> Callable[[], None]:
    """An epoch of each job by itself."""
    epochs = [job.epochs() for job in jobs]
    return lambda: [next(each) for each in epochs]


def stacked(jobs: list[Trainer]) -> Callable[[], None]:
    """An epoch of each job, their passes made at once."""
    stack, score = Stack(jobs), one_after_another(jobs)
    return lambda: (stack.learn(), score())


def seconds(epoch: Callable[[], None]) -> float:
    """Seconds of one epoch."""
    start = time.perf_counter()
    epoch()
    return time.perf_counter() - start


def main() -> None:
    """The table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, default=Path(".cache"), help="folder for the drawn faces")
    parser.add_argument("--faces", type=int, default=22_967, help="how many to fit on")
    parser.add_argument("--jobs", type=int, nargs="*", default=[1, 5, 10, 25])
    parser.add_argument("--rounds", type=int, default=3, help="turns that count")
    parser.add_argument("--device", default="cpu")
    args = parser.parse_args()
    torch.set_num_threads(1)
    faces = load_synthetic(args.faces, len(EMOTIONS), 0, args.cache).train()
    chosen = compose_settings("adam", "128-32", 32)
    chosen = dataclasses.replace(chosen, training=dataclasses.replace(chosen.training, device=args.device))
    print("| jobs | alone, s an epoch and job | stacked, s | alone by stacked |")
    print("|---|---|---|---|")
    for count in args.jobs:
        ways = [way(trainers(chosen, faces, count)) for way in (one_after_another, stacked)]
        # the first turn warms both up
        turns = [[seconds(epoch) / count for epoch in ways] for _ in range(args.rounds + 1)][1:]
        alone, together = zip(*turns, strict=True)
        medians = " | ".join(f"{statistics.median(each):.3f}" for each in (alone, together))
        print(f"| {count} | {medians} | {ratio(alone, together):.2f} |", flush=True)


if __name__ == "__main__":
    main()
