"""The model card of a release, written from its metrics and nothing else."""
