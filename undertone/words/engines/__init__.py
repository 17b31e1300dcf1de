"""The recognisers: which engine runs and why, Whisper in a window that fits, pocketsphinx, where their weights are.

Engines are loaded when one is asked for. Whether somebody really said what they heard is judged next door.
"""
