"""What a newcomer reads beside the runs: Markdown that MLflow's pages show with an experiment or a run."""

from collections.abc import Mapping

from fer_exp.config.settings import About

EXPERIMENT = """\
**fer-exp**: how well small fully connected networks read expressions from FER-2013's faces (seven
classes, 48x48 grey), and what batch size, activation, optimizer and layers change in that. It repeats
a student slide deck with several seeds and intervals; drawn faces stand in where the real ones lack.

**What is a run?** A sweep is named by its study and what it varies; its jobs are nested below it and
named by what each has of that (`adam · seed 3`). Sorted by *Created* they fold; sorted by a metric the
jobs stand alone. A baseline (linear SVC, ridge, largest class, ...) is a run of its own.

| section | what it holds |
|---|---|
| `accuracy`, `loss`, `macro_f1` | of `train` and `val` by epoch; train is scored while it is learnt from |
| `selected` | the figures to quote: train and val scored with the weights that the protocol selects |
| `test` | only after `python evaluate.py`; by part of test, with n and a 95 % interval |
| `prior` | what knowing nothing reaches: entropy of the classes, always the largest class |
| `optimizer`, `time` | learning rate and seconds by epoch |

The **honest** protocol selects the epoch of lowest validation loss, and copies of a face stay on one
side of the split; the **deck** protocol takes the last epoch of a random split, as the deck did. The
tag `selected_on` says which. Validation chooses, so it flatters a little; test is what counts.

`figures/` among a run's artifacts holds its curves and, once evaluated, its confusion matrix.
"""


# MLflow takes a description of 8,000 letters at most.
_LONGEST = 7000


def job(study: str, protocol: str, command: str) -> str:
    """What a job is of, and the command that trains it alone."""
    return f"A job of **{study}**, {protocol} protocol.\n\n```\n{command}\n```\n"


def with_reused(note: str, experiment_id: str, reused: Mapping[str, str]) -> str:
    """A sweep's description with links to runs that it has taken over. reused: their ids by name."""
    links = [f"[{name}](#/experiments/{experiment_id}/runs/{run_id})" for name, run_id in reused.items()]
    note += "\n**Reused** (below the sweep that has trained them):"
    for count, link in enumerate(links):
        if len(note) + len(link) > _LONGEST:
            return f"{note} and {len(links) - count} more\n"
        note += f" {link}"
    return note + "\n"


def sweep(about: About, protocols: str, selected_on: str, command: str) -> str:
    """What a sweep asks, how its figures are chosen, and how to run it again."""
    said = {"Question": about.question, "Expected": about.expected, "Cost": about.cost}
    lines = [f"**{title}**: {text}" for title, text in said.items() if text]
    lines.append(f"**Protocol**: {protocols}; figures are of the weights of the {selected_on}.")
    lines.append(f"**Again** (only what is missing or failed is trained):\n\n```\n{command}\n```")
    return "\n\n".join(lines) + "\n"
