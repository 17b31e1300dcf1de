"""From trained weights to what is served: ONNX, int8, parity, the release with its card, its gates and its promotion.

Depends on training, undertone, onnx, onnxruntime and optimum.
"""
