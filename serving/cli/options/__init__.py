"""What the commands take: the parser and its help, the values of flags, one flag for each setting of the operator.

Depends on serving/settings for the flags of `serve` and on the library for what a session takes. It starts nothing.
"""
