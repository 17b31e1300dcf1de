"""What an operator does with keys: `undertone keys` makes and revokes them, `undertone usage` says what each used."""
