"""Where things lie on this machine, left out of what a run says: whoever reads it has other folders."""

from pathlib import Path
from urllib.parse import unquote, urlparse

from mlflow import MlflowClient
from mlflow.models.model import ModelInfo


def left_out(text: str, *folders: Path | None) -> str:
    """A text without these folders, and without the current one and the user's own."""
    for folder in (*folders, Path.cwd(), Path.home()):
        text = text.replace(f"{folder}/", "")
    return text


def leave_out_of_model(client: MlflowClient, logged: ModelInfo) -> None:
    """Rewrite what MLflow notes of a logged model: the path of the program, and its own."""
    client.set_logged_model_tags(logged.model_id, {"mlflow.source.name": "fer_exp"})
    place = urlparse(logged.artifact_path)
    if place.scheme in ("", "file"):
        description = Path(unquote(place.path)) / "MLmodel"
        text = description.read_text(encoding="utf-8")
        description.write_text(text.replace(logged.artifact_path, "model"), encoding="utf-8")
