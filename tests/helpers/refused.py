"""Mistakes as a command tells them."""

from collections.abc import Callable, Sequence

import pytest


def refusal(
    capsys: pytest.CaptureFixture[str], main: Callable[[Sequence[str]], object], *arguments: object
) -> str:
    """The line on stderr with which a command refuses these arguments: exit code 2, and no word more."""
    with pytest.raises(SystemExit) as ended:
        main([*map(str, arguments)])
    assert ended.value.code == 2
    said = capsys.readouterr()
    [line] = said.err.splitlines()
    assert said.out == ""
    assert line.startswith("error: ")
    return line
