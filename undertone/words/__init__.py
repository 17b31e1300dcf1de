"""What is said: the recognisers behind one Protocol, their windows, and the gate against invented words.

It depends on numpy and on the engines themselves (faster-whisper, pocketsphinx), which are loaded when one is
asked for. It knows nothing of sockets, workers or sentiment: training writes clips down with it, serving utterances.
"""
