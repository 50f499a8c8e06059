"""What makes a training step fast, and nothing else; each part gives what the plain way gives.

May import what training may.
"""
