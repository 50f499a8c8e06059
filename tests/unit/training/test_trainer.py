"""The loop learns, stops and fails as it says."""

import dataclasses

import numpy as np
import pytest
import torch
from helpers.networks import weights
from sklearn.metrics import accuracy_score, f1_score, log_loss

from fer_exp import metrics
from fer_exp.data.splits import Split
from fer_exp.errors import UserError
from fer_exp.models import checkpoint, network
from fer_exp.training.trainer import DivergedError, Trainer


def test_the_network_can_learn_every_face(trainer):
    """Fitted long enough on 42 faces of noise it knows them all by heart."""
    everything = Split(np.arange(42), np.arange(42))
    learner = trainer("training.epochs=80", "optimizer.lr=0.003", split=everything)
    *_, last = learner.epochs()
    assert last.validation.accuracy == 1.0


def sad(pictures: np.ndarray) -> np.ndarray:
    """A teacher who takes every face for a sad one."""
    return np.eye(7)[np.full(len(pictures), 4)]


@pytest.mark.parametrize("flip", [0, 0.5])
def test_a_teacher_is_learnt_from_as_much_as_asked(trainer, flip):
    """Wholly, its answers replace the labels; not at all, it says nothing."""
    options = (f"augmentation.flip={flip}", "optimizer.lr=0.003", "training.epochs=30")
    wholly = trainer(*options, "training.taught=1", teacher=sad)
    list(wholly.epochs())
    answers = network.logits(wholly.network, wholly.pixels)
    assert (answers.argmax(axis=1) == 4).all()
    plain, untaught = trainer(*options), trainer(*options, teacher=sad)
    for each in (plain, untaught):
        next(each.epochs())
    for one, other in zip(weights(plain), weights(untaught), strict=True):
        np.testing.assert_array_equal(one, other)


def test_averaged_weights_are_validated_and_kept(trainer):
    """Not those that learn: the two differ, and the score is the mean's."""
    run = trainer("training.averaging=0.9")
    *_, last = run.epochs()
    logits = network.logits(run.averaged.module, run.pixels[run.validation])
    assert last.validation == metrics.scores(logits, run.labels[run.validation].numpy())
    kept = run.weights()["layers.0.weight"]
    assert torch.equal(kept, run.averaged.module.layers[0].weight)
    assert not torch.equal(kept, run.network.layers[0].weight)


def test_a_last_batch_of_one_is_refused_where_batches_are_normalised(trainer):
    """Before the first step, by the key that mends it."""
    with pytest.raises(UserError, match=r"training\.batch_size=29: of 30 faces it leaves a batch of one"):
        trainer("model.norm=batch", "training.batch_size=29")
    with pytest.raises(UserError, match=r"training\.batch_size=29"):
        trainer("model=cnn", "model.hidden=[2,2,2,2,2,2,2]", "training.batch_size=29")
    trainer("model=cnn", "model.hidden=[2,2]", "training.batch_size=29", "model.mirrored=true")
    trainer("model.norm=layer", "training.batch_size=29")


@pytest.mark.fault(
    "Numbers: a batch larger than the set", trials=1, expected="one step an epoch over all faces"
)
def test_each_epoch_has_an_order_of_its_own(trainer):
    """Every fitted face once an epoch, each time in another order; a larger batch is the whole set."""
    run = trainer("training.epochs=2", "training.batch_size=1000")
    seen, learn = [], run.step
    run.step = lambda batch: (seen.append(batch.tolist()), learn(batch))[1]
    assert [epoch.train.n for epoch in run.epochs()] == [30, 30]
    assert [sorted(batch) for batch in seen] == [list(range(30))] * 2
    assert seen[0] != seen[1]


@pytest.mark.fault(
    "Numbers: a rate that explodes", trials=1, expected="one line that names epoch, step and rate"
)
def test_a_rate_beyond_reason_is_reported_with_its_place(trainer):
    """Epoch, step and learning rate are named."""
    with pytest.raises(
        DivergedError, match=r"in epoch 1, step 2, at learning rate 1e\+30: lower optimizer\.lr"
    ):
        list(trainer("optimizer=sgd", "optimizer.lr=1e30").epochs())


@pytest.mark.fault(
    "Numbers: a rate that explodes at the last step", trials=1, expected="one line that names epoch and rate"
)
def test_a_last_step_beyond_reason_is_found_in_validation(trainer):
    """One step an epoch: its own loss is still finite, the weights it leaves are not."""
    with pytest.raises(DivergedError, match=r"in epoch 1, validation, at learning rate 1e\+30"):
        list(trainer("optimizer=sgd", "optimizer.lr=1e30", "training.batch_size=1000").epochs())


def test_validation_scores_are_those_of_the_final_weights(trainer):
    """All 12 faces in one go, with dropout off."""
    run = trainer("model.dropout=0.5")
    *_, last = run.epochs()
    logits = network.logits(run.network, run.pixels[run.validation])
    assert last.validation == metrics.scores(logits, run.labels[run.validation].numpy())


def test_training_scores_weigh_each_face_the_same(trainer):
    """At a rate of almost nothing the pass over ragged batches scores as one batch does."""
    still = trainer("optimizer=sgd", "optimizer.lr=1e-12", "training.epochs=1")
    [epoch] = still.epochs()
    logits = network.logits(still.network, still.pixels[still.fit])
    expected = metrics.scores(logits, still.labels[still.fit].numpy())
    assert epoch.train.n == 30
    assert epoch.train.accuracy == expected.accuracy
    assert epoch.train.loss == pytest.approx(expected.loss, rel=1e-5)


def test_the_plateau_scheduler_lowers_the_rate(trainer):
    """A bad epoch at patience 0 divides it by ten."""
    run = trainer("scheduler.patience=0", "training.epochs=30", "optimizer.lr=0.05")
    rates = [epoch.learning_rate for epoch in run.epochs()]
    assert rates[0] == 0.05
    assert min(rates) <= 0.005


def test_the_faces_stay_as_they_are(trainer, tiny_faces):
    """Training reads the mapped pixels and never writes them."""
    before = tiny_faces.pixels.copy()
    list(trainer().epochs())
    np.testing.assert_array_equal(tiny_faces.pixels, before)


@pytest.mark.fault("Numbers: one thread or two", trials=2, expected="the same weights within rounding")
def test_one_thread_and_two_agree(trainer):
    """Results do not depend on the number of threads beyond rounding."""
    runs = []
    threads = torch.get_num_threads()
    try:
        for count in (1, 2):
            torch.set_num_threads(count)
            one = trainer("training.epochs=2")
            list(one.epochs())
            runs.append(weights(one))
    finally:
        torch.set_num_threads(threads)
    for one, other in zip(*runs, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("normalisation", ["unit", "centred", "global", "standardised"])
@pytest.mark.fault("Numbers: all faces one constant picture", trials=4, expected="finite losses, to the end")
def test_constant_pictures_can_be_trained_on(compose_settings, tiny_faces, normalisation):
    """Nothing is divided by a deviation of zero."""
    train = tiny_faces[tiny_faces.usage == 0]
    blank = dataclasses.replace(train, pixels=np.full_like(train.pixels, 255))
    config = compose_settings("layers=64-32-16", f"model.normalisation={normalisation}", "training.epochs=2")
    learner = Trainer(config, blank, Split(np.arange(0, 30), np.arange(30, 42)))
    *_, last = learner.epochs()
    assert np.isfinite([last.train.loss, last.validation.loss]).all()
    # one picture, one answer: right for each face of that class
    assert last.validation.accuracy == pytest.approx(
        max(
            (train.labels[30:] == label).mean()
            for label in set(network.logits(learner.network, blank.pixels[30:]).argmax(axis=1))
        )
    )


@pytest.mark.parametrize(
    ("fit", "validation"),
    [
        (np.arange(6, 42), np.arange(6)),
        (np.arange(6), np.arange(6, 42)),
        (np.array([0]), np.arange(1, 42)),
        (np.arange(1, 42), np.array([0])),
        (np.array([0]), np.array([41])),
    ],
)
@pytest.mark.fault(
    "Numbers: a class without samples in a split, or one sample", trials=5, expected="scikit-learn's scores"
)
def test_parts_that_lack_classes_are_scored_right(trainer, fit, validation):
    """Only classes that occur count, and every face weighs the same."""
    learner = trainer("training.epochs=2", split=Split(fit, validation))
    *_, last = learner.epochs()
    outputs = network.logits(learner.network, learner.pixels[validation])
    labels = learner.labels[validation].numpy()
    predicted = outputs.argmax(axis=1)
    assert last.train.n == len(fit)
    assert last.validation.accuracy == pytest.approx(accuracy_score(labels, predicted))
    found = f1_score(
        labels, predicted, labels=np.union1d(labels, predicted), average="macro", zero_division=0
    )
    assert last.validation.macro_f1 == pytest.approx(found)
    chances = torch.from_numpy(outputs).double().softmax(1).numpy()
    assert last.validation.loss == pytest.approx(log_loss(labels, chances, labels=np.arange(7)), rel=1e-5)


@pytest.mark.fault(
    "Numbers: a weight becomes NaN or infinite", trials=2, expected="one line that names epoch, step and rate"
)
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_weight_that_is_no_number_is_reported(trainer, value):
    """Whatever made it so, no figure is made of it."""
    learner = trainer()
    learner.network.layers[0].weight.data[0, 0] = value
    with pytest.raises(DivergedError, match=r"not finite in epoch 1, step 1, at learning rate 0\.001"):
        list(learner.epochs())


@pytest.mark.fault("Numbers: the same seed twice", trials=2, expected="the same file, byte for byte")
def test_the_same_seed_gives_the_same_file(trainer, tmp_path, monkeypatch):
    """All that a checkpoint holds but the seconds, which are held still; another seed gives another file."""
    monkeypatch.setattr("fer_exp.training.trainer.time.perf_counter", lambda: 0.0)
    for name, seed in (("one", 1), ("two", 1), ("other", 2)):
        learner = trainer("model.dropout=0.3", "training.epochs=2", f"seed={seed}")
        list(learner.epochs())
        checkpoint.save(tmp_path / name, learner.state())
    one, two, other = ((tmp_path / name).read_bytes() for name in ("one", "two", "other"))
    assert one == two != other
