"""The recogniser's own ear: the head over its frozen encoder that tells the emotions, and what it teaches."""
