"""MLflow's pages and a team's server."""
