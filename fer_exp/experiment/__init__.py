"""One job, and a sweep of jobs: planned, watched, summed up.

May import training, tracking, data, models, config, plots and the top modules.
"""
