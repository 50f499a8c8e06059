"""A trained network at work: predictions, explanations, an ONNX file, a page to try a face.

Imports data, models and tracking.
"""
