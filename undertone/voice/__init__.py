"""What the voice says of the speaker: the acoustic graph of a release, its windows, and the smoothing of live moods.

Depends on numpy and ONNX Runtime. It is given speech that the gate found; it fuses nothing and sends nothing.
"""
