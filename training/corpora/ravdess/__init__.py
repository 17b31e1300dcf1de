"""RAVDESS: its archive and names, the clips as the stages read them, the splits by speaker."""
