"""Studies compared: intervals, contrasts, claims, ablation, search, leader-board.

May import tracking, config, plots and the top modules: it reads the store alone.
"""
