"""The recogniser's own ear: the head over its frozen encoder that tells the emotions, and how it joins the network.

What the service does with the head is undertone/voice/ear.py.
"""
