"""What parses a composed tree of settings with one value replaced."""

import dataclasses
import functools

import pytest
from helpers.setting_leaves import SCRIPTS

from fer_exp.config.schema import build


@pytest.fixture
def parsed_with(compose_settings):
    """What parses a tree composed with some choices, in which one value is replaced."""

    def parsed(choices, key, value, script="train"):
        tree = dataclasses.asdict(compose_settings(*choices.split(), script=script))
        *path, name = key.split(".")
        node = functools.reduce(dict.__getitem__, path, tree)
        assert name in node
        node[name] = value
        return build(SCRIPTS[script], tree)

    return parsed
