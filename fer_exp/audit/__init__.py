"""The original study's errors, shown by sums and by runs.

Imports analysis and tracking.
"""
