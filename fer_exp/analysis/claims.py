"""The deck's conclusions held against the runs: its closing table, and what of it the data supports."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from fer_exp import statistics
from fer_exp.analysis import published
from fer_exp.analysis.comparison import SIGNIFICANCE, against, chance, partly_tested, percent
from fer_exp.statistics import Difference
from fer_exp.tables import Table
from fer_exp.tracking import Record, keys
from fer_exp.tracking.studies import Arm, Study

# The closing table's columns: what the deck called it, the study, the choice it took from there, and
# where `published.csv` keeps its figures.
_COLUMNS = (
    ("MAIN", "main", "main", ("main", "main")),
    ("Batch", "batch_size", "32", ("final", "batch_column")),
    ("Activation", "activation", "relu", ("activation", "relu")),
    ("Optimizer", "optimizer", "adagrad", ("optimizer", "adagrad")),
    ("Layer", "layers", "512-256", ("layers", "512-256")),
    ("FINAL", "final", "final", ("final", "final")),
)
# What the study is called in which each arm has rates that a search has found for it.
_TUNED = "{}_tuned"
SEARCHED = ("activation", "optimizer")

_OWN = {study for _, study, _, _ in _COLUMNS}
_OF_THE_DECK = _OWN | {_TUNED.format(study) for study in _OWN}

# The baselines that the closing table always names, fitted or not, as `evaluate.py baseline=` calls them.
_BASELINES = {"linear SVC": "svc", "ridge": "ridge", "majority": "majority"}


def alike(studies: Sequence[Study]) -> list[list[Study]]:
    """The studies of the deck's own choices, those of one set of faces and one protocol together."""
    named = [study for study in studies if study.name in _OF_THE_DECK]
    kinds = dict.fromkeys((study.faces, study.protocol) for study in named)
    return [[study for study in named if (study.faces, study.protocol) == kind] for kind in kinds]


def closes(studies: Sequence[Study]) -> bool:
    """Whether there is anything to close with: studies that are tuned answer the conclusions alone."""
    return any(study.name in _OWN for study in studies)


def closing(studies: Sequence[Study], test: str, baselines: Sequence[Record]) -> Table:
    """The deck's closing table again: its choice of each section, ours beside its own figures.

    baselines: the fitted ones, on the faces of these studies.
    """
    header = ["", "choice", "seeds", "train", "val", "test", "deck train", "deck val", "deck test"]
    kind = _kind(studies)
    table = Table(f"closing table · {kind}: accuracy in %, mean ± half of the 95 % interval", header)
    shown: list[Arm] = []
    for title, name, setting, place in _COLUMNS:
        arm = _arm(studies, name, setting)
        metrics = (keys.SELECTED_TRAIN_ACCURACY, keys.SELECTED_VAL_ACCURACY, keys.test(test, "accuracy"))
        ours = [percent(arm.values(metric)) if arm else "-" for metric in metrics]
        theirs = (published.figure(*place, f"{split}_accuracy") for split in ("train", "val", "test"))
        printed = [f"{100 * figure.value:.2f}" if figure else "-" for figure in theirs]
        shown += [arm] if arm else []
        choice, seeds = (arm.name, str(len(arm.runs))) if arm else ("not run", "0")
        table.rows.append([title, choice, seeds, *ours, *printed])
    table.notes.append(
        f"val: validation; test: the part {test}; the deck printed the MAIN cell of val as test"
    )
    table.notes += partly_tested(shown, test)
    run = next((run for study in studies for arm in study.arms for run in arm.runs.values()), None)
    if run:
        majority = run.metrics[keys.MAJORITY_ACCURACY]
        table.notes.append(f"always the largest class: {100 * majority:.2f} of validation")
    _add_baselines(table, baselines, test)
    return table


def _kind(studies: Sequence[Study]) -> str:
    return f"{studies[0].data} · {studies[0].protocol} protocol"


def _add_baselines(table: Table, baselines: Sequence[Record], test: str) -> None:
    for record in baselines:
        said = f"fitted once in {record.metrics[keys.FIT_SECONDS]:.1f} s"
        score = percent([record.metrics[keys.test(test, "accuracy")]])
        table.rows.append([record.name, said, "-", "-", "-", score, "-", "-", "-"])
    # one of several settings has them in its name
    fitted = {record.name.partition(",")[0] for record in baselines}
    missing = [name for name in _BASELINES if name not in fitted]
    for name in missing:
        table.rows.append([name, "not fitted", *["-"] * 7])
        table.notes.append(f"{name}: python evaluate.py baseline={_BASELINES[name]} fits it")
    given_up = published.figure("svc", "linear", "fit_seconds").value / 60
    table.notes.append(
        "baselines are fitted on all of train, once; "
        f"the deck gave its linear SVC up after {given_up:.0f} minutes, without a score"
    )


def _arm(studies: Sequence[Study], name: str, setting: str) -> Arm | None:
    arms = [arm for study in studies if study.name == name for arm in study.arms if arm.setting == setting]
    return next((arm for arm in arms if arm.runs), None)


@dataclass(frozen=True)
class Claim:
    """A conclusion of the deck, the study that answers it, and how to read that study.

    rested: on what the deck rested it, with the audit's numbers of what is wrong with that.
    """

    said: str
    study: str
    judge: Callable[[Study], str]
    rested: str


def supported(studies: Sequence[Study]) -> Table:
    """Each conclusion of the deck with what the data says of it, and again where each arm was tuned."""
    kind = _kind(studies)
    header = ["the deck concluded", "the data, by validation accuracy"]
    by_name = {study.name: study for study in studies}
    tuned = [_TUNED.format(claim.study) in by_name for claim in CLAIMS]
    table = Table(f"the deck's conclusions · {kind}", header + ["the same, each arm tuned"] * any(tuned))
    for claim in CLAIMS:
        found = [_found(claim, claim.study, by_name)]
        if any(tuned):
            name = _TUNED.format(claim.study)
            found.append(_found(claim, name, by_name) if claim.study in SEARCHED else "not searched")
        table.rows.append([claim.said, *found])
    return table


def in_words(studies: Sequence[Study]) -> Table:
    """A paragraph on each conclusion: on what the deck rested it, and what of it the runs support."""
    kind = _kind(studies)
    by_name = {study.name: study for study in studies}
    table = Table(f"the deck's conclusions in words · {kind}", ["the deck concluded", "why, and what holds"])
    for claim in CLAIMS:
        said = [claim.rested]
        for name, how in (
            (claim.study, "At the deck's rates"),
            (_TUNED.format(claim.study), "Each arm tuned"),
        ):
            if name in by_name:
                said.append(f"{how}, {_seeds(by_name[name])}: {_judged(claim, by_name[name])}.")
        if len(said) == 1:
            said.append(f"Not run here: study={claim.study}.")
        table.rows.append([claim.said, " ".join(said)])
    return table


def _seeds(study: Study) -> str:
    counts = sorted({len(arm.runs) for arm in study.arms if arm.runs})
    numbers = " to ".join(str(count) for count in dict.fromkeys((counts[0], counts[-1])))
    return f"{numbers} seed{'s' * (numbers != '1')} an arm"


def _found(claim: Claim, name: str, by_name: Mapping[str, Study]) -> str:
    return _judged(claim, by_name[name]) if name in by_name else f"not run: study={name}"


def _judged(claim: Claim, study: Study) -> str:
    """What a study says of a claim, and which of its arms it says nothing of yet."""
    missing = [arm.name for arm in study.arms if not arm.runs]
    return claim.judge(study) + (f"; not run: {', '.join(missing)}" if missing else "")


def _contrasts(study: Study, base: Arm | None = None) -> list[tuple[Arm, Difference, float]]:
    """Arms with their difference to the base and its Holm-adjusted p; only arms with two shared seeds.

    base: the study's own if not given.
    """
    base = base or study.base
    pairs = [(arm, against(arm, base)) for arm in study.arms if arm is not base]
    known = [(arm, found) for arm, found in pairs if found is not None]
    adjusted = statistics.holm([found.p for _, found in known])
    return [(arm, found, float(p)) for (arm, found), p in zip(known, adjusted, strict=True)]


def _say(found: Difference) -> str:
    return f"{100 * found.mean:+.2f} points [{100 * found.low:+.2f}, {100 * found.high:+.2f}]"


def _p(p: float) -> str:
    said = chance(p)
    return f"p {said}" if said.startswith("<") else f"p = {said}"


def _better(one: Arm, other: Arm, found: Difference, p: float) -> str:
    """Whether one arm is better than another, of which `found` is the difference and p its adjusted p."""
    verdict = "supported" if found.mean > 0 else "contradicted"
    if p >= SIGNIFICANCE:
        verdict = "not shown, a tie"
    return f"{verdict}: {one.name} against {other.name} {_say(found)}, {_p(p)}"


def _is_best(setting: str) -> Callable[[Study], str]:
    def judge(study: Study) -> str:
        config = next((arm for arm in study.arms if setting in (arm.setting, arm.name)), None)
        contrasts = _contrasts(study, config) if config else []
        if not contrasts:
            return "undecided: one seed"
        better = [
            f"{arm.name} {_say(found)}" for arm, found, p in contrasts if p < SIGNIFICANCE and found.mean > 0
        ]
        ties = [arm.name for arm, _, p in contrasts if p >= SIGNIFICANCE]
        if better:
            return f"contradicted: better than {config.name} are {', '.join(better)}"
        if ties:
            return f"not shown: {', '.join(ties)} tie with {config.name} inside the noise"
        return f"supported: every other arm is worse than {config.name}"

    return judge


def _arm_beats_base(setting: str) -> Callable[[Study], str]:
    def judge(study: Study) -> str:
        for arm, found, p in _contrasts(study):
            if setting in (arm.setting, arm.name):
                return _better(arm, study.base, found, p)
        return "undecided: one seed"

    return judge


def _nothing_differs(study: Study) -> str:
    contrasts = _contrasts(study)
    if not contrasts:
        return "undecided: one seed"
    differ = [f"{arm.name} {_say(found)}" for arm, found, p in contrasts if p < SIGNIFICANCE]
    if differ:
        return f"contradicted: against {study.base.name} differ {', '.join(differ)}"
    largest = max(contrasts, key=lambda each: abs(each[1].mean))
    return f"supported as far as {len(contrasts)} ties go, the widest {largest[0].name} {_say(largest[1])}"


def _others_are_worse(study: Study) -> str:
    contrasts = _contrasts(study)
    if not contrasts:
        return "undecided: one seed"
    worse = [arm.name for arm, found, p in contrasts if p < SIGNIFICANCE and found.mean < 0]
    better = [arm.name for arm, found, p in contrasts if p < SIGNIFICANCE and found.mean > 0]
    ties = [arm.name for arm, _, p in contrasts if p >= SIGNIFICANCE]
    said = [
        f"{word}: {', '.join(names)}"
        for word, names in (("worse", worse), ("better", better), ("tie", ties))
        if names
    ]
    verdict = (
        "supported" if len(worse) == len(contrasts) else "contradicted" if not worse else "supported in part"
    )
    return f"{verdict}; against {study.base.name} {'; '.join(said)}"


def _base_beats_the_plain_corner(study: Study) -> str:
    for arm, found, p in _contrasts(study):
        if arm is study.arms[-1]:
            turned = Difference(-found.mean, -found.high, -found.low, found.p)
            return _better(study.base, arm, turned, p)
    return "undecided: one seed"


CLAIMS = (
    Claim(
        "ReLU is the best activation",
        "activation",
        _is_best("relu"),
        "The deck saw leaky ReLU ahead on validation and chose ReLU by one test figure, of one seed each "
        "(A15) and of the last of 100 epochs, long after the networks had begun to over-fit (A7); its "
        "softmax was no activation at all (A12).",
    ),
    Claim(
        "Tanh would be best with more epochs",
        "activation",
        _arm_beats_base("tanh"),
        "Tanh had learnt its training faces least after 100 epochs, from which the deck expected more; it"
        " did not train on. Here every arm trains until its validation loss has stopped falling.",
    ),
    Claim(
        "Adagrad is the optimizer to integrate",
        "optimizer",
        _is_best("adagrad"),
        "Three of the deck's six optimizers had collapsed to the largest class (A9), and the test figures"
        " of the others come from a broken path (A10).",
    ),
    Claim(
        "a larger batch is not always better: the size does not matter",
        "batch_size",
        _nothing_differs,
        "The deck trained one network on through all sizes (A4), took one experiment for three (A5) and "
        "called validation test (A2).",
    ),
    Claim(
        "more and wider layers over-fit",
        "layers",
        _others_are_worse,
        "The deck read it off test accuracies below that of always answering with the largest class, "
        "which points to a fault of its test path (A10, A11); over-fitting would show on validation.",
    ),
    Claim(
        "the integrated model is better than the main model",
        "final",
        _base_beats_the_plain_corner,
        "Its row mixes cells of validation and of test (A13), and the choices that it joins rest on the "
        "comparisons above.",
    ),
)
