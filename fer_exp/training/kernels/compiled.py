"""The loops of `network.cpp` and `optimizers.cpp`, compiled once for a user and then loaded in a millisecond.

The library lies in the user's cache, named by all that it was made of, so that it is the same for every
process. Where the system has no C++ compiler, training falls back on PyTorch's own loops, which take longer
and round differently: a run says which it had (`in_use`).
"""

import ctypes
import hashlib
import logging
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from fer_exp import files, machine

log = logging.getLogger(__name__)

SOURCES = tuple(Path(__file__).with_name(f"{name}.cpp") for name in ("network", "optimizers"))
COMPILERS = ("c++", "g++", "clang++")
# roots and divisions of many numbers at once: nobody asks for the error flags that forbid it
FLAGS = ("-O3", "-shared", "-fPIC", "-fno-math-errno", "-fno-trapping-math")

REALS = {torch.float32: ("float", ctypes.c_float), torch.float64: ("double", ctypes.c_double)}

# What each loop takes: a: address of a tensor, n: number of numbers, r: real, L: layers.
SIGNATURES = {
    "affine": "aaaannn",
    "product": "annaannn",
    "backpropagate": "Lnaaaaaan",
    "sgd": "aanrr",
    "sgd_momentum": "aaanrrrrr",
    "lion": "aaanrrrrrr",
    "root_mean_square": "aaanrrrrr",
    "adadelta": "aaaanrrrrr",
    "adam": "aaaanrrrrrrrrrr",
}

# What the products take at once, of the shortest kind of number: rows of right sides are multiples of it.
LANES = 16

# The sets of instructions that compilers know by these names, as PyTorch tells of them; the widest first.
LEVELS = {
    "x86-64-v4": ("avx512_f", "avx512_bw", "avx512_cd", "avx512_dq", "avx512_vl", "avx2", "fma3"),
    "x86-64-v3": ("avx2", "fma3", "bmi2"),
}


class _Address:
    """How ctypes takes a tensor."""

    @classmethod
    def from_param(cls, tensor: Tensor) -> ctypes.c_void_p:
        return ctypes.c_void_p(tensor.data_ptr())


class Layer(ctypes.Structure):
    """`struct Layer` of `network.cpp`."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("weight", "bias", "weight_slope", "bias_slope", "kept")),
        *((name, ctypes.c_void_p) for name in ("leaving", "slope")),
        *((name, ctypes.c_int64) for name in ("n_in", "n_out")),
    )


def loops(like: Tensor) -> Any:
    """The compiled loops for tensors of this kind, functions of contiguous ones; None if there are none."""
    if like.device.type != "cpu" or like.dtype not in REALS:
        return None
    return _library(*REALS[like.dtype])


def in_use(device: str) -> str:
    """Whose loops train on this device in this process: `compiled`, or `plain`, which are PyTorch's."""
    return "compiled" if device == "cpu" and loops(torch.empty(0)) else "plain"


def multiply_faster() -> bool:
    """Whether the compiled products are faster than the libraries': they are made for AVX-512."""
    return _level() == "x86-64-v4"


@cache
def _level() -> str | None:
    # a PyTorch that cannot tell is taken for one on a plain processor
    able: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    return next((name for name, needs in LEVELS.items() if all(able.get(each) for each in needs)), None)


@cache
def _library(name: str, real: type[Any]) -> ctypes.CDLL | None:
    """The library for numbers of this C++ type; a line in the log, and None, if there is none."""
    try:
        library = ctypes.CDLL(str(_compiled(name)))
    # RuntimeError: a user without a home
    except (OSError, RuntimeError, subprocess.CalledProcessError) as error:
        said = getattr(error, "stderr", None) or str(error)
        lines = said.strip().splitlines()
        # a compiler says more than one cares to read
        reason = next((line for line in lines if "error" in line), lines[-1])
        log.warning("training goes by PyTorch's own loops, which take longer: %s", reason)
        return None
    kinds: dict[str, Any] = {"a": _Address, "n": ctypes.c_int64, "r": real, "L": ctypes.POINTER(Layer)}
    for loop, signature in SIGNATURES.items():
        function = getattr(library, loop)
        function.argtypes, function.restype = [kinds[each] for each in signature], None
    return library


def _compiled(name: str) -> Path:
    """The file of the library, made if it is not there. Raises OSError or CalledProcessError."""
    level = _level()
    widest = [f"-march={level}", "-mprefer-vector-width=512"] if level else []
    options = [*FLAGS, *widest, f"-DREAL={name}"]
    made_of = b"".join(source.read_bytes() for source in SOURCES) + repr(options).encode()
    digest = hashlib.sha256(made_of).hexdigest()[:16]
    cache = Path(machine.variable("XDG_CACHE_HOME", "~/.cache")).expanduser() / "fer-exp"
    path = cache / f"loops-{digest}.so"
    if not path.exists():
        compiler = next(filter(None, map(shutil.which, COMPILERS)), None)
        if not compiler:
            raise OSError(f"no C++ compiler was found ({', '.join(COMPILERS)})")
        with files.scratch() as folder:
            made = folder / path.name
            command = [compiler, *options, *map(str, SOURCES), "-o", str(made)]
            subprocess.run(command, check=True, capture_output=True, text=True)
            cache.mkdir(parents=True, exist_ok=True)
            with files.written_whole(path) as file:
                file.write(made.read_bytes())
    return path


class Products:
    """Matrix products, as `models.linear` has them, for right sides whose rows are multiples of `LANES`."""

    def __init__(self, loops: Any):
        self.loops = loops

    def affine(self, bias: Tensor, left: Tensor, right: Tensor, out: Tensor) -> Tensor:
        """left [m, k] times right [k, n], whose transposed is contiguous, plus bias [n]: [m, n], in `out`."""
        self.loops.affine(left, right, bias, out, *out.shape, len(right))
        return out

    def product(self, left: Tensor, right: Tensor, out: Tensor) -> Tensor:
        """left [m, k] of any strides times contiguous right [k, n]: [m, n], in `out`."""
        self.loops.product(left, *left.stride(), right, out, *out.shape, len(right))
        return out
