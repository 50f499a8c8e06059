"""Draws of a search: the same everywhere, inside their ranges, alike for all arms."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_exp.config import derived, search_space
from fer_exp.config.identity import job_identity
from fer_exp.config.search_space import RandomSearch
from fer_exp.errors import UserError

SEARCH = RandomSearch(
    name="random",
    of="optimizer",
    arm="adam",
    trials=16,
    trial=0,
    seed=0,
    tuned=False,
    best={},
    lr={"adam": [1e-4, 1e-2], "sgd": [1e-2, 1]},
    weight_decay=[1e-6, 1e-2],
    no_decay=0.25,
)


def draws(count=16, **changed):
    """The draws of the first trials of a search that has these settings otherwise."""
    return [
        search_space.draw(dataclasses.replace(SEARCH, trials=max(count, 16), trial=trial, **changed))
        for trial in range(count)
    ]


def test_draws_are_the_same_on_every_machine():
    """A fixed list: a search of before is found again by the identity of its trials."""
    assert draws(3) == [
        search_space.Rates(lr=0.00145, weight_decay=0.0),
        search_space.Rates(lr=0.00099, weight_decay=6.73e-05),
        search_space.Rates(lr=0.00403, weight_decay=0.0),
    ]


def test_more_trials_leave_the_first_as_they_were():
    """So that a search can be made longer; another seed draws others."""
    assert draws(64)[:16] == draws(16)
    assert set(draws(16)).isdisjoint(draws(16, seed=1))


@given(st.integers(0, 2**63 - 1), st.floats(1e-9, 1e3), st.floats(1, 1e6), st.floats(0, 1))
def test_draws_lie_in_their_ranges(seed, low, wide, no_decay):
    """Whatever the seed and the range; a weight decay may be none."""
    bounds = [low, low * wide]
    for rates in draws(4, seed=seed, lr={"adam": bounds}, weight_decay=bounds, no_decay=no_decay):
        assert bounds[0] <= rates.lr <= bounds[1]
        assert rates.weight_decay == 0 or bounds[0] <= rates.weight_decay <= bounds[1]


def test_draws_spread_over_the_decades():
    """Log-uniform: as many in 1e-4 to 1e-3 as in 1e-3 to 1e-2; and a quarter has no weight decay."""
    found = draws(2000)
    assert sum(rates.lr < 1e-3 for rates in found) == pytest.approx(1000, abs=100)
    assert sum(rates.weight_decay == 0 for rates in found) == pytest.approx(500, abs=80)


def test_every_arm_draws_at_the_same_place_of_its_range():
    """SGD's range is a hundred times Adam's."""
    for adam, sgd in zip(draws(arm="adam"), draws(arm="sgd"), strict=True):
        assert sgd.lr == pytest.approx(100 * adam.lr)
        assert sgd.weight_decay == adam.weight_decay


@pytest.mark.parametrize(("no_decay", "some"), [(0, True), (1, False)])
def test_weight_decay_can_be_left_out_or_always_drawn(no_decay, some):
    """By the chance that a trial has none."""
    assert {rates.weight_decay > 0 for rates in draws(no_decay=no_decay)} == {some}


def test_a_tuned_job_has_the_rates_of_its_arms_best_trial():
    """Whatever its own trial would be."""
    tuned = dataclasses.replace(SEARCH, tuned=True, best={"adam": 7, "sgd": 2})
    assert search_space.draw(tuned) == draws(8)[7]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"arm": "radam"}, r"search\.lr: has no range for radam, only for adam, sgd: \+search\.lr\.radam="),
        ({"lr": {"adam": [1e-2, 1e-4]}}, r"search\.lr\.adam=\[0\.01, 0\.0001\]: must be \[LOW,HIGH\]"),
        ({"lr": {"adam": 1}}, r"search\.lr\.adam=1: must be \[LOW,HIGH\]"),
        ({"lr": {"adam": ["a", "b"]}}, r"search\.lr\.adam=\['a', 'b'\]: must be"),
        ({"lr": {"adam": [0, 1]}}, r"search\.lr\.adam=\[0, 1\]: must be"),
        ({"lr": {"adam": [1, float("inf")]}}, r"search\.lr\.adam=\[1, inf\]: must be"),
        ({"weight_decay": [1.0]}, r"search\.weight_decay=\[1\.0\]: must be"),
        ({"trial": 16}, r"search\.trial=16: must be a whole number below search\.trials=16"),
        ({"tuned": True}, r"search\.best: names no trial of adam; .*study=optimizer_search"),
        ({"tuned": True, "best": {"adam": 16}}, r"search\.best\.adam=16: must be"),
        ({"tuned": True, "best": {"adam": "x"}}, r"search\.best\.adam=x: must be"),
    ],
)
def test_a_draw_that_cannot_be_is_refused_by_its_key(changed, said):
    """One line that says what is allowed."""
    with pytest.raises(UserError, match=said):
        search_space.draw(dataclasses.replace(SEARCH, no_decay=0, **changed))


def test_a_trial_is_the_job_that_types_its_rates(compose_settings, tiny_dataset):
    """The same identity, so that it is trained once, whoever asks for it."""
    drawn = compose_settings("search=optimizer", "optimizer=sgd", "search.trial=3")
    rates = drawn.optimizer
    typed = compose_settings(
        "optimizer=sgd", f"optimizer.lr={rates.lr}", f"optimizer.weight_decay={rates.weight_decay}"
    )
    assert job_identity(drawn, tiny_dataset.digest) == job_identity(typed, tiny_dataset.digest)
    assert derived.is_trial(drawn)
    assert not derived.is_trial(typed)


def test_a_rate_that_is_given_is_not_drawn(compose_settings):
    """As to search for one of the two alone."""
    chosen = compose_settings("search=optimizer", "optimizer.weight_decay=0.5").optimizer
    assert chosen.weight_decay == 0.5
    assert 3e-5 <= chosen.lr <= 3e-2
