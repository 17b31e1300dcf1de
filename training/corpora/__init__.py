"""The data sets as published, read into clips, dialogues and texts with our labels; one folder for each kind.

Nothing here learns. A stage depends on the corpora that it reads and on no others.
"""
