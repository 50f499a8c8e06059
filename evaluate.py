"""Evaluate: open the test split for a run, score it, and log the scores into the same run.

python evaluate.py run=latest                          the newest finished run
python evaluate.py run=best data=fer2013 data.root=... the lowest validation loss on these faces
python evaluate.py study=optimizer                     every finished run of a study
python evaluate.py baseline=ridge                      a baseline alone; the linear SVC stands beside runs
"""

import sys
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

# where PYTHONSAFEPATH is set, Python does not look beside the script
sys.path.insert(0, str(Path(__file__).parent))

from fer_exp import console, provenance
from fer_exp.config import overrides
from hydra_plugins.fer_exp._composition import MISTAKES, refuse_own_folders

CONF = Path(__file__).parent / "conf"

OmegaConf.register_new_resolver("typed", provenance.as_typed, replace=True)


@hydra.main(config_path="conf", config_name="evaluate", version_base="1.3")
def main(config: DictConfig) -> None:
    """Evaluate the chosen runs and print a table of each."""
    # here already, since Hydra would put a line of its own before the error
    with console.mistakes_in_one_line(*MISTAKES):
        refuse_own_folders(HydraConfig.get())
        # here, since --help has no use for what imports numbers and stores
        from fer_exp.config.evaluation import Evaluation
        from fer_exp.config.schema import build
        from fer_exp.evaluation import command

        args = build(Evaluation, OmegaConf.to_container(config, resolve=True))
        typed = HydraConfig.get().overrides.task
        command.evaluate(args, any(override.startswith("baseline=") for override in typed))


if __name__ == "__main__":
    # `study` is a group of train.py's in the same folder, which Hydra would take it for
    aliases = {"study": "of_study"}
    overrides.run(main, CONF, (*MISTAKES, OSError), aliases)
