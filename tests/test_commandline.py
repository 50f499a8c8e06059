"""What people type reaches Hydra as it can read it; what goes wrong is one line."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_exp import commandline
from fer_exp.errors import UserError

CONF = Path(__file__).parent.parent / "conf"


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("batch_size=64", "batch_size='64'"),
        ("batch_size=16,32,64", "batch_size='16','32','64'"),
        ("batch_size='16'", "batch_size='16'"),
        ('batch_size="16"', "batch_size='16'"),
        ("batch_size=48", "training.batch_size=48"),
        ("batch_size=16,48", "training.batch_size=16,48"),
        ("batch_size=range(16,64,16)", "training.batch_size=range(16,64,16)"),
        ("activation=relu,tanh", "model/activation=relu,tanh"),
        ("optimizer=sgd", "optimizer=sgd"),
        ("-m", "-m"),
        ("--help", "--help"),
    ],
)
def test_overrides_as_people_write_them(typed, read):
    """A bare number reaches the group if it is an option, else the key behind it."""
    assert commandline.as_hydra_reads([typed], CONF) == [read]


@given(st.text())
def test_anything_else_passes_unchanged(argument):
    """Only the known keys are touched."""
    if argument.partition("=")[0] not in ("batch_size", "activation"):
        assert commandline.as_hydra_reads([argument], CONF) == [argument]


def test_an_error_becomes_one_line():
    """Line breaks are folded, and what helps only Hydra's authors is dropped."""
    hydras = "Could not find 'x/y'\n\nAvailable options:\n\ta\n\tb\nConfig search path:\n\tprovider=hydra"
    assert commandline.one_line(Exception(hydras)) == "Could not find 'x/y' Available options: a b"


def test_a_user_error_ends_with_exit_code_2(capsys):
    """One line on stderr, nothing on stdout."""
    with pytest.raises(SystemExit) as caught, commandline.mistakes_in_one_line():
        raise UserError("data.root=x:\nnot there")
    assert caught.value.code == 2
    assert capsys.readouterr() == ("", "error: data.root=x: not there\n")


def test_a_bug_keeps_its_traceback():
    """Only what the user can mend is shortened."""
    with pytest.raises(ZeroDivisionError), commandline.mistakes_in_one_line(OSError):
        _ = 1 / 0


def test_a_traceback_is_shown_to_whoever_wants_it(capsys, monkeypatch):
    """Above the same line, with the same exit code."""
    monkeypatch.setenv("FER_EXP_TRACEBACK", "1")
    with pytest.raises(SystemExit) as caught, commandline.mistakes_in_one_line():
        raise UserError("wrong")
    assert caught.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith("Traceback")
    assert said.endswith("error: wrong\n")
