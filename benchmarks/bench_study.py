"""Time a whole study of optimizers, two jobs at a time, beside the same jobs in loops compiled by JAX.

Both train every arm with so many seeds for the same epochs on the same faces, validate after each epoch, keep
the weights of the lowest validation loss, and start from the shell with the decoded set in the cache. Ours is
train.py with all that it tracks, in a store of its own. JAX's are two processes of one core each, which take
the arms in turn, compile a loop once an arm, and write a line of a CSV an epoch and a file of weights a job.
Prints a Markdown table of wall seconds, a row a round.
"""

import argparse
import csv
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from bench_sweep_overhead import faces_of, train

ARMS = ("adam", "sgd", "adagrad", "rmsprop", "adadelta", "nadam")


def ours(args: argparse.Namespace) -> float:
    """Wall seconds of the study by train.py."""
    seeds = ",".join(map(str, range(args.seeds)))
    words = [f"optimizer={','.join(ARMS)}", f"seed={seeds}", f"training.epochs={args.epochs}"]
    return train(args, "-m", *words, "stopping=none", "scheduler=none", "n_jobs=2")[0]


def by_jax() -> float:
    """Wall seconds of the same jobs by two processes of JAX."""
    cores = sorted(os.sched_getaffinity(0))[:2]
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, *sys.argv[1:], "--worker", folder]
        start = time.perf_counter()
        workers = [
            subprocess.Popen([*command, "--arms", *ARMS[place :: len(cores)], "--core", str(core)])
            for place, core in enumerate(cores)
        ]
        codes = [worker.wait() for worker in workers]
        if any(codes):
            sys.exit(f"error: a worker failed ({codes})")
        return time.perf_counter() - start


def work(args: argparse.Namespace) -> None:
    """Train the arms given, one seed after another."""
    os.sched_setaffinity(0, {args.core})
    import jax
    from epoch_implementations import compose_settings
    from jax_epoch import Training

    from fer_exp import metrics
    from fer_exp.data import splits
    from fer_exp.data.datasets import load_faces
    from fer_exp.models.network import PIXELS

    for arm in args.arms:
        config = compose_settings(arm, "128-32", 32, *faces_of(args))
        dataset = load_faces(config.data)
        train, size = dataset.train(), config.training.batch_size
        flat = train.pixels.reshape(-1, PIXELS)
        training = Training(train, config.model.hidden, config.model.activation.name, config.optimizer, size)
        for seed in range(args.seeds):
            split = splits.split_of(dataset, config.split, seed)
            training.start(seed, split.fit)
            labels, lowest, best = train.labels[split.validation], np.inf, []
            with (args.worker / f"{arm}-{seed}.csv").open("w") as file:
                for epoch in range(args.epochs):
                    learnt = training.epoch()
                    logits = np.asarray(training.logits(training.carried[0], flat[split.validation]))
                    found = metrics.scores(logits, labels)
                    csv.writer(file).writerow((epoch, learnt, found.loss, found.accuracy))
                    if found.loss < lowest:
                        lowest, best = found.loss, jax.device_get(training.carried[0])
            np.savez(args.worker / f"{arm}-{seed}.npz", *(part for layer in best for part in layer))


def main() -> None:
    """The table, or a worker's part of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="FER-2013: folder, zip or CSV (default: drawn faces)")
    parser.add_argument("--cache", type=Path, default=Path(".cache"), help="folder for the decoded set")
    parser.add_argument("--seeds", type=int, default=5, help="jobs an arm")
    parser.add_argument("--epochs", type=int, default=20, help="epochs a job")
    parser.add_argument("--rounds", type=int, default=1, help="turns of both")
    parser.add_argument("--worker", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--arms", nargs="+", default=ARMS, help=argparse.SUPPRESS)
    parser.add_argument("--core", type=int, default=0, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        work(args)
        return
    # decodes or draws the faces, which is no part of a study
    train(args, "training.epochs=1")
    jobs = len(ARMS) * args.seeds
    print(f"{jobs} jobs of {args.epochs} epochs, two at a time\n")
    print("| ours, s | JAX, compiled scan, s | JAX by ours |")
    print("|---|---|---|")
    for _ in range(args.rounds):
        wall, theirs = ours(args), by_jax()
        print(f"| {wall:.1f} | {theirs:.1f} | {theirs / wall:.2f} |", flush=True)


if __name__ == "__main__":
    main()
