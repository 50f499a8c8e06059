"""A trained network at work: predictions, explanations, an ONNX file, a page to try a face.

May import training, tracking, data, models, config, plots and the top modules.
"""
