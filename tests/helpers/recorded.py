"""A stand-in for a CUDA graph, where there is no GPU."""

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map


class Recording(TorchDispatchMode):
    """Every kernel that is called inside, with the memory that it was given: a CUDA graph's stand-in."""

    def __init__(self):
        super().__init__()
        self.calls = []

    def __torch_dispatch__(self, kernel, types, arguments=(), options=None):
        """Call the kernel, and keep the call."""
        found = kernel(*arguments, **(options or {}))
        self.calls.append((kernel, arguments, options or {}, found))
        return found

    def replay(self) -> None:
        """The same kernels on the same memory, and nothing else; a graph knows numbers as they were."""
        # as it was recorded: what autograd makes of a kernel are kernels, too
        with torch._C._AutoDispatchBelowAutograd():
            for kernel, arguments, options, found in self.calls:
                again = kernel(*arguments, **options)
                tree_map(_overwrite, found, again)


def _overwrite(old: object, new: object) -> None:
    if old is not new and isinstance(old, torch.Tensor):
        old.copy_(new)


def recorded(run):
    """`run` as a stand-in for a CUDA graph of it."""
    with Recording() as recording:
        run()
    assert len(recording.calls) > 20
    return recording.replay
