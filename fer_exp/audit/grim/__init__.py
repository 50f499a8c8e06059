"""The GRIM test for accuracies: which numbers of faces a printed figure can come from.

May import what audit may.
"""
