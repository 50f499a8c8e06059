"""A trained network, rebuilt from its checkpoint: 48x48 pictures in, emotions out."""

from pathlib import Path

import numpy as np

from fer_exp.config import schema, settings
from fer_exp.errors import UserError
from fer_exp.fer2013 import EMOTIONS, SIDE
from fer_exp.models import checkpoint, factory
from fer_exp.models.network import Network, logits


class Classifier:
    """A trained network with its class names."""

    def __init__(self, network: Network):
        self.network = network

    @classmethod
    def load(cls, path: Path) -> "Classifier":
        """Rebuild the network of a checkpoint. Raises UserError if it is not one of ours."""
        content = checkpoint.load(path)
        if not isinstance(content.get("network"), dict):
            raise UserError(f"{path}: holds no network")
        try:
            model = schema.build(settings.Model, content.get("model"), "model")
            network = factory.rebuild(model, content["network"])
        except UserError as error:
            raise UserError(f"{path}: {error}") from None
        except RuntimeError:
            raise UserError(
                f"{path}: its weights do not fit its own description, {factory.describe(model)}"
            ) from None
        if not all(tensor.isfinite().all() for tensor in network.state_dict().values()):
            # it would answer with the first class whatever it is asked
            raise UserError(f"{path}: has weights that are no finite numbers; train it again")
        return cls(network)

    def predict(self, pictures: np.ndarray) -> np.ndarray:
        """Names of the likeliest emotions, text [N], of grey pictures 0..255 [N, 48, 48]."""
        names: np.ndarray = np.array(EMOTIONS)[self._logits(pictures).argmax(axis=1)]
        return names

    def probabilities(self, pictures: np.ndarray) -> np.ndarray:
        """Probabilities float64 [N, 7], in the order of `EMOTIONS`, of grey pictures 0..255 [N, 48, 48]."""
        outputs = self._logits(pictures).astype(np.float64)
        exponentials = np.exp(outputs - outputs.max(axis=1, keepdims=True))
        probabilities: np.ndarray = exponentials / exponentials.sum(axis=1, keepdims=True)
        return probabilities

    def _logits(self, pictures: np.ndarray) -> np.ndarray:
        pictures = np.asarray(pictures)
        if pictures.shape[1:] != (SIDE, SIDE):
            raise UserError(f"pictures must be [N, {SIDE}, {SIDE}], not {list(pictures.shape)}")
        return logits(self.network, pictures.astype(np.uint8))


def _load_pyfunc(path: str) -> Classifier:
    """What MLflow calls to serve a logged model: data and our own code, no pickle."""
    return Classifier.load(Path(path))
