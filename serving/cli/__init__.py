"""The `undertone` command, one module for each sub-command, and how events are shown in a terminal."""
