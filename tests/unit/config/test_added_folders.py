"""A folder of options from elsewhere decides nothing before it is checked."""

import pytest

from fer_exp.config import added_folders
from fer_exp.errors import UserError


@pytest.mark.fault(
    "Security: a folder of options that says where logs are written",
    trials=6,
    expected="refused with one line before Hydra reads it",
)
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("config.yaml", "hydra: {job_logging: {handlers: {file: {filename: /etc/x}}}}"),
        ("config.yaml", 'hydra: {"job\\x5flogging": {}}'),
        ("optimizer/x.yaml", "# @package hydra.hydra_logging\nroot: {}"),
        ("hydra/job_logging/x.yml", "root: {}"),
        ("config.yaml", "defaults:\n- override hydra/job_logging: theirs"),
        ("config.yaml", "hydra: {searchpath: [file:///elsewhere]}"),
    ],
)
def test_logs_are_not_set_up_by_a_folder_from_elsewhere(tmp_path, name, text):
    """They could append to any file, and are opened before any setting is checked."""
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    for arguments in (
        [f"--config-dir={tmp_path}"],
        ["-m", "-cd", str(tmp_path), "seed=0,1"],
        [f"hydra.searchpath=[file://{tmp_path}]"],
    ):
        with pytest.raises(UserError, match="says how logs are written or where other options lie"):
            added_folders.refuse_logging(arguments)


def test_other_options_may_come_from_elsewhere(tmp_path):
    """As docs/extend.md has it; what Hydra cannot read is Hydra's to say."""
    (tmp_path / "a.yaml").write_text("# logging is not set here\nname: radam\nlogs: job\n")
    (tmp_path / "b.yaml").write_text("{")
    added_folders.refuse_logging([f"--config-dir={tmp_path}", "optimizer=a", "data.root=job_logging"])
