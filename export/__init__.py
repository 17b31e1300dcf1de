"""From trained weights to a promoted release: ONNX, int8, parity, the release. Serving never imports it."""
