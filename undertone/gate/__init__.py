"""Where speech starts and ends in a stream of 16 kHz samples: levels, two ears, the endpointer over them.

Depends on numpy alone; the network of the ears is handed in (undertone/gate/silero.py opens it with ONNX Runtime). It
knows nothing of words, feelings, sessions or messages.
"""
