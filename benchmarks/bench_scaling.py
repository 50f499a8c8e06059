"""Time and memory of an epoch as the images or the parameters grow, with the exponents they grow by.

Prints two Markdown tables for the main network with Adam at batch 32, on drawn faces, one thread: 1 to 8
times as many images as FER-2013 fits on, and 1 to 16 times as many parameters by wider layers. The time is
the median over epochs; the exponent is the slope of a line through the logarithms.
"""

import argparse
import itertools
import statistics
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from bench_epoch import BASE, race

from fer_exp.fer2013 import EMOTIONS
from fer_exp.models.network import PIXELS

IMAGES, MAIN = 22_967, (128, 32)


def parameters(hidden: Sequence[int]) -> int:
    """Weights and biases of a network with these hidden layers."""
    sizes = [PIXELS, *hidden, len(EMOTIONS)]
    return sum((before + 1) * after for before, after in itertools.pairwise(sizes))


def widened(times: int) -> tuple[int, int]:
    """The main network's layers, both wider by one factor, with about `times` its parameters."""
    wanted = times * parameters(MAIN)
    widths = range(MAIN[1], 100 * MAIN[1])
    second = min(widths, key=lambda width: abs(parameters((4 * width, width)) - wanted))
    return 4 * second, second


def exponent(sizes: Sequence[float], seconds: Sequence[float]) -> float:
    """The power of its size that the time grows by."""
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


def measure(args: argparse.Namespace, hidden: Sequence[int], faces: int) -> tuple[float, float]:
    """Seconds of an epoch, and peak MiB of the process."""
    args.faces = faces
    seconds, peaks = race(args, [BASE], "adam", "-".join(map(str, hidden)), 32)
    return statistics.median(seconds[BASE]), peaks[BASE]


def table(rows: Sequence[tuple[str, int, float, float]], size: str) -> None:
    """Print rows of (name, size, seconds, MiB)."""
    print(f"| | {size} | s an epoch | peak MiB |")
    print("|---|---|---|---|")
    for name, count, seconds, peak in rows:
        print(f"| {name} | {count:,} | {seconds:.2f} | {peak:.0f} |")
    _, sizes, times, _ = zip(*rows, strict=True)
    print(f"| exponent | | {exponent(sizes, times):.2f} | |\n", flush=True)


def main() -> None:
    """Both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, default=Path(".cache"), help="folder for the drawn faces")
    parser.add_argument("--rounds", type=int, default=3, help="epochs that count")
    parser.add_argument("--images", type=int, nargs="*", default=[1, 2, 4, 8])
    parser.add_argument("--parameters", type=int, nargs="*", default=[1, 2, 4, 8, 16])
    args = parser.parse_args()
    args.data, args.pictures = None, Path()
    counts = [(f"{times}x", times * IMAGES) for times in args.images]
    table([(name, count, *measure(args, MAIN, count)) for name, count in counts], "images")
    networks = [widened(times) for times in args.parameters]
    table(
        [("-".join(map(str, each)), parameters(each), *measure(args, each, IMAGES)) for each in networks],
        "parameters",
    )


if __name__ == "__main__":
    main()
