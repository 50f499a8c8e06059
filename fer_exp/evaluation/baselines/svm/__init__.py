"""The linear SVC of the original study, solved exactly.

May import what evaluation may.
"""
