"""What a network is compared with: each fitted once on all of train.

May import what evaluation may.
"""
