"""How tests start a server that recognises words: with the engine that needs no download."""

WORDS_OPTIONS = ("--asr-model", "tiny.en", "--asr-fallback", "pocketsphinx")
