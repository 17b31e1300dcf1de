"""What the frozen encoder of the recogniser makes of sounds: one vector for each, clean and disturbed."""
