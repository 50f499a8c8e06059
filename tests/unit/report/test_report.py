"""The page: what it holds of a store, what it says of gaps, that nothing of the store is run or fetched."""

import itertools
import re
import shutil
from pathlib import Path

import pytest
from helpers.browser import chromium
from helpers.report_pages import (
    EVIL,
    MLP,
    Reader,
    english_in,
    evaluated,
    keep_network,
    searched,
    store_in,
    swept,
    written,
)

from fer_exp import console
from fer_exp.errors import UserError
from fer_exp.report.source import image
from fer_exp.report.words import words_of
from fer_exp.tracking import artifacts

# one worker for all: they share pages that take seconds to write
pytestmark = pytest.mark.xdist_group("report")


@pytest.fixture(scope="module")
def full(tmp_path_factory, migrated_store, tiny_dataset) -> dict[str, str]:
    """The pages, by language, of a study of four arms: best, worst, of an odd name, and without a run."""
    folder = tmp_path_factory.mktemp("full")
    store = store_in(folder, migrated_store)
    arms = {"relu": [0.39, 0.40], EVIL: [0.35, 0.36], "softmax": [0.25, 0.26], "tanh": []}
    runs = swept(store, tiny_dataset, arms)
    evaluated(runs["relu"][1], tiny_dataset, known=4)
    baseline = store.create(
        "majority", {}, {"kind": "baseline", "identity": "m", "faces": tiny_dataset.fingerprint.content}
    )
    with baseline.recording():
        evaluated(baseline, tiny_dataset, known=0, gallery=False)
        baseline.log({"solver/seconds": 1.0})
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        return {language: written(folder, "--faces", "--lang", language) for language in ("en", "ko")}


@pytest.fixture
def folder(tmp_path, migrated_store, monkeypatch) -> Path:
    """A folder to work in, with an empty store."""
    store_in(tmp_path, migrated_store)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_page_is_whole_and_well_formed(full, language):
    """One h1, no heading skipped, the language named, ids once, and every element closed."""
    page = Reader(full[language])
    headings = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert headings[0] == 1
    assert headings.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(headings))
    assert page.all("html") == [{"lang": language}]
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids)) > 8
    assert len(page.all("table")) == len(page.all("caption"))
    assert all(attributes.get("scope") in ("row", "col") for attributes in page.all("th"))
    assert len(full[language].encode()) < 5_000_000


@pytest.mark.parametrize("language", ["en", "ko"])
def test_every_picture_says_what_is_seen_with_numbers(full, language):
    """Alt texts are sentences with figures in them; the page has all kinds of pictures."""
    page = Reader(full[language])
    said = [attributes["alt"] for attributes in page.all("img")]
    drawn = page.all("svg")
    assert all(attributes["role"] == "img" for attributes in drawn)
    said += [attributes["aria-label"] for attributes in drawn]
    # intervals, three learning curves, recall, a confusion matrix, weights, baselines and the gallery
    assert len(said) == 9
    assert all(len(text) > 20 and re.search(r"\d", text) for text in said)


@pytest.mark.parametrize("language", ["en", "ko"])
def test_nothing_is_fetched_or_run(full, language):
    """No address outside of the page, and no script, whatever a run is called."""
    page = Reader(full[language])
    for _, attributes in page.elements:
        for key in ("src", "href", "xlink:href"):
            assert attributes.get(key, "#").startswith(("#", "data:"))
    assert not page.all("script")
    assert "&lt;script&gt;alert(" in full[language]
    assert "{{ 7 * 7 }}" in full[language]
    assert r"\x1b[2J\u202e" in full[language]
    assert not set(full[language]) & set("\x1b\u202e")
    assert not re.search(r"url\((?!#)|@import", full[language])


def test_it_starts_with_what_holds(full):
    """In a sentence, before any table."""
    first = full["en"].partition("<table>")[0]
    assert re.findall("<h2>(.*?)</h2>", first) == ["What holds"]
    assert re.search(r"judge (one conclusion|\d conclusions) of the deck: \d undecided\.", first)


def test_what_is_missing_is_said_in_place(full):
    """Arms without a run, without test, and studies that the closing table lacks."""
    assert "tanh · seed 0: missing" in full["en"]
    assert "The test set has not been evaluated for softmax: python evaluate.py run=" in full["en"]
    assert "ridge: python evaluate.py baseline=ridge fits it" in full["en"]
    assert re.search("the other conclusions: study=.*layers", full["en"])


def test_the_confusion_matrix_is_drawn_from_the_answers(full):
    """Of invented answers, those of the first classes right and the rest happy."""
    [said] = [
        each["aria-label"] for each in Reader(full["en"]).all("svg") if "Confusion" in each["aria-label"]
    ]
    assert "angry: 100 % correct" in said
    assert "neutral: 0 % correct, most often predicted as happy (100 %)" in said
    assert "기쁨(happy)" in full["ko"]


def test_no_sentence_stays_english_on_a_korean_page(full):
    """Outside of code, of names, and of what is marked as English."""
    assert english_in(Reader(full["ko"])) == []


def test_an_empty_store_makes_a_page_that_says_so(folder):
    """With the command that would fill it."""
    page = written(folder)
    assert "There is no finished run in this store yet" in page
    assert "Answering with the largest class" in page
    Reader(page)


def test_a_search_shows_its_best_trials_and_what_fewer_would_have_reached(
    folder, migrated_store, tiny_dataset
):
    """Two tables and a curve for each arm; test is not asked for, and its best trial is nobody's best run."""
    searched(
        store_in(folder, migrated_store), tiny_dataset, {"adam": [0.3, 0.4, None], "sgd": [0.35, 0.2, 0.3]}
    )
    english, korean = (Reader(written(folder, "--lang", language)) for language in ("en", "ko"))
    for page in (english, korean):
        said = [each["aria-label"] for each in page.all("svg")]
        assert [text[:4] for text in said] == ["adam", "sgd:"]
        assert said[0].endswith("1: 31.67, 2: 36.67, 3: 40.00.")
        text = "".join(text for _, text in page.text)
        assert "evaluate.py study=optimizer_search" not in text
        assert "search.trial=0,1,2" in text
    assert english_in(korean) == []


def test_lost_artifacts_leave_gaps_and_no_traceback(folder, migrated_store, tiny_dataset):
    """No checkpoint, no answers, no pictures, no plan of another sweep: each is named where it is missed."""
    store = store_in(folder, migrated_store)
    [run], _ = swept(store, tiny_dataset, {"relu": [0.4], "tanh": [0.3]}).values()
    evaluated(run, tiny_dataset, known=4)
    shutil.rmtree(folder / "mlartifacts" / run.id)
    tags = {"kind": "sweep", "study": "layers", "protocol": "honest", "faces": "x"}
    with store.create("layers", {}, tags).recording():
        pass
    page = written(folder, "--faces")
    assert "its plan is lost" in page
    assert "cannot be read" in page
    assert "holds no gallery" in page
    assert "holds no confusion matrix" in page
    Reader(page)


def test_a_network_without_a_layer_over_the_pixels_leaves_a_gap(folder, migrated_store, tiny_dataset):
    """A convolution sees a few pixels at a time, so there is nothing to show as a face."""
    store = store_in(folder, migrated_store)
    [[run]] = swept(store, tiny_dataset, {"cnn": [0.4]}).values()
    keep_network(run, MLP | {"name": "cnn", "hidden": [2, 2]}, tiny_dataset)
    page = written(folder)
    assert "its first layer does not see all pixels at once" in page


@pytest.mark.parametrize(("content", "said"), [(None, "cannot be read"), (b"GIF89a", "is no PNG")])
def test_a_picture_that_is_none_is_refused(tmp_path, content, said):
    """It would be a broken picture on the page; so it is a gap instead."""
    path = tmp_path / "gallery.png"
    if content:
        path.write_bytes(content)
    with pytest.raises(UserError, match=said):
        image(path, "faces")


def test_the_page_is_kept_with_its_sweep_and_repeated_by_what_was_typed(
    folder, migrated_store, tiny_dataset, capsys
):
    """In the newest sweep of the study, by its language; without faces nobody asked for.

    With all settings that the study was given, which its name alone does not tell.
    """
    store = store_in(folder, migrated_store)
    swept(store, tiny_dataset, {"relu": [0.4]})
    [sweep] = store.records(kind="sweep")
    typed = "python train.py study=activation 'seed=range(0,2)' training.epochs=3"
    store.client.log_param(sweep.run_id, "command", typed)
    page = written(folder, "--study", "activation", "--lang", "ko")
    assert store.run(sweep.run_id).fetch(artifacts.report("ko")).read_text(encoding="utf-8") == page
    assert typed in "".join(text for _, text in Reader(page).text)
    assert "<h2>" in page
    assert words_of("ko")("gallery") not in page
    assert f"in run {sweep.run_id[:8]} (" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments", [("--study", "nowhere"), ("--output", "/proc/x/page.html"), ("--tracking-uri", "gopher://x")]
)
def test_a_mistake_is_one_line_and_exit_2(folder, arguments, capsys):
    """A study that is not there, a place that cannot be written, a store that cannot be opened."""
    with pytest.raises(SystemExit) as ended, console.mistakes_in_one_line():
        written(folder, *arguments)
    assert ended.value.code == 2
    [line] = capsys.readouterr().err.strip().splitlines()
    assert line.startswith("error: ")


@pytest.mark.slow
def test_a_browser_shows_it_without_complaint(full, tmp_path):
    """No error in the console, no broken picture, and no sideways scroll on a phone, light or dark."""
    with chromium() as browser:
        for language, text in full.items():
            path = tmp_path / f"{language}.html"
            path.write_text(text, encoding="utf-8")
            for scheme in ("light", "dark"):
                page = browser.new_page(viewport={"width": 360, "height": 740}, color_scheme=scheme)
                errors: list[str] = []
                page.on("console", lambda said, errors=errors: errors.append(said.text))
                page.on("pageerror", lambda error, errors=errors: errors.append(str(error)))
                page.on("request", lambda asked, errors=errors: errors.append(asked.url[:200]))
                page.goto(path.as_uri())
                widths = page.evaluate("[...document.images].map(image => image.naturalWidth)")
                assert widths
                assert all(widths)
                assert page.evaluate("document.documentElement.scrollWidth") <= 360
                assert [each for each in errors if not each.startswith(("file:", "data:"))] == []
