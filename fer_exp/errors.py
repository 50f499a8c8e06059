"""The one kind of error a user is meant to read.

Whatever a user can mend (a path, a value, a broken file) is raised as `UserError` with a message of
one line that says what is wrong, where, and what to do next. The scripts print that line and exit 2;
anything else is a bug and keeps its traceback.
"""

from fer_exp.redaction import printable, without_login


class UserError(Exception):
    """A mistake outside the program; `str(error)` is one line that names the place and the mend.

    The message may quote names of files: what a terminal would obey, or no file could hold, is written out.
    It may quote addresses: the login in one is left out.
    """

    def __init__(self, message: str):
        line = without_login(" ".join(message.split()))
        super().__init__(printable(line))


def first_line(error: Exception) -> str:
    """What another library's error says first, or its kind, for a message of one line."""
    return next(iter(str(error).splitlines()), type(error).__name__)
