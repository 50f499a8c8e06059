"""One job, and a sweep of jobs: planned, watched, summed up.

Imports config, data, models, plots, training and tracking.
"""
