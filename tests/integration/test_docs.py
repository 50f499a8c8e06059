"""What the README and the pages of docs/ tell people to type, to write or to open is there, and works."""

import contextlib
import io
import re
import shutil
from functools import cache
from pathlib import Path

import pytest
import torch
from helpers import pages
from helpers.composed import composed_tree, composer_of
from hydra.core.override_parser.overrides_parser import OverridesParser

from fer_exp.__main__ import COMMANDS, main
from fer_exp.config import overrides, schema, settings
from fer_exp.config.evaluation import Evaluation
from fer_exp.models.activation import activation_factory
from fer_exp.training import optimizers

CONF = pages.ROOT / "conf"
# each file of conf/ that a page shows: its path there, and its text
FILES = {path: text for page in pages.PAGES for path, text in pages.files(page).items()}
# pages that a program prints
PRINTED = {"docs/performance.md", "docs/configuration.md"}
SHOWN = [shown for page in pages.PAGES for shown in pages.commands(page)]
MAKEFILE = (pages.ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = dict(re.findall(r"^([a-z-]+):[^=\n]*##(.*(?:\n\t.*)*)", MAKEFILE, flags=re.MULTILINE))
# what a reader puts his own in the place of
FREE = {"hydra/launcher=NAME", "study=NAME"}


def typed(script: str) -> list[tuple[str, ...]]:
    """The arguments of each command of a script, each once."""
    return sorted(
        {shown.arguments for shown in SHOWN if shown.script == script and not FREE & {*shown.arguments}}
    )


@pytest.fixture(scope="module")
def conf(tmp_path_factory) -> Path:
    """A copy of conf/ that has the files that the pages show, too."""
    folder = tmp_path_factory.mktemp("conf") / "conf"
    shutil.copytree(CONF, folder)
    for path, text in FILES.items():
        (folder / path).write_text(text, encoding="utf-8")
    return folder


def jobs(arguments: list[str]) -> list[list[str]]:
    """The overrides of a job for each value that they sweep, a key at a time."""
    read = OverridesParser.create().parse_overrides(arguments)
    values = [
        list(each.sweep_string_iterator()) if each.is_sweep_override() else [each.get_value_element_as_str()]
        for each in read
    ]
    keys = [each.get_key_element() for each in read]
    first = [value[0] for value in values]
    chosen = [first] + [
        [*first[:n], value, *first[n + 1 :]]
        for n, key in enumerate(keys)
        if key != "seed"
        for value in values[n][1:]
    ]
    return [[f"{key}={value}" for key, value in zip(keys, job, strict=True)] for job in chosen]


@pytest.mark.parametrize("arguments", typed("python train.py"), ids=" ".join)
def test_every_training_is_composed_and_checked(conf, arguments):
    """The groups, options and keys that a page names are there, with values within their bounds."""
    if "--help" in arguments or "-sc" in arguments:
        return
    given = [each for each in overrides.as_hydra_reads(arguments, conf) if not each.startswith("-")]
    # the tuned studies look the best trials up in the store
    given += ["++search.best={adam:3,relu:3}"] * any(each.endswith("_tuned") for each in given)
    for job in jobs(given):
        settings.parse(composed_tree(str(conf), "train", job))


@pytest.mark.parametrize("arguments", typed("python evaluate.py"), ids=" ".join)
def test_every_evaluation_is_composed_and_checked(conf, arguments):
    """As for a training."""
    if "--help" in arguments:
        return
    for job in jobs(overrides.as_hydra_reads(arguments, conf, {"study": "of_study"})):
        schema.build(Evaluation, composed_tree(str(conf), "evaluate", job))


def test_an_activation_and_an_optimizer_are_a_file_each(conf):
    """They compose and build; five lines or fewer."""
    chosen = settings.parse(composed_tree(str(conf), "train", ["model/activation=silu", "optimizer=radam"]))
    assert activation_factory(chosen.model.activation)().__class__ is torch.nn.SiLU
    built = optimizers.build(chosen.optimizer, [torch.nn.Parameter(torch.zeros(1))])
    assert isinstance(built, torch.optim.RAdam)
    assert all(len(text.strip().splitlines()) <= 5 for text in FILES.values())


def test_a_study_is_a_file(conf):
    """Its jobs, its question, and what it sweeps."""
    config = composer_of(str(conf), "train").compose(["study=width"])
    assert config.about.question == "Does one wide layer help?"
    assert config.hydra.sweeper.params["model.hidden"] == "[64],[256],[1024]"
    assert config.hydra.mode.name == "MULTIRUN"


@cache
def known_options(command: str) -> str:
    """What `python -m fer_exp COMMAND --help` prints."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit):
        main([command, "--help"])
    return printed.getvalue()


def unknown(command: str, arguments: tuple[str, ...]) -> list[str]:
    """The options that a command does not know."""
    options = [each.partition("=")[0] for each in arguments if each.startswith("--") and each != "--help"]
    return [each for each in options if each not in known_options(command)]


@pytest.mark.parametrize("arguments", typed("python -m fer_exp"), ids=" ".join)
def test_every_command_and_its_options_are_known(arguments):
    """Of `python -m fer_exp`."""
    if arguments and arguments != ("COMMAND",):
        command, *rest = arguments
        assert command in COMMANDS
        assert unknown(command, tuple(rest)) == []


@pytest.mark.parametrize("arguments", typed("make"), ids=" ".join)
def test_every_target_and_its_variables_are_known(arguments):
    """Of `make`; and the options in ARGS are the command's that the target runs."""
    for target in (each for each in arguments if "=" not in each):
        assert target in TARGETS
        given = dict(each.split("=", 1) for each in arguments if "=" in each)
        assert all(f"$({key})" in MAKEFILE or f"$(or $({key})," in MAKEFILE for key in given)
        runs = re.search(r"-m fer_exp ([a-z]+)", TARGETS[target])
        if runs:
            assert unknown(runs[1], tuple(given.get("ARGS", "").split())) == []


def test_the_readme_names_every_command():
    """Whoever reads its table has seen them all."""
    text = pages.README.read_text(encoding="utf-8")
    assert [command for command in COMMANDS if f"`{command}`" not in text] == []


def test_the_readmes_findings_are_printed_elsewhere():
    """Each accuracy and difference of its sentences stands on a page that is held against the archive."""
    text = pages.README.read_text(encoding="utf-8")
    findings = text[text.index("## What came out") : text.index("## Quick start")]
    sentences = re.sub("<!-- results: .*<!-- end of results -->", "", findings, flags=re.DOTALL)
    told = set(re.findall(r"\d+\.\d\d\b", sentences))
    printed = "".join(
        page.read_text(encoding="utf-8")
        for page in (*(pages.ROOT / "docs" / "results").glob("*.md"), pages.ROOT / "docs" / "audit.md")
    )
    assert len(told) >= 5
    assert {figure for figure in told if figure not in printed} == set()


@pytest.mark.parametrize("page", pages.PAGES, ids=pages.name)
def test_every_place_that_it_links_to_is_there(page):
    """Pages, pictures, and headings within them."""
    for place, anchor in pages.links(page):
        target = (page.parent / place).resolve() if place else page
        assert target.exists(), place
        assert not anchor or anchor in pages.anchors(target), f"{place}#{anchor}"


@pytest.mark.parametrize("page", pages.PAGES, ids=pages.name)
def test_it_is_a_page_that_one_reads_at_a_go(page):
    """One title, first of all; and not too long, unless it was printed."""
    name, text = pages.name(page), page.read_text(encoding="utf-8")
    assert text.startswith("# ")
    assert len(re.findall(r"^# ", pages.prose(page), flags=re.MULTILINE)) == 1
    if name not in PRINTED and not name.startswith("docs/results/"):
        assert len(text.splitlines()) <= (150 if page == pages.README else 200)


def test_every_page_is_reached_from_the_index():
    """Of docs/, by links from page to page."""
    index = pages.ROOT / "docs" / "index.md"
    reached, to_read = {index}, [index]
    while to_read:
        page = to_read.pop()
        found = {(page.parent / place).resolve() for place, _ in pages.links(page) if place.endswith(".md")}
        to_read += found - reached
        reached |= found
    # an address of old, kept for those who have it
    assert {*(pages.ROOT / "docs").rglob("*.md")} - reached == {pages.ROOT / "docs" / "results.md"}


@pytest.mark.parametrize("page", pages.PAGES, ids=pages.name)
def test_no_page_names_the_host_of_a_package_registry(page):
    """Which index to install from is the reader's choice."""
    assert not re.search(r"pypi\.org|pythonhosted|download\.pytorch|anaconda\.org", page.read_text("utf-8"))
