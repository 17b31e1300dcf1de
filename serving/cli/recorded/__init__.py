"""What an operator does with recorded sessions: `recordings` lists and deletes them, `replay` re-runs them."""
