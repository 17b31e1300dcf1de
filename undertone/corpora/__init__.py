"""Corpora of acted and natural emotion as they are published: whose voice, which emotion, what is broken or missing.

A folder is read by its names, tables and licence alone; training splits and fits what is found. No torch here.
"""
