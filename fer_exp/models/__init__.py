"""Pictures in, logits out: the networks, their checkpoint and the trained classifier.

Imports config, and below.
"""
