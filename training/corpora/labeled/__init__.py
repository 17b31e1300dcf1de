"""Labelled sets for the fusion: our own sentences, or anybody's recordings with words and labels."""
