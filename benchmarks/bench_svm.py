"""Time libsvm and `ExactLinearSVC` on growing parts of FER-2013 and print a Markdown table.

Every fit runs in a process of its own, so that its peak memory is its own. Both work on the same faces,
standardised pixel by pixel over the whole train split; the accuracy is that of the whole test split.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from fer_exp.data.datasets import load_fer2013

LIBSVM_SIZES = (1_000, 2_000, 4_000)
OUR_SIZES = (1_000, 2_000, 4_000, 8_000, 28_709)
# libsvm's own default; a tighter one costs it more time.
LIBSVM_TOL = 1e-3


def faces(root: Path, cache: Path, n: int) -> tuple[np.ndarray, ...]:
    """n shuffled train faces, float64 [n, 2304], the test faces, and the labels of both."""
    data = load_fer2013(root, cache, "fail")
    train, test = data.train(), data.test()
    x, t = (part.pixels.reshape(len(part.labels), -1).astype(np.float64) for part in (train, test))
    mean, spread = x.mean(axis=0), x.std(axis=0)
    for rows in (x, t):
        rows -= mean
        rows /= spread
    config = np.random.default_rng(0).permutation(len(x))[:n]
    return x[config], train.labels[config], t, test.labels


def certificate(model, x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """The sum of a libsvm model's primal objectives over its pairs, and its widest relative gap."""
    starts = np.r_[0, np.cumsum(model.n_support_)]
    total, widest, k = 0.0, 0.0, 0
    for i in range(len(model.classes_)):
        for j in range(i + 1, len(model.classes_)):
            w, b = model.coef_[k], model.intercept_[k]
            hinges = np.maximum(0, 1 - x[y == i] @ w - b).sum() + np.maximum(0, 1 + x[y == j] @ w + b).sum()
            primal = 0.5 * w @ w + hinges
            alphas = model.dual_coef_[j - 1, starts[i] : starts[i + 1]].sum()
            alphas -= model.dual_coef_[i, starts[j] : starts[j + 1]].sum()
            total, widest, k = total + primal, max(widest, 1 - (alphas - 0.5 * w @ w) / primal), k + 1
    return total, widest


def measure(solver: str, root: Path, cache: Path, n: int) -> dict:
    """Fit once and say what it took."""
    x, y, t, labels = faces(root, cache, n)
    if solver == "libsvm":
        from sklearn.svm import SVC

        model = SVC(kernel="linear", tol=LIBSVM_TOL)
    else:
        from fer_exp.evaluation.baselines.svm.linear_svc import ExactLinearSVC

        model = ExactLinearSVC()
    start = time.perf_counter()
    model.fit(x, y)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    if solver == "libsvm":
        objective, gap = certificate(model, x, y)
    else:
        objective, gap = model.objectives_.sum(), model.gaps_.max()
    accuracy = (model.predict(t) == labels).mean()
    return {
        "seconds": seconds,
        "gap": float(gap),
        "objective": float(objective),
        "peak": peak,
        "accuracy": float(accuracy),
        "pairs": [round(s, 2) for s in getattr(model, "fit_seconds_", [])],
    }


def growth(sizes: list[int], seconds: list[float]) -> str:
    """The exponent of n between this size and the last one."""
    if len(sizes) < 2:
        return "-"
    return f"{np.log(seconds[-1] / seconds[-2]) / np.log(sizes[-1] / sizes[-2]):.2f}"


def main() -> None:
    """Measure every size in a process of its own and print the table as it grows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="FER-2013: folder, zip or CSV")
    parser.add_argument("--cache", type=Path, required=True, help="folder for the decoded set")
    parser.add_argument("--libsvm", type=int, nargs="*", default=LIBSVM_SIZES, help="numbers of faces")
    parser.add_argument("--ours", type=int, nargs="*", default=OUR_SIZES, help="numbers of faces")
    parser.add_argument("--one", nargs=2, metavar=("SOLVER", "N"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        print(json.dumps(measure(args.one[0], args.data, args.cache, int(args.one[1]))))
        return
    print("| solver | faces | seconds | growth n^ | widest gap | objective | peak GiB | test | load |")
    print("|---|---|---|---|---|---|---|---|---|")
    command = [sys.executable, __file__, "--data", str(args.data), "--cache", str(args.cache), "--one"]
    for solver, wanted in (("libsvm", args.libsvm), ("ours", args.ours)):
        sizes, seconds = [], []
        for n in wanted:
            load = os.getloadavg()[0]
            run = subprocess.run([*command, solver, str(n)], check=True, stdout=subprocess.PIPE)
            found = json.loads(run.stdout.splitlines()[-1])
            sizes.append(n)
            seconds.append(found["seconds"])
            print(
                f"| {solver} | {n:,} | {found['seconds']:.1f} | {growth(sizes, seconds)} "
                f"| {found['gap']:.1e} | {found['objective']:.3f} | {found['peak']:.2f} "
                f"| {found['accuracy']:.4f} | {load:.1f} |",
                flush=True,
            )
            if found["pairs"]:
                print(f"  seconds a pair: {found['pairs']}", file=sys.stderr)


if __name__ == "__main__":
    main()
