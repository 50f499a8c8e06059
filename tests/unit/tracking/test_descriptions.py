"""What stands beside the runs for a newcomer."""

from fer_exp.config.settings import About
from fer_exp.tracking import descriptions


def test_a_sweep_says_why_how_and_how_again():
    """Question, cost, protocol and the command; what is not known is left out."""
    about = About("Does it help?", None, "4 jobs.")
    said = descriptions.sweep(about, "honest", "lowest validation loss", "python train.py -m seed=0,1")
    assert "**Question**: Does it help?" in said
    assert "Expected" not in said
    assert "**Protocol**: honest; figures are of the weights of the lowest validation loss." in said
    assert "```\npython train.py -m seed=0,1\n```" in said


def test_links_to_more_runs_than_mlflow_takes_are_counted():
    """A description has 8,000 letters at most."""
    reused = {f"adam · seed {number}": "0" * 32 for number in range(200)}
    said = descriptions.with_reused("note\n", "1", reused)
    assert len(said) < 8000
    assert said.count("](#/experiments/1/runs/") + int(said.split()[-2]) == 200


def test_an_experiment_is_described_once(store):
    """A new one is; words that its user has put there stay."""
    experiment = store.client.get_experiment(store.experiment_id)
    assert experiment.tags["mlflow.note.content"] == descriptions.EXPERIMENT
