"""What the voice says of the speaker: the acoustic graph of a release, the recogniser's ear, both joined, and moods.

Depends on numpy and ONNX Runtime. It is given speech that the gate found, and what a recogniser's encoder made of it;
it knows no words, fuses nothing with them and sends nothing.
"""
