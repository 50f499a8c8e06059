"""Sets of faces, from a folder to Parquet files: read, cached, fingerprinted, split and augmented.

May import config, plots and the top modules.
"""
