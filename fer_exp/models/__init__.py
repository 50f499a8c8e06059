"""Pictures in, logits out: the networks, their checkpoint and the trained classifier.

May import config, plots and the top modules.
"""
