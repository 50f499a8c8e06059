"""What our networks reach on FER-2013: one recipe a kind, with all its seeds, whichever sweeps trained them.

The kinds are the deck's network, MLPs, MLPs that another network taught, and each model that is no MLP on
pixels. Of a kind with several recipes the one of the highest mean validation accuracy stands for it, as test
selects nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from fer_exp.analysis import ablation
from fer_exp.config.identity import ensemble_identity
from fer_exp.tracking import Record, keys
from fer_exp.tracking.keys import Param, Tag
from fer_exp.tracking.studies import Study

DECK = "the deck's MLP"

# The arms that are the deck's network at the deck's settings: study and arm.
_DECK_ARMS = (("main", "main"), (ablation.NAME, "deck"))

_MODELS = {"mlp": "MLP", "residual": "MLP", "mixer": "MLP-Mixer", "cnn": "CNN"}

_Recipe = frozenset[tuple[str, str | None]]


@dataclass(frozen=True)
class Own:
    """A recipe: what it is called, its kind, a run a seed, and its networks scored as one, if they were."""

    name: str
    kind: str
    runs: Sequence[Record]
    ensemble: Record | None

    def values(self, metric: str) -> list[float]:
        """The metric of each run that has it."""
        return [run.metrics[metric] for run in self.runs if metric in run.metrics]

    @property
    def validation_accuracy(self) -> float:
        """Mean over its runs."""
        values = self.values(keys.SELECTED_VAL_ACCURACY)
        return sum(values) / len(values)


def best_of_each_kind(
    jobs: Mapping[str, Record], ensembles: Mapping[str, Record], studies: Iterable[Study]
) -> list[Own]:
    """The recipe that stands for each kind, of runs by the honest protocol that were scored on FER-2013.

    jobs, ensembles: all of a store, by their identity. studies: say which of the jobs are the deck's network.
    """
    deck = {
        recipe_of(run)
        for study in studies
        for arm in study.arms
        if (study.name, arm.name) in _DECK_ARMS
        for run in arm.runs.values()
    }
    best: dict[str, Own] = {}
    for recipe, runs in _by_recipe(run for run in jobs.values() if _counts(run)).items():
        kind, name = (DECK, DECK) if recipe in deck else (_kind(runs[0], jobs), _name(runs[0]))
        together = ensembles.get(ensemble_identity(run.identity for run in runs))
        own = Own(name, kind, runs, together)
        if kind not in best or own.validation_accuracy > best[kind].validation_accuracy:
            best[kind] = own
    return list(best.values())


def recipe_of(run: Record) -> _Recipe:
    """All that determines a run's figures but what differs from seed to seed."""
    settings = {
        key: value
        for key, value in run.params.items()
        if key not in keys.OF_A_SEED and not key.startswith(keys.faces(""))
    }
    # runs from before the tag was kept are of one recipe at most with each other
    return frozenset({**settings, "": run.faces_digest, Tag.RECIPE: run.tags.get(Tag.RECIPE)}.items())


def _by_recipe(runs: Iterable[Record]) -> dict[_Recipe, list[Record]]:
    """The runs of each recipe in the order of their seeds."""
    found: dict[_Recipe, list[Record]] = {}
    for run in sorted(runs, key=lambda run: int(run.params[Param.SEED])):
        found.setdefault(recipe_of(run), []).append(run)
    return found


def _counts(run: Record) -> bool:
    """Whether it was scored on FER-2013, whichever copy, by no arm of the audit, and validation chose it."""
    scored = run.status == "FINISHED" and {keys.TEST_ACCURACY, keys.SELECTED_VAL_ACCURACY} <= {*run.metrics}
    return scored and run.genuine and run.protocol == "honest" and run.study != "audit"


def _kind(run: Record, jobs: Mapping[str, Record]) -> str:
    """What a run's network is, and what kind of network taught it."""
    name = run.params.get(Param.MODEL_NAME, "mlp")
    model = _MODELS.get(name, name)
    if Param.TAUGHT not in run.params:
        return model
    teacher = jobs.get(run.params.get(Param.TEACHER, ""))
    taught_by = "network" if teacher is None else _kind(teacher, {})
    return f"{model} taught by a {taught_by}"


def _name(run: Record) -> str:
    return run.name.removesuffix(f" · seed {run.params[Param.SEED]}")
