"""A store and the files beside it move together, and a copy leaves the original alone."""

import shutil

import pytest

from fer_exp import tracking
from fer_exp.config import settings
from fer_exp.errors import UserError


def opened(folder, artifacts="mlartifacts"):
    """The store in a folder."""
    return tracking.Store(settings.Tracking(f"sqlite:///{folder}/mlflow.db", artifacts, "test", False))


@pytest.fixture
def folder(tmp_path, migrated_store):
    """A folder with a store, in which a run keeps a text, and a registered model names its files."""
    path = tmp_path / "표정 old"
    path.mkdir()
    shutil.copy(migrated_store, path / "mlflow.db")
    store = opened(path)
    run = store.create("a", {}, {})
    run.text("note.txt", "kept")
    store.client.create_registered_model("named")
    store.client.create_model_version("named", run.artifacts, await_creation_for=0)
    return path


@pytest.mark.fault(
    "Disk: the folder of a store renamed, copied, copied by an older version, or reached by a link",
    trials=4,
    expected="its files are found; new ones lie beside it, and the original stays as it was",
)
@pytest.mark.parametrize("how", ["renamed", "copied", "of before", "a link"])
def test_a_store_and_the_files_beside_it_move_together(folder, tmp_path, how):
    """MLflow keeps the absolute place that the folder had."""
    new = tmp_path / "new 표정"
    if how == "renamed":
        folder.rename(new)
    elif how == "a link":
        new.symlink_to(folder)
    else:
        if how == "of before":
            store = opened(folder)
            store.client.delete_experiment_tag(store.experiment_id, "files")
        shutil.copytree(folder, new)
    there_before = sorted(folder.rglob("*.txt")) if folder.exists() else None
    store = opened(new)
    [record] = store.records()
    assert store.run(record.run_id).fetch("note.txt").read_text() == "kept"
    made = store.create("b", {}, {})
    made.text("other.txt", "new")
    # as MLflow's pages find it, too
    told = store.client.get_run(made.id).info.artifact_uri
    at = (new.resolve() / "mlartifacts").as_uri()
    assert told == f"{at}/{made.id}/artifacts"
    [version] = store.client.search_model_versions("name = 'named'")
    assert version.source == f"{at}/{record.run_id}/artifacts"
    assert len(list(new.rglob("*.txt"))) == 2
    if how in ("copied", "of before"):
        assert sorted(folder.rglob("*.txt")) == there_before
    else:
        assert how == "a link" or not folder.exists()


def test_a_store_that_was_copied_alone_finds_the_files_of_its_older_runs(folder, tmp_path):
    """Where they are; new ones lie beside the copy."""
    for path in folder.glob("mlflow.db*"):
        if path.is_file():
            shutil.copy(path, tmp_path / path.name)
    store = opened(tmp_path)
    [record] = store.records()
    assert store.run(record.run_id).fetch("note.txt").is_relative_to(folder)
    store.create("b", {}, {}).text("other.txt", "new")
    assert len(list((tmp_path / "mlartifacts").rglob("other.txt"))) == 1
    assert not list(folder.rglob("other.txt"))


def test_a_store_that_two_machines_mount_is_written_by_both(folder, tmp_path):
    """A container that trains goes on where it was, when somebody outside has looked at the store."""
    mounted = tmp_path / "mounted"
    inside = opened(folder)
    folder.rename(mounted)
    opened(mounted)
    mounted.rename(folder)
    made = inside.create("b", {}, {})
    made.text("other.txt", "new")
    assert (folder / "mlartifacts" / made.id / "artifacts" / "other.txt").exists()
    assert not mounted.exists()


def test_a_folder_for_files_that_would_have_no_effect_is_refused(folder, tmp_path):
    """MLflow fixes it when the store is made; the usual one stands for whatever that was."""
    with pytest.raises(
        UserError, match=r"tracking\.artifacts=s3://a/b: the runs of .*=test have their files"
    ):
        opened(folder, "s3://a/b")
    opened(folder, str(folder / "mlartifacts"))
    elsewhere = tmp_path / "elsewhere"
    shutil.copy(folder / "mlflow.db", tmp_path / "mlflow.db")
    store = tracking.Store(settings.Tracking(f"sqlite:///{tmp_path}/mlflow.db", str(elsewhere), "b", False))
    store.create("a", {}, {}).text("note.txt", "kept")
    assert len(list(elsewhere.rglob("note.txt"))) == 1
    assert tracking.open_store(store.uri, "b").files == "elsewhere"


def test_files_of_runs_in_a_bucket_are_left_to_mlflow(migrated_store, tmp_path):
    """The address is given on as it is."""
    shutil.copy(migrated_store, tmp_path / "mlflow.db")
    own = settings.Tracking(f"sqlite:///{tmp_path}/mlflow.db", "s3://runs/fer", "own", False)
    store = tracking.Store(own)
    [found] = [each for each in store.client.search_experiments() if each.name == "own"]
    assert found.artifact_location == "s3://runs/fer"
    assert store.files is None
