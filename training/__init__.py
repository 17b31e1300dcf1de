"""From published data to trained weights and their scores: the stages of dvc.yaml up to export.

Depends on undertone, torch, torchaudio, scikit-learn, datasets and transformers; never on serving. A room is what a
stage depends on: what a change of a fit room makes old are weights, of an evaluation room reports.
"""
