"""Scores, calibration and word errors: numbers from answers, whoever gave them."""
