"""How tests start a server that recognises words: with the engine that needs no download, whatever hub is at hand."""

WORDS_OPTIONS = ("--asr-model", "undertone/none", "--asr-hub-wait-s", "0.1", "--asr-fallback", "pocketsphinx")
