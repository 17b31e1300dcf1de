"""The voice as one ONNX graph, waveform in, logits out: written, compared with torch, quantized."""
