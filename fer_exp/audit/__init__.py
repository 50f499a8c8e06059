"""The original study's errors, shown by sums and by runs.

May import analysis, tracking, config, plots and the top modules: it reads the store alone.
"""
