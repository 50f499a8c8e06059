"""The config that a run keeps gives the same job again."""

import pytest
from helpers.composed import composed_tree

from fer_exp.config import added_folders, run_config, settings
from fer_exp.config.identity import recipe
from fer_exp.config.reference import CONF


@pytest.mark.parametrize(
    "chosen",
    [
        (),
        ("data=fer2013", "data.labels=ferplus", "data.ferplus=votes.csv", "protocol=deck", "stopping=deck"),
        ("study=optimizer_search", "optimizer=sgd_momentum", "search.trial=3"),
        ("study=audit", "audit=carryover/presented_64"),
        ("study=ladder", "rung=taught", "optimizer.lr=1e-5"),
        ("scheduler=cosine", "model=mixer"),
    ],
    ids=lambda words: " ".join(words) or "default",
)
def test_hydra_takes_it_back(compose_settings, tmp_path, chosen):
    """All that determines the figures, beside the usual places, and a folder of it is taken as it is."""
    given = compose_settings(*chosen)
    (tmp_path / "config.yaml").write_text(run_config.as_yaml(given), encoding="utf-8")
    added_folders.refuse_logging([f"--config-dir={tmp_path}"])
    # beside conf/, as --config-dir has it
    for path in CONF.iterdir():
        (tmp_path / path.name).symlink_to(path)
    again = settings.parse(composed_tree(str(tmp_path), "config", ["seed=7"]))
    assert recipe(again) == recipe(given) | {"seed": 7}
    assert (again.study, again.search.name, again.data.cache_dir) == ("adhoc", "none", ".cache")
