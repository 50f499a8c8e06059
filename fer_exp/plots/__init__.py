"""Arrays in, matplotlib figures out.

Imports the top modules only.
"""
