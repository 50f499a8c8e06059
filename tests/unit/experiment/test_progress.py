"""What a job shows while it trains."""

from fer_exp.experiment.progress import ProgressBar, log_line
from fer_exp.metrics import Scores
from fer_exp.training.trainer import Epoch

EPOCH = Epoch(6, 0.001, Scores(1.436, 0.4448, 0.4, 80), Scores(1.6027, 0.3866, 0.3, 20), True, 2.5)


def test_the_line_is_the_decks_with_the_split_named_right():
    """`Test` was validation there (A2)."""
    assert log_line(EPOCH, 100) == (
        "[6/100] [Train loss] ==> 1.4360 [Train Accuracy] ==> 0.4448 "
        "[Valid loss] ==> 1.6027 [Valid Accuracy] ==> 0.3866"
    )


def test_without_a_terminal_each_epoch_is_a_line(capsys):
    """Plain text, as a log wants it."""
    with ProgressBar("main", 100, quiet=False) as reporter:
        reporter(EPOCH)
    assert capsys.readouterr().out == log_line(EPOCH, 100) + "\n"


def test_a_job_among_others_is_quiet_and_concludes(capsys):
    """Its epochs go to its log; at the end it says what came of it, with n."""
    with ProgressBar("main", 100, quiet=True) as reporter:
        reporter(EPOCH)
    assert capsys.readouterr().out == ""
    assert reporter.conclusion("abc") == (
        "1 epochs in 2.5 s, lowest validation loss 1.6027 with accuracy 0.3866 (n = 20) in epoch 6 (run abc)"
    )
    assert ProgressBar("main", 100, quiet=True).conclusion("abc") == "nothing was left to train (run abc)"
