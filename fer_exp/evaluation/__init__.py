"""The only place where the test split is opened: scores, ensembles, baselines.

Imports config, data, models, plots and tracking.
"""
