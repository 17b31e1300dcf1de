"""The library that training and serving share. So far one room of it stands here: `undertone.words`."""
