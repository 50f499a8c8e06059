"""The one training loop, with optimizers, schedulers, early stopping and distillation.

May import data, models, config, plots and the top modules.
"""
