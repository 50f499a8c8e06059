"""The report: one page that holds a store's finished runs, in English or Korean, and needs nothing else.

May import audit, analysis, tracking, config, plots and the top modules: it reads the store alone.
"""
