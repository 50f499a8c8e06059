"""The commit that is kept with a run can repeat it, or says that it cannot."""

import subprocess

import pytest

from fer_exp.tracking import git

OPTION = "conf/model/activation/silu.yaml"


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository of its own, with the package and an option in it, and its commit."""
    for name in ("fer_exp/__init__.py", "conf/train.yaml", "README.md", ".gitignore"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("/.cache/\n__pycache__/\nmine.yaml\n" if name == ".gitignore" else "first\n")
    who = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
    for command in (["init", "-q"], ["add", "."], [*who, "commit", "-qm", "first"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    monkeypatch.setattr(git, "ROOT", tmp_path)
    git.git_revision.cache_clear()
    yield tmp_path
    git.git_revision.cache_clear()


@pytest.mark.parametrize(
    ("changed", "dirty"),
    [
        (None, False),
        ("notes.txt", False),
        (".cache/faces.npy", False),
        ("README.md", True),
        ("conf/train.yaml", True),
        (OPTION, True),
        ("conf/model/mine.yaml", True),
        ("fer_exp/__pycache__/new.pyc", False),
        ("fer_exp/models/new.py", True),
    ],
)
def test_it_says_dirty_for_whatever_changes_what_runs(repository, changed, dirty):
    """Also for a file that git does not know yet, or is told to ignore."""
    if changed:
        (repository / changed).parent.mkdir(parents=True, exist_ok=True)
        (repository / changed).write_text("second\n")
    commit, mark, _ = git.git_revision().partition("-dirty")
    assert len(commit) == 40
    assert bool(mark) == dirty


def test_the_commit_of_another_repository_is_none_of_ours(repository, monkeypatch):
    """As where the package is installed in a folder of a project that is under git."""
    inside = repository / ".cache" / "site-packages"
    (inside / "fer_exp").mkdir(parents=True)
    (inside / "fer_exp" / "__init__.py").touch()
    monkeypatch.setattr(git, "ROOT", inside)
    assert git.git_revision() == ""
