"""Time the products of a layer by each of PyTorch's two libraries for the processor, on one thread.

Prints a Markdown table: for each layer and batch size the speed of the forward product, of the one for the
weights' gradient as the step makes it (in the memory that the optimizer knows), and which library
`fer_exp.models.linear` takes here.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial

import torch

from fer_exp.models import linear

LAYERS = ((2304, 128), (128, 32), (2304, 512), (512, 256), (1024, 1024))
BATCHES = (32, 256)


def speed(run: Callable[[], object], multiplications: int, rounds: int) -> float:
    """Billions of additions and multiplications a second, the median over rounds of a tenth of a second."""
    found = []
    for _ in range(rounds):
        count, start = 0, time.perf_counter()
        while (seconds := time.perf_counter() - start) < 0.1:
            run()
            count += 1
        found.append(2e-9 * multiplications * count / seconds)
    return statistics.median(found)


@torch.no_grad()
def row(n_in: int, n_out: int, batch: int, rounds: int) -> list[str]:
    """One layer at one batch size."""
    entering, slope = torch.randn(batch, n_in), torch.randn(batch, n_out)
    weight, bias = torch.randn(n_out, n_in), torch.randn(n_out)
    leaving, gradient = torch.empty(batch, n_out), torch.empty(n_out, n_in)
    multiplications = batch * n_in * n_out
    libraries = (linear.Default, linear.OneDNN)
    runs = [partial(by.affine, bias, entering, weight.t(), leaving) for by in libraries]
    runs += [partial(weigh, by, slope, entering, gradient) for by in libraries]
    speeds = [f"{speed(run, multiplications, rounds):.0f}" for run in runs]
    return [f"{n_in}-{n_out}", str(batch), *speeds, linear.fastest(multiplications, weight).__name__]


def weigh(by: type, slope: torch.Tensor, entering: torch.Tensor, gradient: torch.Tensor) -> None:
    """As a step does: what the library writes elsewhere is copied to where the optimizer reads it."""
    gradient.copy_(by.product(slope.t(), entering, gradient))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    # glibc then keeps what is freed, as it does in a job after its first steps
    torch.empty(2**25 - 2**12, dtype=torch.uint8)
    header = ["layer", "batch", "forward, default", "oneDNN", "weights' gradient, default", "oneDNN", "taken"]
    print("| " + " | ".join(header) + " |\n" + "|---" * len(header) + "|")
    for n_in, n_out in LAYERS:
        for batch in BATCHES:
            print("| " + " | ".join(row(n_in, n_out, batch, rounds)) + " |", flush=True)


if __name__ == "__main__":
    main()
