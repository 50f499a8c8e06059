"""Arrays in, matplotlib figures out.

May import the top modules only.
"""
