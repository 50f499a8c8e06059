"""Packages that the program can do without: those of the extras in pyproject.toml.

One may be missing, be there in part, or fail when it is imported.
"""

from importlib import import_module

from fer_exp import console, provenance
from fer_exp.errors import UserError


def installs(extra: str) -> str:
    """The command that installs an extra."""
    return provenance.as_typed(f'.venv/bin/pip install -e ".[{extra}]"')


def lack(package: str) -> str | None:
    """What is wrong with a package, in words after its name; None if it can be imported, as it then is."""
    try:
        found = import_module(package)
    except ModuleNotFoundError as error:
        return "is not installed" if error.name == package else f"lacks {error.name}"
    # compiled code that was built for another machine, or another NumPy, fails in any way
    except Exception as error:
        return f"cannot be imported ({console.one_line(error)})"
    # a folder without modules is left where a package was removed, or its installation was cut short
    return None if found.__spec__ is None or found.__spec__.origin else "is there in part"


def need(extra: str, by: str, *packages: str) -> None:
    """Raise UserError, with the command that installs the extra, if one of its packages cannot be used.

    by: who needs them, such as "the demo page".
    """
    for package in packages:
        if wrong := lack(package):
            raise UserError(f"{by} needs {package}, which {wrong}: {installs(extra)}")
