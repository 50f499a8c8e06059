"""The only place where the test split is opened: scores, ensembles, baselines.

May import training, tracking, data, models, config, plots and the top modules.
"""
