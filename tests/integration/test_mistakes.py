"""Mistakes as a user sees them: real processes, which start the sooner the more of them one worker runs."""

import pytest
from helpers.processes import FEW, open_store, run

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("processes")]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["optimizer.lrr=1"], "no such setting; did you mean optimizer.lr?"),
        (["optimiser=sgd"], "no such setting; did you mean optimizer?"),
        (["lr=0.1"], "no such setting; did you mean optimizer.lr?"),
        (["epochs=5"], "no such setting; did you mean training.epochs?"),
        (["--optimizer", "sgd"], "--optimizer: a setting has no dashes; write optimizer=VALUE"),
        (["data.root=faces"], "no such setting; known in data, as it is chosen: name, "),
        (["optimizer=sdg"], "optimizer=sdg: there is no such option; did you mean sgd? known: adadelta, "),
        (["-m", "optimizer=sgd,foo"], "optimizer=foo: there is no such option; known: adadelta, "),
        (["optimizer=sgd,adam"], "optimizer=sgd,adam: several values make a sweep: add -m"),
        (["on_failure=stop"], "on_failure=stop is for sweeps: add -m"),
        (["experiment=optimizer"], "no such setting; did you mean study=NAME?"),
        (["layers=512-257"], "did you mean 512-256? known: "),
        (["layers=512-257"], "others are a value: model.hidden=[512,257]"),
        (["optimizer", "=", "sgd"], "names no setting; write seed=3, without spaces"),
        (["batch_size=0"], "training.batch_size=0: must be"),
        (["optimizer=sgd", "-m", "seed=0,x"], "seed=x: must be"),
        (["seed=${nowhere}"], "Interpolation key 'nowhere' not found"),
        (["data=fer2013", "data.root=/nowhere"], "data.root=/nowhere: there is nothing there"),
        (["hydra.run.dir=/proc/x", *FEW], "/proc/x"),
        (["-m", f"seed=0,{'9' * 5000}"], "seed: holds a number of more than 4,300 digits"),
    ],
)
def test_a_mistake_in_a_training_is_one_line_and_exit_2(tmp_path, arguments, said):
    """No traceback, nothing trained, nothing left behind."""
    done = run(tmp_path, *arguments)
    assert done.returncode == 2
    [line] = done.stderr.strip().splitlines()
    assert line.startswith("error: ")
    assert said in line
    assert not (tmp_path / "mlflow.db").exists()


def test_a_file_of_ones_own_that_is_no_yaml_is_named(tmp_path):
    """With the line to look at, and no traceback."""
    (tmp_path / "own" / "optimizer").mkdir(parents=True)
    (tmp_path / "own" / "optimizer" / "radam.yaml").write_text("name: radam\n target: x\n")
    done = run(tmp_path, "--config-dir", "own", "optimizer=radam")
    assert done.returncode == 2
    [line] = done.stderr.strip().splitlines()
    assert line.startswith("error: mapping values are not allowed here")
    assert 'radam.yaml", line 2' in line


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "say which: run="),
        (["run=latest", "study=main"], "say one: run="),
        (["run=latest", "ensembles=true"], "ensembles=true joins the seeds of a study's arms: study=<name>"),
        (["run=latest"], "there is no finished run yet"),
        (["run=nope"], "run nope: there is no such run"),
        (["study=main"], "study=main: there is no finished run of it yet: python train.py study=main"),
        (["study=adhoc"], "there is no finished run of it yet: python train.py -m optimizer=sgd,adam"),
        (["baseline=none"], "say which: run="),
        (["baseline=majority"], "run=latest: there is no finished run yet"),
        (["run=latest", "remember=true"], "remember=true keeps where the faces are: data.root=PATH"),
        (["run=latest", "data.n_train=140"], "no such setting; known in data, as it is chosen: name, root"),
        (["baseline=svm"], "baseline=svm: there is no such option; did you mean svc?"),
        (["baseline=svc", "baseline.C=0"], "baseline.C=0: must be"),
    ],
)
def test_a_mistake_in_an_evaluation_is_one_line_and_exit_2(folder, arguments, said):
    """No traceback, and nothing is fitted or logged."""
    done = run(folder, *arguments, script="evaluate.py")
    assert done.returncode == 2
    [line] = done.stderr.strip().splitlines()
    assert line.startswith("error: ")
    assert said in line
    assert open_store(folder).records() == []
