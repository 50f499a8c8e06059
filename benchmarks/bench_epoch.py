"""Time one epoch of training by our loop, by the usual ways and by the floor under all of them.

Prints two Markdown tables: every way at each network and batch size, and our loop beside PyTorch's manual
and a compiled loop for each optimizer. Each way has a process of its own on one thread, so that its memory
is its own. All share one core, take turns epoch by epoch, and are told by the processor's time; every ratio
is the median over turns of one epoch beside the other. So other work on the machine slows all of them alike.

PyTorch's own loop allocates tensors of a megabyte a step. Whether the C library keeps that memory or has
the system fault it in again depends on what the process freed before, and alone makes up to a factor of
two; here, after the faces are loaded, it keeps it.
"""

import argparse
import importlib.util
import itertools
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
OPTIMIZERS = ("sgd", "sgd_momentum", "adagrad", "rmsprop", "adadelta", "adam", "nadam", "adamw")
BASE, MANUAL, SCAN, FLOOR = "ours", "(b) TensorDataset, DataLoader", "(e) JAX, compiled scan", "floor"
# ways that need a package of the extra `bench`
NEEDS = {"(d) Lightning": "lightning", SCAN: "jax"}
# numbers of threads as the libraries read them
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def faces(args: argparse.Namespace):
    """The faces to fit on: as many train faces as asked for, of FER-2013 or drawn."""
    from fer_exp.data.datasets import load_fer2013, load_synthetic

    if args.data:
        train = load_fer2013(args.data, args.cache, "fail").train()
    else:
        train = load_synthetic(args.faces, 14, 0, args.cache).train()
    return train[np.random.default_rng(0).permutation(len(train))[: args.faces]]


def work(args: argparse.Namespace) -> None:
    """Be one way: an epoch for each line that comes in, then say the peak memory."""
    import torch
    from epoch_implementations import WAYS, Task, compose_settings

    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    torch.set_num_threads(1)
    config = compose_settings(args.optimizer[0], args.layers[0], args.batch[0])
    # what reads files must not hold the arrays too
    held = None if args.way.startswith("(a)") else faces(args)
    epoch = WAYS[args.way](Task(config, held, args.pictures))
    for _ in sys.stdin:
        start = time.process_time()
        # the floor tells its seconds, which it does not take
        told = epoch()
        print(json.dumps(time.process_time() - start if told is None else told), flush=True)
    print(json.dumps(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024), flush=True)


class Worker:
    """A process that runs one way."""

    def __init__(self, args: argparse.Namespace, way: str, optimizer: str, layers: str, batch: int):
        command = [sys.executable, __file__, "--way", way, "--cache", args.cache, "--faces", args.faces]
        command += ["--optimizer", optimizer, "--layers", layers, "--batch", batch]
        command += ["--pictures", args.pictures] + (["--data", args.data] if args.data else [])
        paths = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
        self.process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if way.startswith("(d)") else None,
            text=True,
            env=os.environ | dict.fromkeys(THREADS, "1") | {"PYTHONPATH": paths},
        )

    def epoch(self) -> float:
        """Seconds of one more epoch."""
        print(file=self.process.stdin, flush=True)
        return self._answer()

    def end(self) -> float:
        """Peak memory in MiB; the process is gone."""
        self.process.stdin.close()
        peak = self._answer()
        self.process.wait()
        return peak

    def _answer(self) -> float:
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{' '.join(self.process.args)}: ended early")
        return json.loads(line)


def race(args: argparse.Namespace, ways: list[str], optimizer: str, layers: str, batch: int):
    """Seconds of each way's epochs, turn by turn, after one that warms it up; and peak MiB of each."""
    with ExitStack() as stack:
        workers = {way: Worker(args, way, optimizer, layers, batch) for way in ways}
        for worker in workers.values():
            stack.callback(worker.process.kill)
            worker.epoch()
        seconds: dict[str, list[float]] = {way: [] for way in ways}
        for _ in range(args.rounds):
            for way, worker in workers.items():
                seconds[way].append(worker.epoch())
        return seconds, {way: worker.end() for way, worker in workers.items()}


def ratio(above: list[float], below: list[float]) -> float:
    """The median over turns of one way's time by another's."""
    return statistics.median(x / y for x, y in zip(above, below, strict=True))


def there(way: str) -> bool:
    """Whether what a way needs is installed."""
    return way not in NEEDS or importlib.util.find_spec(NEEDS[way]) is not None


def ways_table(args: argparse.Namespace) -> None:
    """Every way, with Adam."""
    print(
        "| network | batch | way | s an epoch | images/s | time by ours | floor by its time "
        "| (b) by its time | peak MiB |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    ways = [way for way in args.ways if there(way)]
    for layers in args.layers:
        for batch in args.batch:
            seconds, peaks = race(args, ways, "adam", layers, batch)
            for way in ways:
                median = statistics.median(seconds[way])
                # at the floor, the most that any loop could gain on it
                gain = f"{ratio(seconds[MANUAL], seconds[way]):.2f}" if MANUAL in ways else ""
                print(
                    f"| {layers} | {batch} | {way} | {median:.3f} | {args.faces / median:,.0f} "
                    f"| {ratio(seconds[way], seconds[BASE]):.2f} | {ratio(seconds[FLOOR], seconds[way]):.2f} "
                    f"| {gain} | {peaks[way]:.0f} |",
                    flush=True,
                )
            for way in set(args.ways) - set(ways):
                print(f"| {layers} | {batch} | {way} | not installed | | | | | |")


def optimizers_table(args: argparse.Namespace) -> None:
    """Our loop beside others with the same optimizer."""
    others = [way for way in (MANUAL, SCAN, FLOOR) if way in args.ways and there(way)]
    titles = [f"{way}, s" for way in others] + [f"{way[:3]} by ours" for way in others if way != FLOOR]
    print("| optimizer | network | batch | ours, s an epoch |", " | ".join([*titles, "floor by ours"]), "|")
    print("|---|---|---|---|" + "---|" * (len(titles) + 1))
    places = [(layers, batch) for layers in args.layers for batch in args.batch]
    for (layers, batch), optimizer in itertools.product(places, args.optimizer):
        seconds, _ = race(args, [BASE, *others], optimizer, layers, batch)
        medians = " | ".join(f"{statistics.median(seconds[way]):.3f}" for way in (BASE, *others))
        gains = " | ".join(f"{ratio(seconds[way], seconds[BASE]):.2f}" for way in others)
        print(f"| {optimizer} | {layers} | {batch} | {medians} | {gains} |", flush=True)


def main() -> None:
    """Both tables, or one worker."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="FER-2013: folder, zip or CSV (default: drawn faces)")
    parser.add_argument("--cache", type=Path, default=Path(".cache"), help="folder for the decoded set")
    parser.add_argument("--faces", type=int, default=22_967, help="how many to fit on")
    parser.add_argument("--rounds", type=int, default=5, help="turns that count")
    parser.add_argument("--layers", nargs="*", default=["128-32", "512-256"])
    parser.add_argument("--batch", type=int, nargs="*", default=[32, 256])
    parser.add_argument("--optimizer", nargs="*", default=OPTIMIZERS, help="rows of the second table")
    parser.add_argument("--ways", nargs="*", help="the other ways that take part")
    parser.add_argument("--way", help=argparse.SUPPRESS)
    parser.add_argument("--pictures", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.way:
        work(args)
        return
    from epoch_implementations import WAYS, write_pictures

    args.ways = list(WAYS) if args.ways is None else [BASE, FLOOR, *args.ways]
    config = faces(args)
    args.faces = len(config)
    with tempfile.TemporaryDirectory() as folder:
        args.pictures = Path(folder)
        write_pictures(config, args.pictures)
        if args.layers and args.batch:
            ways_table(args)
            print()
            optimizers_table(args)


if __name__ == "__main__":
    main()
