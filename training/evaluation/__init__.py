"""Judges what was fitted: cross-validation, test actors, test texts, sentences as heard. It changes no weights."""
