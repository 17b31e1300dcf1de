"""A larger network learns the texts first and teaches the small one that serves: its weights, fitting and answers.

It depends on the texts (training/corpora/texts) and on how they are batched and spoken (training/text). It decides
nothing of what the small network makes of the answers: that stands in training/text/fitting.py.
"""
