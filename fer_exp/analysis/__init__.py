"""Studies compared: intervals, contrasts, claims, ablation, search, leader-board.

Imports tracking, and the top modules.
"""
