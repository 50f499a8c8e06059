"""Mistakes as a command tells them."""

from collections.abc import Callable, Sequence

import pytest

from fer_exp import console


def refusal(
    capsys: pytest.CaptureFixture[str], main: Callable[[Sequence[str]], object], *arguments: object
) -> str:
    """The line on stderr with which a command refuses these arguments: exit code 2, and no word more."""
    # as `python -m fer_exp` runs it
    with pytest.raises(SystemExit) as ended, console.mistakes_in_one_line():
        main([*map(str, arguments)])
    assert ended.value.code == 2
    said = capsys.readouterr()
    [line] = said.err.splitlines()
    assert said.out == ""
    assert line.startswith("error: ")
    return line
