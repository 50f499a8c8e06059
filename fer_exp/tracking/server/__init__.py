"""MLflow's pages and a team's server.

May import what tracking may.
"""
