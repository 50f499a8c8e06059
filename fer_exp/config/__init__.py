"""What a run is told: dataclasses with their bounds, overrides, identity and the space of a search.

May import the top modules only.
"""
