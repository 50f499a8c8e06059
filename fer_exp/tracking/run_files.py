"""Where the files of a store's runs lie: beside a store in a file, and so they move with it.

MLflow keeps the absolute place that their folder had when the store was made. Here it counts from the store's
own folder, and what MLflow keeps is set right when the store is found elsewhere: renamed, copied, or mounted.
"""

from pathlib import Path
from urllib.parse import unquote, urlparse

from mlflow.entities import Experiment

from fer_exp import places
from fer_exp.errors import UserError
from fer_exp.tracking import keys

# The folder beside the store where nobody says otherwise.
USUAL = "mlartifacts"


def local_path(address: str) -> Path | None:
    """The folder of an artifact URI, or None if it is not on this machine."""
    parts = urlparse(address)
    if parts.scheme == "file":
        return Path(unquote(parts.path))
    return Path(address) if parts.scheme == "" else None


def chosen_address(store: Path, chosen: str) -> str:
    """The address of the folder that is chosen for a store's runs; a path counts from the store's folder."""
    return chosen if places.is_elsewhere(chosen) else (_folder(store) / chosen).as_uri()


def from_store(store: Path, experiment: Experiment) -> str | None:
    """The path from a store's folder to the files of an experiment; None if they lie elsewhere for good."""
    if keys.Tag.FILES in experiment.tags:
        known: str = experiment.tags[keys.Tag.FILES]
        return known
    was, folder = local_path(experiment.artifact_location), _folder(store)
    if was is None:
        return None
    if was.is_relative_to(folder):
        return was.relative_to(folder).as_posix()
    # a store that was made before the tag was, and moved since, or copied: its files came with it
    left = was.exists() and not (was.parent / store.name).exists()
    return was.name if (folder / was.name).is_dir() and not left else None


def address(store: Path, relative: str) -> str:
    """The address of the folder at a path from a store's own."""
    return (_folder(store) / relative).as_uri()


def as_reached(store: Path, relative: str, told: str) -> str:
    """The address of a run's files as this process reaches the store, beside which they are to lie.

    relative: their path from the store's folder. told: what MLflow says. Somebody who reaches the store by
    another path, such as a container that mounts it, may have set that.
    """
    if not told.endswith(f"/{relative}"):
        return told
    here, there = address(store, relative), local_path(told)
    folder = local_path(here)
    if there is None or folder is None or (there.exists() and not folder.exists()):
        # a store that was copied without the files of its older runs
        return told
    return here


def refuse_another(store: Path, chosen: str, experiment: str, now: str) -> None:
    """Raise UserError if a folder is chosen for an experiment that has another; MLflow would say nothing."""
    wanted = chosen_address(store, chosen)
    if chosen != USUAL and (local_path(wanted) or wanted) != (local_path(now) or now):
        raise UserError(
            f"tracking.artifacts={chosen}: the runs of tracking.experiment={experiment} have their files in "
            f"{local_path(now) or now}; leave it out, or choose another experiment"
        )


def _folder(store: Path) -> Path:
    # one folder by whatever link it is reached
    return store.resolve().parent
