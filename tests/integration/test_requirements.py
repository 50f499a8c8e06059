"""What `make install` installs is pinned, and checked against the hashes of its files."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def pins(name: str) -> dict[str, str]:
    """The version of each package that a file of requirements pins."""
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    found = (re.match(r"([\w.-]+)==([^\s;]+)", line) for line in lines)
    return {re.sub(r"[-_.]+", "-", pin[1]).lower(): pin[2] for pin in found if pin}


def test_both_files_pin_the_same_versions():
    """But for torch, whose builds have indexes of their own."""
    locked = pins("requirements.lock")
    assert locked.pop("torch")
    assert pins("requirements.hashes") == locked


@pytest.mark.parametrize("name", ["requirements.hashes", "requirements.build"])
def test_every_pin_has_hashes(name):
    """A file without one would not be checked, and pip would refuse all."""
    text = (ROOT / name).read_text(encoding="utf-8")
    for pin in re.split(r"\n(?=\w)", text.partition("\n\n")[0])[1:]:
        assert re.fullmatch(r"\S+==\S+( ; [^\\]+)?( \\\n    --hash=sha256:[0-9a-f]{64})+\s*", pin), pin


def test_nothing_is_built_by_what_nobody_has_checked():
    """pip by itself fetches the newest builder for each package that comes as source, and for the project."""
    lines = (ROOT / "Makefile").read_text(encoding="utf-8").splitlines()
    recipe = lines[lines.index(next(line for line in lines if line.startswith(".venv/installed:"))) :]
    installs = [line for line in recipe[:8] if "$(INSTALL)" in line]
    assert len(installs) == 4
    assert installs[0].endswith("--require-hashes -r requirements.build")
    assert all("$(BUILT_HERE)" in line for line in installs[1:])
    assert "--no-build-isolation" in "\n".join(lines)
