"""Imported last in the process that forks the workers: the collector would write into every page that they share."""

import gc

gc.collect()
gc.freeze()
