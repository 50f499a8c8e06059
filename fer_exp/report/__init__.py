"""The report: one page that holds a store's finished runs, in English or Korean, and needs nothing else.

Sections are built from records and artifacts, a template turns them into HTML, and what is missing is said
in its place.
"""
