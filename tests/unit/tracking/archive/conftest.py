"""What makes the stores that runs are restored into."""

import pytest
from helpers.processes import store_in


@pytest.fixture
def make(migrated_store, tmp_path):
    """What makes an empty store by name."""
    return lambda name: store_in(tmp_path / name, migrated_store)
