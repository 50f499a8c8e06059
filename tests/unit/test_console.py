"""What goes wrong is one line, and what is printed is no other."""

import sys
from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from hypothesis import given
from hypothesis import strategies as st

from fer_exp import console, provenance
from fer_exp.errors import UserError


def test_a_value_that_hydra_cannot_read_is_told_by_its_key():
    """With what to do, in the place of the name of Hydra's lexer."""
    with pytest.raises(HydraException) as caught:
        OverridesParser.create().parse_overrides(["about.cost=~/x"])
    said = console.one_line(caught.value)
    assert said == """about.cost=~/x: cannot be read as a value; quote a text twice: "about.cost='...'\""""


def test_a_word_that_sets_nothing_is_told_so():
    """As of `optimizer= sgd`, `--run latest` or `help`."""
    with pytest.raises(HydraException) as caught:
        OverridesParser.create().parse_overrides(["optimizer=", "sgd"])
    assert (
        console.one_line(caught.value)
        == "sgd: is no setting; write key=value, without blanks; --help lists all"
    )


def test_an_error_becomes_one_line():
    """Line breaks are folded, and what helps only Hydra's authors is dropped."""
    hydras = "Could not find 'x/y'\n\nAvailable options:\n\ta\n\tb\nConfig search path:\n\tprovider=hydra"
    assert console.one_line(Exception(hydras)) == "Could not find 'x/y' Available options: a b"


def test_a_full_disk_is_told_even_if_python_names_no_file():
    """Where it does, the name stays."""
    full = "No space left on device"
    assert console.one_line(OSError(28, full)).startswith(f"the output folder cannot be written ({full})")
    assert console.one_line(OSError(28, full, "a/b")) == f"[Errno 28] {full}: 'a/b'"


def test_a_current_folder_that_is_gone_is_told_though_python_names_none(tmp_path, monkeypatch):
    """Another shell has removed it."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(FileNotFoundError) as caught:
        Path.cwd()
    assert console.one_line(caught.value) == "the current folder has been removed; change into another"


def test_nobody_is_told_to_append_a_key():
    """Hydra's advice cannot help here, since no key may be added."""
    hydras = "Could not override 'lr'.\nTo append to your config use +lr=1\nKey 'lr' is not in struct"
    said = console.one_line(Exception(hydras))
    assert "append" not in said
    assert said.startswith("Could not override 'lr'. There is no such setting; --help lists them all.")


def test_an_error_without_a_message_says_its_kind():
    """Better than an empty line."""
    assert console.one_line(ValueError()) == "ValueError"


@given(st.text())
def test_any_message_becomes_one_line(text):
    """Whatever a file or a value contributes to it."""
    assert len(console.one_line(Exception(text)).splitlines()) == 1
    line = console.one_line(UserError(text))
    assert len(line.splitlines()) == 1
    # also into a run's files, and without moving anybody's cursor
    assert line.encode()
    assert line.isprintable()


def test_a_name_that_is_no_text_is_written_out():
    """A file's name may hold any bytes; every other letter stays."""
    name = b"\xff\x1b[31m \xed\x95\x9c'\\n.png".decode("utf-8", "surrogateescape")
    assert str(UserError(f"{name}: is none")) == "\\udcff\\x1b[31m 한'\\n.png: is none"


def test_a_user_error_ends_with_exit_code_2(capsys):
    """One line on stderr, nothing on stdout."""
    with pytest.raises(SystemExit) as caught, console.mistakes_in_one_line():
        raise UserError("data.root=x:\nnot there")
    assert caught.value.code == 2
    assert capsys.readouterr() == ("", "error: data.root=x: not there\n")


@pytest.mark.fault(
    "Disk: full, or a pipe without a reader, at standard output",
    trials=2,
    expected="all but the output is done; exit code 1",
)
@pytest.mark.parametrize(
    ("error", "said"),
    [
        (BrokenPipeError(32, "Broken pipe"), ""),
        (
            OSError(28, "No space left on device"),
            "error: stdout: takes nothing (No space left on device); all",
        ),
    ],
)
def test_output_that_is_not_taken_stops_nothing(monkeypatch, capsys, error, said):
    """A full disk is told, the end of a `| head` is not."""
    done = []

    def refuse(_):
        raise error

    monkeypatch.setattr(sys.stdout, "write", refuse)

    @console.mistakes_in_one_line()
    def train():
        print("an epoch")
        done.append("the rest")

    with pytest.raises(SystemExit) as caught:
        train()
    assert (caught.value.code, done) == (1, ["the rest"])
    [line] = capsys.readouterr().err.splitlines() or [""]
    assert line.startswith(said)
    assert bool(line) == bool(said)


def test_a_bug_keeps_its_traceback():
    """Only what the user can mend is shortened."""
    with pytest.raises(ZeroDivisionError), console.mistakes_in_one_line(OSError):
        _ = 1 / 0


def test_a_traceback_is_shown_to_whoever_wants_it(capsys, monkeypatch):
    """Above the same line, with the same exit code."""
    monkeypatch.setenv("FER_EXP_TRACEBACK", "1")
    with pytest.raises(SystemExit) as caught, console.mistakes_in_one_line():
        raise UserError("wrong")
    assert caught.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith("Traceback")
    assert said.endswith("error: wrong\n")


def test_what_was_trained_is_evaluated_where_it_is_kept():
    """A run knows its faces, but not where they are cached, nor in which store it is."""
    command = "python train.py -m seed=0,1 data=fer2013 data.root=x 'data.cache_dir=my cache' tracking.uri=y"
    assert (
        provenance.evaluating("study=main", command)
        == "python evaluate.py study=main 'data.cache_dir=my cache' tracking.uri=y"
    )


def test_another_study_is_trained_by_the_same_command():
    """On the same faces, by the same settings; its seeds and trials are its own."""
    own = "study=a_tuned seed=1,2 dry_run=true rerun=all '++search.best={a:1}'"
    command = f"python train.py {own} 'data.root=my faces'"
    assert provenance.of_study("a_search", command) == "python train.py study=a_search 'data.root=my faces'"
