"""What the program finds around it: variables of its environment, and the cores that it may use.

Nobody else reads the environment. A variable that is set to nothing is not set, and one that is meant for
windows or for other programs is not listened to.
"""

import getpass
import os
import platform
import sys
from pathlib import Path

from fer_exp.errors import UserError

# Of what belongs to these, nothing is no value; CUDA_VISIBLE_DEVICES set to nothing means no GPU.
_OURS = ("FER2013_", "FER_EXP_", "HYDRA_", "MLFLOW_")


def settle() -> None:
    """Let this process, and those that it starts, find an environment that says what is meant.

    For programs, before they import what reads the environment at its import.
    """
    for name in [name for name, value in os.environ.items() if not value.strip()]:
        if name.startswith(_OURS):
            del os.environ[name]
    # A notebook names a backend of its own, which need not be installed here; nothing is drawn in windows.
    os.environ["MPLBACKEND"] = "agg"


def variable(name: str, default: str = "") -> str:
    """What the environment says by this name, as it stands; the default where it says nothing."""
    found = os.environ.get(name, "")
    return found if found.strip() else default


def variables() -> dict[str, str]:
    """All that the environment says, for a process to be started."""
    return dict(os.environ)


def give(name: str, value: str) -> None:
    """Let what is imported later, and processes that are started, find a value by this name."""
    os.environ[name] = value


def boot() -> str:
    """A number of this start of this machine, which its containers share; nothing where it has none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def processor() -> str:
    """The processor by its name, family and model, which the last digits of figures depend on."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").partition("\n\n")[0]
    except OSError:
        lines = ""
    pairs = (line.partition(":")[::2] for line in lines.splitlines())
    told = {key.strip(): value.strip() for key, value in pairs}
    if not told.get("model name"):
        return platform.processor() or platform.machine()
    numbers = {"family": told.get("cpu family"), "model": told.get("model")}
    return ", ".join([told["model name"], *(f"{word} {value}" for word, value in numbers.items() if value)])


def cores() -> int:
    """The cores that this process may use, by its affinity and by what its container is granted."""
    # here, as it brings much, and few programs ask
    import joblib

    try:
        found: int = joblib.cpu_count()
    except ValueError:
        limit = variable("LOKY_MAX_CPU_COUNT")
        raise UserError(f"LOKY_MAX_CPU_COUNT={limit}: must be a whole number, of cores at most") from None
    return found


def user() -> str:
    """Who runs the program; empty where the system knows no name, as in some containers."""
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):
        return ""


def peak_gib() -> float | None:
    """The most memory that this process has held so far, in GiB; None on Windows, which does not tell."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # kibibytes on Linux, bytes on macOS
    return peak / (2**30 if sys.platform == "darwin" else 2**20)
