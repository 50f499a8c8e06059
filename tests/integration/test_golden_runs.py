"""Golden runs: small trainings whose figures must not move while the code behind them is moved about.

They know nothing of our modules, only what a user sees: train.py and its overrides, the runs that MLflow
then holds, and the tensors in their checkpoints. So they outlive any renaming, and say whether it changed
a figure. A change that is meant to alter figures writes them anew, in the same commit, which says why:

    python tests/integration/test_golden_runs.py --write

The last digits depend on the processor and on the libraries, as these choose other kernels. The file says
on which machine it was written. On one like it everything is compared to the last bit (the test's id ends
in `bit-for-bit`); elsewhere identities and params are, metrics within TOLERANCES, and hashes of weights not
at all (`within-tolerance`).
"""

import hashlib
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from mlflow import MlflowClient

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).with_name("golden_runs.json")

COMMON = ("data=synthetic", "data.n_train=420", "data.n_test=42", "seed=3")
# two epochs each, unless it says otherwise
EPOCHS = "training.epochs=2"
# what each run is given beside these, as on the command line
RUNS = {
    "adam": [],
    "sgd": ["optimizer=sgd"],
    "sgd_momentum-tanh": ["optimizer=sgd_momentum", "model/activation=tanh"],
    "adagrad-512-256": ["optimizer=adagrad", "layers=512-256", "batch_size=256"],
    "rmsprop-sigmoid-centred": [
        "optimizer=rmsprop",
        "model/activation=sigmoid",
        "model.normalisation=centred",
    ],
    "adadelta-softmax-global": [
        "optimizer=adadelta",
        "model/activation=softmax",
        "model.normalisation=global",
    ],
    "nadam-standardised": ["optimizer=nadam", "model.normalisation=standardised"],
    "adamw-face-layer_norm": ["optimizer=adamw", "model.normalisation=face", "model.norm=layer"],
    "dropout-batch_norm": ["model.dropout=0.2", "model.norm=batch", "model/activation=gelu"],
    "cosine-smoothed": ["scheduler=cosine", "scheduler.warmup_epochs=1", "training.label_smoothing=0.1"],
    "augmented-averaged": ["augmentation=full", "training.averaging=0.9"],
    "mirrored": ["model.mirrored=true", "layers=64-32-16", "model/activation=leaky_relu"],
    "residual": ["model=residual", "model.hidden=[64,64,64]", "augmentation=moved"],
    "cnn": ["model=cnn", "model.hidden=[8,16]", "batch_size=64"],
    "mixer": ["model=mixer", "model.hidden=[32,32]", "stopping=none"],
    "random_split": ["split=random", "scheduler=none"],
    "deck": ["protocol=deck", "batch_size=16"],
    # its best epoch is by far not its last, its learning rate falls, and it stops early
    "overshooting": [
        "optimizer=adamw",
        "optimizer.lr=0.003",
        "model.normalisation=standardised",
        "scheduler.patience=0",
        "stopping.patience=2",
        "training.epochs=6",
    ],
    "bfloat16": ["training.precision=bfloat16"],
    "carried": ["protocol=deck", "audit=carryover/presented_64"],
}
# These learn from one of the above, by its name.
TAUGHT = {
    "taught": ["training.teacher=cnn", "training.taught=0.5"],
    "taught-views": [
        "training.teacher=cnn",
        "training.taught=0.9",
        "training.views=2",
        "augmentation=moved",
    ],
}

# How far a metric may be from the golden one on another machine: as a share of it, and beside that.
# A few epochs, some twenty to sixty steps, start from the same weights, and rounding grows little. Without
# any vector instructions the losses stayed within 0.015, the farthest where Adagrad's first steps overshoot.
# Accuracy moves by whole faces, of 84 in validation, as one on the edge between two classes changes sides
# (one did; four may); macro-F1 moves by more, as the rarest class has few faces. A slip may be smaller than
# that: only a machine like that of the file finds every one.
TOLERANCES = {"accuracy": (0.0, 0.05), "macro_f1": (0.0, 0.1)}
OTHERWISE = (2e-2, 5e-3)


def machine() -> dict[str, str]:
    """What decides the last digits: the libraries, and the kernels that they choose for a processor."""
    found = {
        "torch": torch.__version__,
        "numpy": np.__version__,
        "capability": torch.backends.cpu.get_cpu_capability(),
        "machine": platform.machine(),
    }
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    known = ("vendor_id", "cpu family", "model", "CPU implementer", "CPU part")
    for key, _, value in (line.partition(":") for line in lines):
        if key.strip() in known:
            found.setdefault(key.strip(), value.strip())
    return found


def run_all(folder: Path) -> dict[str, Any]:
    """Train all of them in this folder, and read what they leave there.

    Two sweeps, so that only two processes import PyTorch: Hydra is handed each run as a config file.
    """
    for name, overrides in {**RUNS, **TAUGHT}.items():
        path = folder / "golden" / "golden" / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_config([EPOCHS, *overrides]))
    for names in (RUNS, TAUGHT):
        _train(folder, "-m", f"+golden={','.join(names)}", "n_jobs=1", *COMMON)
    return dict(sorted(_runs(folder)))


def _config(overrides: list[str]) -> str:
    """Overrides as a config file that does the same when it is the last one."""
    groups = {}
    values: dict[str, Any] = {}
    for override in overrides:
        key, value = override.split("=")
        if (ROOT / "conf" / key).is_dir():
            groups[f"override /{key}"] = value
        else:
            group, _, own = key.partition(".")
            values.setdefault(group, {})[own] = yaml.safe_load(value)
    defaults = [*({group: option} for group, option in groups.items()), "_self_"]
    return f"# @package _global_\n{yaml.safe_dump({'defaults': defaults, **values})}"


def _train(folder: Path, *overrides: str) -> None:
    command = [sys.executable, ROOT / "train.py", "--config-dir", folder / "golden", *overrides]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MLFLOW_")}
    environment |= {"MLFLOW_DISABLE_TELEMETRY": "true", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _runs(folder: Path) -> Iterator[tuple[str, Any]]:
    """Each run's name among the golden ones, and all of it that is compared."""
    client = MlflowClient(f"sqlite:///{folder / 'mlflow.db'}")
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    for run in client.search_runs(experiments, "tags.kind = 'job'"):
        metrics: dict[str, dict[str, float]] = {}
        for key in sorted(run.data.metrics):
            if "seconds" not in key:
                for point in client.get_metric_history(run.info.run_id, key):
                    metrics.setdefault(str(point.step), {})[key] = point.value
        # its folder is known to MLflow as seen from where the run was made
        [kept] = folder.glob(f"mlartifacts/**/{run.info.run_id}/artifacts/checkpoints")
        last, best = (torch.load(kept / f"{which}.pt", weights_only=True) for which in ("last", "best"))
        state = {
            f"{place}.{key}": value
            for place, values in last["optimizer"]["state"].items()
            for key, value in values.items()
        }
        hashes = {"last": last["network"], "best": best["network"], "optimizer": state}
        yield (
            run.data.tags["choice.golden"],
            {
                "status": run.info.status,
                "identity": run.data.tags["identity"],
                "params": dict(sorted(run.data.params.items())),
                "metrics": metrics,
                "hashes": {key: _hash(tensors) for key, tensors in hashes.items()},
            },
        )


def _hash(tensors: Mapping[str, Any]) -> str:
    """A hash of tensors, and of numbers that an optimizer keeps beside them, in their order."""
    sha = hashlib.sha256()
    for name, value in tensors.items():
        tensor = torch.as_tensor(value).contiguous()
        sha.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        sha.update(tensor.numpy().tobytes())
    return sha.hexdigest()


def differences(golden: Mapping[str, Any], found: Mapping[str, Any], exact: bool) -> Iterator[str]:
    """What was found otherwise than it should be, a line each."""
    for name in sorted({*golden, *found}):
        if name not in golden or name not in found:
            yield f"{name}: {'not trained' if name in golden else 'not among the golden runs'}"
            continue
        was, now = _flat(golden[name]), _flat(found[name])
        for key in sorted({*was, *now}):
            if not _agree(key, was.get(key), now.get(key), exact):
                yield f"{name}: {': '.join(key)}: was {was.get(key)!r}, is {now.get(key)!r}"


def _flat(tree: Mapping[str, Any], *before: str) -> dict[tuple[str, ...], Any]:
    flat = {}
    for key, value in tree.items():
        flat |= _flat(value, *before, key) if isinstance(value, Mapping) else {(*before, key): value}
    return flat


def _agree(key: tuple[str, ...], was: Any, now: Any, exact: bool) -> bool:
    if exact or None in (was, now) or key[0] not in ("metrics", "hashes"):
        # repr: also a NaN is itself
        return repr(was) == repr(now)
    if key[0] == "hashes":
        return True
    kind = next((kind for kind in TOLERANCES if key[-1].endswith(kind)), None)
    relative, absolute = TOLERANCES.get(kind, OTHERWISE)
    return bool(np.isclose(now, was, rtol=relative, atol=absolute, equal_nan=True))


EXACT = GOLDEN.exists() and json.loads(GOLDEN.read_text())["machine"] == machine()


@pytest.mark.slow
@pytest.mark.parametrize("exact", [pytest.param(EXACT, id="bit-for-bit" if EXACT else "within-tolerance")])
def test_runs_come_to_what_they_always_came_to(exact: bool, tmp_path: Path):
    golden = json.loads(GOLDEN.read_text())

    found = run_all(tmp_path)

    moved = list(differences(golden["runs"], found, exact))
    how = "bit for bit" if exact else f"within tolerance, as {GOLDEN.name} was written on another machine"
    print(f"{len(found)} runs compared {how}")
    assert not moved, f"compared {how}:\n" + "\n".join(moved)


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit(f"usage: python {sys.argv[0]} --write")
    with tempfile.TemporaryDirectory() as made:
        content = {"machine": machine(), "runs": run_all(Path(made))}
    GOLDEN.write_text(json.dumps(content, indent=1) + "\n")
    print(f"{GOLDEN}: {len(content['runs'])} runs")
