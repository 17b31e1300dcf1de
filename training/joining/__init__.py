"""How the recogniser's ear is joined with the acoustic network: the stage that fits both heads, and the weight."""
