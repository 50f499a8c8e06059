"""The one training loop, with optimizers, schedulers, early stopping and distillation.

Imports config, data and models. `kernels` is about speed alone.
"""
