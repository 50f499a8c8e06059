"""`python -m fer_exp` is the one place where the commands are found."""

import re
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock

import pytest

from fer_exp.__main__ import COMMANDS, SCRIPTS, main

ROOT = Path(__file__).parents[2]


def test_it_lists_every_command_with_a_line(capsys):
    """Without arguments, as with --help."""
    main([])
    listed = capsys.readouterr().out
    assert all(f"  {name} " in listed and command.about in listed for name, command in COMMANDS.items())
    main(["--help"])
    assert capsys.readouterr().out == listed


@pytest.mark.parametrize(
    ("typed", "hint"), [("comparee", "did you mean compare?"), ("x", "known: compare, ")]
)
def test_an_unknown_command_is_one_line_and_exit_2(capsys, typed, hint):
    """With what may have been meant, or those that are known."""
    with pytest.raises(SystemExit) as end:
        main([typed])
    assert end.value.code == 2
    assert capsys.readouterr().err.startswith(f"error: there is no command {typed}; {hint}")


def test_ctrl_c_is_one_line(capsys, monkeypatch):
    """Whatever a command was doing; and none gets lost."""
    monkeypatch.setattr("fer_exp.signals.end_by_signals", settled := Mock())
    monkeypatch.setattr("fer_exp.report.text.main", Mock(side_effect=KeyboardInterrupt))
    with pytest.raises(SystemExit) as end:
        main(["compare"])
    assert end.value.code == 130
    assert capsys.readouterr().err == "interrupted: begin again by the same command\n"
    settled.assert_called_once_with()


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_says_a_mistake_in_one_line(name, capsys, monkeypatch):
    """Which option it does not know, or which it lacks, and where all are listed."""
    monkeypatch.setattr("fer_exp.signals.end_by_signals", Mock())
    with pytest.raises(SystemExit) as end:
        main([name, "--nobody-knows", "x"])
    assert end.value.code == 2
    [line] = capsys.readouterr().err.splitlines()
    assert re.fullmatch(r"error: .+; python -m fer_exp [a-z]+( [a-z]+)? --help lists all", line)


def test_every_command_that_is_named_is_there():
    """In the Makefile, the README, the docs and what the program prints."""
    places = [ROOT / "Makefile", *ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("fer_exp/**/*.py")]
    named = {name for path in places for name in re.findall(r"-m fer_exp ([a-z-]+)", path.read_text("utf-8"))}
    assert named <= {*COMMANDS, *SCRIPTS}
    assert named >= {"compare", "report", "restore", "predict"}


def test_the_list_imports_nothing_heavy():
    """Whoever asks what there is waits for no library."""
    asks = "import sys; from fer_exp.__main__ import main; main([]); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", asks], capture_output=True, text=True, check=True, cwd=ROOT)
    assert not {"torch", "mlflow", "numpy", "hydra"} & set(done.stderr.split())
