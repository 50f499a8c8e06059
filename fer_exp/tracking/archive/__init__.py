"""Runs kept in a text file, and put back into a store.

May import what tracking may.
"""
