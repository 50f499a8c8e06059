"""Run a notebook's code cells in one process and print what each gave, as JSON: a kernel brings 29 packages.

One of them, psutil, would change how the processes of sweeps are kept. Magics are IPython's, and left out.
"""

import ast
import contextlib
import io
import json
import sys
from pathlib import Path


def outputs(path: Path) -> list[dict[str, str]]:
    """Of each code cell: what it printed, and the kind and the text of its last line's value."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    names: dict[str, object] = {"__name__": "__main__"}
    found = []
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            lines = [line for line in "".join(cell["source"]).splitlines() if not line.startswith("%")]
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                value = run("\n".join(lines), names)
            found.append({"printed": printed.getvalue(), "kind": type(value).__name__, "value": str(value)})
    return found


def run(source: str, names: dict[str, object]) -> object:
    """Run statements; the value of the last, if it is an expression."""
    *body, last = ast.parse(source).body
    if not isinstance(last, ast.Expr):
        body.append(last)
    exec(compile(ast.Module(body, []), "<cell>", "exec"), names)
    return eval(compile(ast.Expression(last.value), "<cell>", "eval"), names) if last not in body else None


if __name__ == "__main__":
    print(json.dumps(outputs(Path(sys.argv[1]))))
