"""Corpora beside RAVDESS: which are trained on and judged, who is held out, their clips as the stages read them.

How a corpus is published stands in undertone/corpora. With `corpora.train: [ravdess]` nothing here is read.
"""
