"""Lets our launchers' configs stand alone."""

from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.config_store import ConfigStore
from hydra.plugins.search_path_plugin import SearchPathPlugin

from fer_exp import places

LAUNCHERS = places.SCRIPTS / "conf" / "hydra" / "launcher"


class OwnConfigs(SearchPathPlugin):
    """Hydra would merge each of our configs with that of a plugin of the same name."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:  # noqa: ARG002 - only called in time
        """Drop the configs of installed plugins that ours replace."""
        theirs = ConfigStore.instance().repo.get("hydra", {}).get("launcher", {})
        for path in LAUNCHERS.glob("*.yaml"):
            theirs.pop(path.name, None)
