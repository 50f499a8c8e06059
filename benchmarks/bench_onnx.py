"""Size, speed and exactness of a run's network: its checkpoint in PyTorch, and ONNX files of 32 and 8 bits.

Prints a Markdown table. Accuracy is that of the run's own validation faces; test stays closed. All are
timed on one thread, in turns; a time is the median over turns, by the number of pictures at once.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from fer_exp import console, tracking
from fer_exp.data.datasets import Dataset, load_fer2013, load_synthetic
from fer_exp.data.faces import Faces
from fer_exp.inference import onnx_export, predict
from fer_exp.models.network import logits
from fer_exp.tracking import artifacts, keys, registry

# At once.
BATCHES = (1, 256)

# Seconds that a turn takes at least: a single picture's time is too short to measure.
TURN = 0.2


def faces_of(args: argparse.Namespace, record: tracking.Record) -> Dataset:
    """The faces that a run was trained on; ends the program if they are others."""
    if args.data:
        dataset = load_fer2013(args.data, args.cache, "fail")
    else:
        numbers = (int(record.params[keys.data(key)]) for key in ("n_train", "n_test", "seed"))
        dataset = load_synthetic(*numbers, args.cache)
    if dataset.fingerprint.content != record.faces_digest:
        raise SystemExit(f"run {record.run_id} was trained on other faces than these: name them with --data")
    return dataset


def ms_a_picture(answer: Callable[[np.ndarray], np.ndarray], pictures: np.ndarray) -> float:
    """Milliseconds a picture, these pictures at once, over a turn."""
    start, count = time.perf_counter(), 0
    while (passed := time.perf_counter() - start) < TURN:
        answer(pictures)
        count += 1
    return 1000 * passed / count / len(pictures)


def answers(model: bytes) -> Callable[[np.ndarray], np.ndarray]:
    """What answers for an exported model."""
    session = onnx_export.session(model)
    return lambda pictures: session.run([onnx_export.LOGITS], {onnx_export.PICTURES: pictures})[0]


def main() -> None:
    """The table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", default="best", help="id, name, best or latest (default: best)")
    parser.add_argument("--data", type=Path, help="FER-2013, for a run that was trained on it")
    parser.add_argument("--cache", type=Path, default=Path(".cache"), help="folder for decoded faces")
    parser.add_argument("--rounds", type=int, default=11, help="turns that count")
    console.takes_store(parser)
    args = parser.parse_args()
    torch.set_num_threads(1)
    store = tracking.existing_store(args.tracking_uri, args.experiment)
    record = store.find(args.run)
    run = store.run(record.run_id)
    # the faces by which its weights were selected
    faces = faces_of(args, record).train()[artifacts.read_answers(run, artifacts.VALIDATION_ANSWERS)["face"]]
    network = registry.load_classifier(record, store).network
    whole = onnx_export.exported(network, onnx_export.described(record))
    files = {"ONNX, float32": whole, "ONNX, int8": onnx_export.quantised(whole)}
    ways = {"PyTorch, checkpoint": lambda pictures: logits(network, pictures)}
    ways |= {name: answers(model) for name, model in files.items()}
    kept = run.fetch(artifacts.WEIGHTS[record.params[keys.Param.PROTOCOL_WEIGHTS]])
    sizes = {"PyTorch, checkpoint": kept.stat().st_size}
    sizes |= {name: len(model) for name, model in files.items()}
    print(f"{predict.describe(record)}\n")
    print_table(ways, sizes, faces, args.rounds)


def print_table(ways: dict[str, Callable], sizes: dict[str, int], faces: Faces, rounds: int) -> None:
    """A row a way; the first one's logits are what the others' differ from."""
    at_once = " | ".join(f"ms a picture, {batch} at once" for batch in BATCHES)
    print(f"| network | KiB | {at_once} | largest difference in logits | labels changed | validation in % |")
    print("|---|---|" + "---|" * (len(BATCHES) + 3))
    times: dict[tuple[str, int], list[float]] = {}
    for turn in range(rounds + 1):
        for batch in BATCHES:
            for name, answer in ways.items():
                taken = ms_a_picture(answer, np.ascontiguousarray(faces.pixels[:batch]))
                # the first turn warms all up
                if turn:
                    times.setdefault((name, batch), []).append(taken)
    expected = next(iter(ways.values()))(faces.pixels)
    for name, answer in ways.items():
        found = answer(faces.pixels)
        changed = np.count_nonzero(found.argmax(axis=1) != expected.argmax(axis=1))
        cells = [f"{sizes[name] / 1024:,.0f}"]
        cells += [f"{statistics.median(times[name, batch]):.4f}" for batch in BATCHES]
        cells += [f"{np.abs(found - expected).max():.2g}", f"{changed:,} of {len(faces):,}"]
        cells.append(f"{100 * (found.argmax(axis=1) == faces.labels).mean():.2f}")
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
