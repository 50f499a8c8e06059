"""What a run is told: dataclasses with their bounds, overrides, identity and the space of a search.

Imports the top modules only.
"""
