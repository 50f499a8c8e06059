"""Time the products of a layer by PyTorch's two libraries and by our own loops, on one thread.

Prints a Markdown table: for each layer and batch size the speed of the forward product, of the one for the
weights' gradient as the step makes it (in the memory that the optimizer knows), and which of them training
takes here. They take turns, and are told by the processor's time.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial

import torch

from fer_exp.models import linear
from fer_exp.training.kernels import compiled, manual_backprop

LAYERS = ((2304, 128), (128, 32), (2304, 512), (512, 256), (1024, 1024))
BATCHES = (32, 256)


def speed(run: Callable[[], object], multiplications: int) -> float:
    """Billions of additions and multiplications a second, in a twentieth of a second."""
    count, start = 0, time.process_time()
    while (seconds := time.process_time() - start) < 0.05:
        run()
        count += 1
    return 2e-9 * multiplications * count / seconds


@torch.no_grad()
def row(n_in: int, n_out: int, batch: int, rounds: int) -> list[str]:
    """One layer at one batch size."""
    entering, slope = torch.randn(batch, n_in), torch.randn(batch, n_out)
    weight, bias = torch.randn(n_out, n_in), torch.randn(n_out)
    leaving, gradient = torch.empty(batch, n_out), torch.empty(n_out, n_in)
    multiplications = batch * n_in * n_out
    loops = compiled.loops(weight)
    libraries = [linear.Default, linear.OneDNN, *([compiled.Products(loops)] if loops else [])]
    runs = [partial(by.affine, bias, entering, weight.t(), leaving) for by in libraries]
    runs += [partial(weigh, by, slope, entering, gradient) for by in libraries]
    turns = [[speed(run, multiplications) for run in runs] for _ in range(rounds)]
    speeds = [f"{statistics.median(each):.0f}" for each in zip(*turns, strict=True)]
    taken = manual_backprop.products(batch, weight)
    name = "compiled" if isinstance(taken, compiled.Products) else taken.__name__
    return [f"{n_in}-{n_out}", str(batch), *speeds, name]


def weigh(
    by: manual_backprop.Products, slope: torch.Tensor, entering: torch.Tensor, gradient: torch.Tensor
) -> None:
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
    ways = ["default", "oneDNN", *(["compiled"] if compiled.loops(torch.zeros(1)) else [])]
    header = ["layer", "batch"]
    header += [f"{product}, {way}" for product in ("forward", "weights' gradient") for way in ways]
    header += ["taken"]
    print("| " + " | ".join(header) + " |\n" + "|---" * len(header) + "|")
    for n_in, n_out in LAYERS:
        for batch in BATCHES:
            print("| " + " | ".join(row(n_in, n_out, batch, rounds)) + " |", flush=True)


if __name__ == "__main__":
    main()
