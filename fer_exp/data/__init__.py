"""Sets of faces from a folder, a zip or a CSV: read, cached, fingerprinted, split and augmented.

May import config, plots and the top modules.
"""
