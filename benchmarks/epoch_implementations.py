"""One epoch of training by each of the ways that `bench_epoch.py` compares, on the same faces and shapes.

A way is a function of a `Task` that prepares what it needs and returns a function of one epoch. That
returns seconds where it only computes what an epoch would take, and nothing where it makes one.
"""

import io
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf
from PIL import Image
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, Dataset, TensorDataset

from fer_exp.config import settings
from fer_exp.config.settings import Experiment
from fer_exp.config.targets import named_class
from fer_exp.data.faces import Faces
from fer_exp.data.splits import Split
from fer_exp.fer2013 import EMOTIONS
from fer_exp.models import linear
from fer_exp.models.activation import activation_factory
from fer_exp.models.network import PIXELS
from fer_exp.training.trainer import Trainer

Epoch = Callable[[], float | None]


@dataclass(frozen=True)
class Task:
    """faces: the N to fit on; none for what reads the JPEGs in `folder`, named NUMBER_LABEL.jpg."""

    chosen: Experiment
    faces: Faces | None
    folder: Path


def compose_settings(optimizer: str, layers: str, batch: int, *more: str) -> Experiment:
    """The study's settings at a constant rate, for any number of epochs; layers: as in `128-32`."""
    OmegaConf.register_new_resolver("cores", lambda: 1, replace=True)
    conf = Path(__file__).resolve().parent.parent / "conf"
    choices = [f"optimizer={optimizer}", f"model.hidden=[{layers.replace('-', ',')}]"]
    choices += [f"training.batch_size={batch}", "training.epochs=1000", "scheduler=none", "stopping=none"]
    choices += more
    with initialize_config_dir(str(conf), version_base="1.3"):
        return settings.parse(OmegaConf.to_container(compose("train", overrides=choices), resolve=True))


def ours(task: Task) -> Epoch:
    """`Trainer`, its scores of the fitted faces included, validated on seven faces."""
    trainer = Trainer(task.chosen, task.faces, Split(np.arange(len(task.faces)), np.arange(len(EMOTIONS))))
    epochs = trainer.epochs()

    def epoch() -> None:
        next(epochs)

    return epoch


def network(task: Task) -> torch.nn.Module:
    """PyTorch's own layers, for inputs that are scaled already."""
    activation = activation_factory(task.chosen.model.activation)
    sizes = [PIXELS, *task.chosen.model.hidden]
    hidden = (
        layer
        for before, after in itertools.pairwise(sizes)
        for layer in (torch.nn.Linear(before, after), activation())
    )
    return torch.nn.Sequential(*hidden, torch.nn.Linear(sizes[-1], len(EMOTIONS)))


def plain_epoch(task: Task, data: Dataset) -> Epoch:
    """PyTorch's manual: a DataLoader, autograd, an optimizer with its defaults."""
    chosen, layers = task.chosen.optimizer, network(task)
    cls = named_class("optimizer", chosen.target, torch.optim.Optimizer)
    rates = {"lr": chosen.lr, "weight_decay": chosen.weight_decay}
    optimizer = cls(layers.parameters(), **rates, **chosen.options)
    loader = DataLoader(data, batch_size=task.chosen.training.batch_size, shuffle=True)

    def epoch() -> None:
        for inputs, labels in loader:
            optimizer.zero_grad()
            cross_entropy(layers(inputs), labels).backward()
            optimizer.step()

    return epoch


def scaled(faces: Faces) -> np.ndarray:
    """Inputs float32 [N, 2304] in 0..1."""
    found = faces.pixels.reshape(len(faces), -1).astype(np.float32)
    found /= 255
    return found


def tensors(task: Task) -> Epoch:
    """(b) TensorDataset of float32."""
    return plain_epoch(
        task, TensorDataset(torch.from_numpy(scaled(task.faces)), torch.from_numpy(task.faces.labels))
    )


class Pictures(Dataset):
    """What torchvision's ImageFolder with Grayscale and ToTensor does, flattened."""

    def __init__(self, folder: Path):
        self.files = [(path, int(path.stem.split("_")[1])) for path in sorted(folder.iterdir())]

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, place: int) -> tuple[torch.Tensor, int]:
        path, label = self.files[place]
        with open(path, "rb") as file:
            picture = np.asarray(Image.open(file).convert("L"))
        return torch.from_numpy(picture.reshape(-1).astype(np.float32) / 255), label


def write_pictures(faces: Faces, folder: Path) -> None:
    """The faces as JPEGs of quality 95."""
    for number, (picture, label) in enumerate(zip(faces.pixels, faces.labels, strict=True)):
        written = io.BytesIO()
        Image.fromarray(picture).save(written, "JPEG", quality=95)
        (folder / f"{number:06}_{label}.jpg").write_bytes(written.getvalue())


def pictures(task: Task) -> Epoch:
    """(a) Files decoded anew each epoch, in this process."""
    return plain_epoch(task, Pictures(task.folder))


def scikit_learn(task: Task) -> Epoch:
    """(c) MLPClassifier, whose partial_fit is one epoch; it has Adam and SGD alone."""
    from sklearn.neural_network import MLPClassifier

    inputs, labels = scaled(task.faces), task.faces.labels
    model = MLPClassifier(
        tuple(task.chosen.model.hidden), batch_size=task.chosen.training.batch_size, alpha=0
    )

    def epoch() -> None:
        model.partial_fit(inputs, labels, classes=np.arange(len(EMOTIONS)))

    return epoch


def lightning(task: Task) -> Epoch:
    """(d) Lightning's Trainer over (b), with its logger, checkpoints and bars switched off."""
    from lightning import LightningModule
    from lightning import Trainer as Lightning

    chosen = task.chosen.optimizer
    cls = named_class("optimizer", chosen.target, torch.optim.Optimizer)

    class Module(LightningModule):
        def __init__(self):
            super().__init__()
            self.layers = network(task)

        def training_step(self, batch: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
            return cross_entropy(self.layers(batch[0]), batch[1])

        def configure_optimizers(self) -> torch.optim.Optimizer:
            rates = {"lr": chosen.lr, "weight_decay": chosen.weight_decay}
            return cls(self.parameters(), **rates, **chosen.options)

    data = TensorDataset(torch.from_numpy(scaled(task.faces)), torch.from_numpy(task.faces.labels))
    loader = DataLoader(data, batch_size=task.chosen.training.batch_size, shuffle=True)
    module, quiet = (
        Module(),
        ("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"),
    )

    def epoch() -> None:
        options = dict.fromkeys(quiet, False)
        Lightning(max_epochs=1, accelerator="cpu", devices=1, **options).fit(module, loader)

    return epoch


def jax_scan(task: Task) -> Epoch:
    """(e) The whole epoch as one `jax.lax.scan`, compiled."""
    from jax_epoch import epoch_of

    model, training = task.chosen.model, task.chosen.training
    optimizer = task.chosen.optimizer
    return epoch_of(task.faces, list(model.hidden), model.activation.name, optimizer, training.batch_size)


# How many numbers an optimizer keeps of each weight.
KEPT = {"sgd": 0, "sgd_momentum": 1, "adagrad": 1, "rmsprop": 1} | dict.fromkeys(
    ("adadelta", "adam", "nadam", "adamw"), 2
)


def floor(task: Task) -> Epoch:
    """What the processor could do: all products at its best rate, and the optimizer's bytes moved once.

    The rate is that of a large product of the faster library, the bytes' that of a copy of as many as the
    weights have; both are measured anew each time.
    """
    batch, faces = task.chosen.training.batch_size, len(task.faces)
    sizes = [PIXELS, *task.chosen.model.hidden, len(EMOTIONS)]
    weights = [before * after for before, after in itertools.pairwise(sizes)]
    # forward and the weights' gradient; the slope of what entered, but for the first layer
    operations = faces * sum(2 * 2 * each for each in weights) + faces * sum(2 * each for each in weights[1:])
    # read: weights, slopes and state; written: weights and state
    numbers = -(-faces // batch) * sum(weights) * (3 + 2 * KEPT[task.chosen.optimizer.name])
    left, right, out = torch.rand(3, 1024, 1024)
    by = linear.fastest(1024**3, left)
    here, there = torch.rand(2, sum(weights))

    def epoch() -> float:
        product = shortest(lambda: by.product(left, right.t(), out))
        copy = shortest(lambda: there.copy_(here))
        return operations * product / (2 * 1024**3) + 4 * numbers * copy / (2 * 4 * len(here))

    return epoch


def shortest(call: Callable[[], object], times: int = 20) -> float:
    """Seconds of processor time of the quickest of some calls."""
    found = []
    for _ in range(times):
        start = time.process_time()
        call()
        found.append(time.process_time() - start)
    return min(found)


WAYS = {
    "ours": ours,
    "(a) JPEG files, PIL, DataLoader": pictures,
    "(b) TensorDataset, DataLoader": tensors,
    "(c) scikit-learn": scikit_learn,
    "(d) Lightning": lightning,
    "(e) JAX, compiled scan": jax_scan,
    "floor": floor,
}
