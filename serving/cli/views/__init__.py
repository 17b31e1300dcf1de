"""How the commands show events and verdicts: rows for people, JSON lines for programs. Nothing is computed here."""
