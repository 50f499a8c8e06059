"""The pages of results are what the archive of runs prints."""

import shutil

import pytest
from helpers.processes import ROOT

from fer_exp.report import results
from fer_exp.tracking.archive import restore_runs

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs" / "results").glob("*.md"))]
PAGES = [path.relative_to(ROOT) for path in PAGES]


@pytest.mark.slow
def test_every_table_and_chart_comes_from_the_archive(tmp_path, monkeypatch):
    """To the letter, in an empty store: no figure on these pages was typed."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ROOT / "docs" / "results", "docs/results")
    shutil.copy(ROOT / "README.md", tmp_path)
    restore_runs.main([str(ROOT / "docs" / "runs.jsonl.gz")])
    results.main([*map(str, PAGES)])
    for page in PAGES:
        assert page.read_text(encoding="utf-8") == (ROOT / page).read_text(encoding="utf-8")
    for picture in (ROOT / "docs" / "results").glob("*.png"):
        assert (tmp_path / "docs/results" / picture.name).read_bytes() == picture.read_bytes()
