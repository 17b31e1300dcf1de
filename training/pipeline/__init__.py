"""Shows the pipeline to people: its drawing, its numbers, how long it takes. No stage depends on any of it."""
