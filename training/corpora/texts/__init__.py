"""Texts and dialogues with our labels: GoEmotions, SST-5, MELD, and the table that training reads."""
