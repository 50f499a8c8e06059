"""A pass through a network as one CUDA graph.

A graphics processor is kept waiting by the dozens of small kernels of a pass. One that reads and writes
memory which stays where it is, and nothing else, is captured once and then replayed by a single call.
"""

from collections.abc import Callable

import torch

# Turns a pass into one that is replayed.
Capture = Callable[[Callable[[], None]], Callable[[], None]]


def capture(run: Callable[[], None]) -> Callable[[], None]:
    """`run` as one CUDA graph. It is run four times here, the last time to be recorded, not done."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        # the libraries of products make their plans and memory in the first passes
        for _ in range(3):
            run()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        run()
    return graph.replay
