"""Where we use what a library keeps for itself, and so may rename in its next release."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("fer_exp", "hydra_plugins", "scripts", "benchmarks", "tests")
FILES = sorted(
    path
    for path in [*ROOT.glob("*.py"), *(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))]
    if path != Path(__file__)
)

PRIVATE = re.compile(
    r"\w+\._internal\b|\btorch\._[a-zA-Z]\w*|\btorch\.ops\.\w+|\w+\.externals\.\w+|\bmlflow(?:\.\w+)*\._[a-zA-Z]\w*"
    r"|\bfrom (?:torch|mlflow|hydra|omegaconf|joblib|submitit)\b[\w.]* import _\w+|\b__wrapped__\b"
)

# By file: what it uses, and why. Each has a public way beside it, or a test that says when it is gone.
ALLOWED = {
    # the derivatives that autograd calls, each tried before it is used; else autograd
    "fer_exp/training/kernels/manual_backprop.py": {"torch.ops.aten"},
    # oneDNN's product, tried before it is used; else PyTorch's own layer
    "fer_exp/models/linear.py": {"torch.ops.mkldnn"},
    # the jobs of a sweep composed quickly; without it as Hydra does it
    "hydra_plugins/fer_exp/_private_composition.py": {"hydra._internal"},
    # a CUDA graph played without a GPU: the test alone fails
    "tests/helpers/recorded.py": {"torch._C"},
    # one composed tree for many tests: they fail, nothing else
    "tests/conftest.py": {"hydra._internal"},
    # Hydra's own sweeper, to hold ours against
    "tests/integration/test_sweeper.py": {"hydra._internal"},
    # that it is not imported
    "tests/unit/training/test_optimizers.py": {"torch._dynamo"},
}


def test_private_names_are_used_where_the_list_says():
    """There alone, and the list names no more than there is."""
    found = {
        path.relative_to(ROOT).as_posix(): names
        for path in FILES
        if (names := set(PRIVATE.findall(path.read_text(encoding="utf-8"))))
    }
    assert found == ALLOWED


@pytest.mark.parametrize(
    "line",
    ["from hydra._internal import x", "torch._fused_adam_(x)", "from torch.optim import _x", "mlflow.a._b()"],
)
def test_a_private_name_is_seen(line):
    """A pattern that saw nothing would pass every file."""
    assert PRIVATE.search(line)
    assert not PRIVATE.search("torch.__version__, torch.optim.Adam, mlflow.pyfunc.load_model")
