"""Whether the rule keeps what it promises, on drawn studies of which the truth is known.

`python -m fer_exp simulate` prints the table of docs/inference.md.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from fer_exp import console
from fer_exp.analysis import planning
from fer_exp.analysis.estimates import Estimate, corrected, differences
from fer_exp.analysis.family import MARGIN, judge
from fer_exp.analysis.margins import adjusted_apart
from fer_exp.analysis.verdicts import Contrast, Verdict, verdict_of
from fer_exp.analysis.worlds import Drawn, World

MEASURED = World("steady runs")
STRESS = World("as archived", run_sd=0.5)
TRAINING = World("training faces count", run_sd=0.5, training_sd=0.2)

# Points; half of the arms without effect and half just at the margin tempt both tests at once.
NONE = (0.0,) * 6
HALF = (0.5,) * 6
MIXED = (0.0, 0.0, 0.0, MARGIN, MARGIN, MARGIN)


@dataclass(frozen=True)
class Sample:
    """How many runs an arm has, or to which precision, in points, repeats are added."""

    runs: int | None = None
    precision: float | None = None

    def __str__(self) -> str:
        """As it stands in the table."""
        return str(self.runs) if self.precision is None else f"precision={self.precision:g}"

    def reached(self, runs: int, contrasts: Sequence[Contrast]) -> bool:
        """Whether so many runs are enough."""
        if self.precision is None:
            return runs == self.runs
        return not planning.another_repeat((_half_width(each) for each in contrasts), runs, self.precision)


SAMPLES = (Sample(5), Sample(10), Sample(20), Sample(precision=0.5))

CASES = (
    (MEASURED, NONE),
    (MEASURED, HALF),
    (MEASURED, MIXED),
    (STRESS, NONE),
    (STRESS, HALF),
    (STRESS, MIXED),
    (TRAINING, MIXED),
)


@dataclass
class Tally:
    """What was counted over the studies of a case: of each contrast, or of each family.

    covered, corrected, plain: whether the 95 % interval holds the truth: of the rule, over runs with and
    without the correction. false, false_apart: whether a family holds a false verdict, and if each question
    had a family of its own. found: whether a difference of the margin was. equivalent: whether one of 0 was
    shown to be small.
    """

    covered: list[bool] = field(default_factory=list)
    corrected: list[bool] = field(default_factory=list)
    plain: list[bool] = field(default_factory=list)
    false: list[bool] = field(default_factory=list)
    false_apart: list[bool] = field(default_factory=list)
    found: list[bool] = field(default_factory=list)
    equivalent: list[bool] = field(default_factory=list)
    widths: list[float] = field(default_factory=list)
    runs: list[int] = field(default_factory=list)


def is_false(verdict: Verdict, truth: float, margin: float = MARGIN) -> bool:
    """Whether a verdict says what is not so, of a true difference in points."""
    size = abs(truth)
    return (
        (verdict.better and truth <= 0)
        or (verdict.worse and truth >= 0)
        or (verdict in (Verdict.BETTER_BEYOND, Verdict.WORSE_BEYOND) and size <= margin)
        or (verdict.small and size >= margin)
    )


def simulate(
    world: World, effects: Sequence[float], samples: Sequence[Sample], studies: int, seed: int
) -> dict[Sample, Tally]:
    """Draw so many studies, judge each at every sample, and count. effects: true differences in points."""
    tallies = {sample: Tally() for sample in samples}
    for each in np.random.SeedSequence(seed).spawn(studies):
        drawn = Drawn(world, effects, np.random.default_rng(each))
        left = list(samples)
        while left:
            drawn.add_repeat()
            contrasts = judge(drawn.arms[0], drawn.arms[1:], world.groups)
            for sample in [one for one in left if one.reached(len(drawn.arms[0].runs), contrasts)]:
                _count(tallies[sample], drawn, contrasts)
                left.remove(sample)
    return tallies


def _count(tally: Tally, drawn: Drawn, contrasts: Sequence[Contrast]) -> None:
    apart = adjusted_apart([each.tests for each in contrasts])
    separate = [verdict_of(each.measured.points, p) for each, p in zip(contrasts, apart, strict=True)]
    tally.false.append(any(map(is_false, (each.verdict for each in contrasts), drawn.truth)))
    tally.false_apart.append(any(map(is_false, separate, drawn.truth)))
    tally.runs.append(contrasts[0].measured.runs)
    for contrast, arm, truth in zip(contrasts, drawn.arms[1:], drawn.truth, strict=True):
        plain = corrected(differences(arm, drawn.arms[0]), test_share=0)
        assert contrast.check is not None, "arms that are drawn share all of their runs"
        tally.covered.append(_covers(contrast.measured, truth))
        tally.corrected.append(_covers(contrast.check, truth))
        tally.plain.append(_covers(plain, truth))
        tally.widths.append(_half_width(contrast))
        if truth == MARGIN:
            tally.found.append(contrast.verdict.better)
        if truth == 0:
            tally.equivalent.append(contrast.verdict is Verdict.EQUIVALENT)


def _half_width(contrast: Contrast) -> float:
    return contrast.measured.half_width()


def _covers(estimate: Estimate, truth: float) -> bool:
    low, high = estimate.interval()
    return bool(low <= truth <= high)


HEADER = (
    "drawn from",
    "true differences",
    "runs",
    "coverage",
    "corrected t",
    "plain t",
    "half-width",
    "false families",
    "if Holm apart",
    f"finds {MARGIN:g}",
    "0 equivalent",
)


def table(studies: int, seed: int, cases: Sequence[tuple[World, Sequence[float]]] = CASES) -> Iterator[str]:
    """The lines of the table in Markdown, each as soon as it is counted; shares in %, widths in points."""
    yield f"| {' | '.join(HEADER)} |"
    yield f"|{'---|' * len(HEADER)}"
    for number, (world, effects) in enumerate(cases):
        for sample, tally in simulate(world, effects, SAMPLES, studies, seed + number).items():
            yield f"| {' | '.join(_cells(world, effects, sample, tally))} |"


def _cells(world: World, effects: Sequence[float], sample: Sample, tally: Tally) -> list[str]:
    said = str(sample) if sample.precision is None else f"{sample} ({np.mean(tally.runs):.1f})"
    truths = ", ".join(f"{effects.count(each)} of {each:g}" for each in dict.fromkeys(effects))
    covered = map(_percent, (tally.covered, tally.corrected, tally.plain))
    rest = map(_percent, (tally.false, tally.false_apart, tally.found, tally.equivalent))
    return [world.name, truths, said, *covered, f"{np.mean(tally.widths):.2f}", *rest]


def _percent(found: Sequence[bool]) -> str:
    return f"{100 * np.mean(found):.1f}" if found else ""


def main(argv: Sequence[str] | None = None) -> None:
    """Print the table in Markdown."""
    parser = console.Options("simulate", main.__doc__)
    number = console.whole(1, 1_000_000)
    parser.add_argument("--studies", type=number, default=800, help="how many are drawn a row")
    parser.add_argument("--seed", type=console.seed, default=0, help="what they are drawn from")
    options = parser.parse_args(argv)
    for line in table(options.studies, options.seed):
        print(line, flush=True)
