"""The text classifier as ONNX with its tokenizer: written by optimum, compared, quantized."""
