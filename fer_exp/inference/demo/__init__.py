"""The page to try a face, and the server behind it.

May import what inference may.
"""
