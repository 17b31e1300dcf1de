"""Sounds that no corpus has: noise, telephone and other conditions, sentences spoken by a synthetic voice."""
