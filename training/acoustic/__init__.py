"""Fits the voice: networks, augmentation, optimisation, temperature and the distance that makes it doubt."""
