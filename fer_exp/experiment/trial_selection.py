"""The best trial of each arm of a search, for the study that is tuned by it."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from fer_exp import provenance, tracking
from fer_exp.config import derived
from fer_exp.config.identity import job_identity
from fer_exp.config.search_space import RandomSearch
from fer_exp.config.settings import Experiment
from fer_exp.data import datasets
from fer_exp.errors import UserError
from fer_exp.tracking import record
from fer_exp.tracking.studies import Trial, ranked


def choose(trees: Sequence[Mapping[str, Any]], command: str) -> dict[str, int]:
    """The number of the best trial for each arm.

    trees: the composed config, as plain dicts, of each job that is to take it. command: what the user typed.
    A trial is found by its identity, so it had the same faces, settings and code. Raises UserError.
    """
    wanted = _trials_by_arm(trees)
    first = next(iter(wanted.values()))[0]
    dataset = datasets.load_faces(first.data)
    known = tracking.Store(first.tracking).latest_of_all()
    found, lacking = {}, []
    for arm, planned in wanted.items():
        runs = [known.get(job_identity(config, dataset.digest)) for config in planned]
        ended = [
            Trial(number, run)
            for number, run in enumerate(runs)
            if run is not None and record.settled(run, trial=True)
        ]
        if len(ended) < len(planned):
            lacking.append(f"{arm} has {len(ended)} of {len(planned)} trials")
        elif math.isinf(ranked(ended)[0].loss):
            raise UserError(f"study={first.study}: each trial of {arm} diverged: lower search.lr.{arm}")
        else:
            found[arm] = ranked(ended)[0].number
    if lacking:
        assert isinstance(first.search, RandomSearch), "a job that takes a trial has a search"
        again = provenance.of_study(f"{first.search.of}_search", command)
        raise UserError(
            f"study={first.study}: on these faces and settings {', '.join(lacking)}; first comes {again}"
        )
    return found


def _trials_by_arm(trees: Sequence[Mapping[str, Any]]) -> dict[str, list[Experiment]]:
    shared: dict[str, Mapping[str, Any]] = {}
    for tree in trees:
        arm, searched = tree["search"]["arm"], tree["search"]["seed"]
        if tree["seed"] == searched:
            raise UserError(f"seed={searched}: is the seed by which the trials are chosen: take others")
        but_seed = {key: value for key, value in tree.items() if key != "seed"}
        if shared.setdefault(arm, but_seed) != but_seed:
            raise UserError(
                f"study={tree['study']}: one best trial for each arm: vary nothing but arm and seed"
            )
    return {arm: derived.trials_of({**tree, "seed": 0}) for arm, tree in shared.items()}
