"""Fits the words: the DistilBERT classifier, its batches, its word errors, its neutral."""
