"""Tunes the rule that joins words and voice, on pairs of four kinds: one half for the choice, one for the report."""
