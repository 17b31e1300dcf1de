"""Names of files and words of others as they may be shown: bytes that are no text and control characters escaped."""

import unicodedata

_UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}  # control, format (bidirectional overrides), surrogates, line separators


def readable(name: str) -> str:
    r"""Return a name as Python has it, the bytes in it that are no UTF-8 as `\xe9`; what programs are told.

    In a locale without UTF-8 Python keeps every other byte like that, those of a well-encoded name as well.
    """
    try:
        raw = name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # half a character of a JSON text
        raw = name.encode("utf-8", "backslashreplace")
    return raw.decode("utf-8", "backslashreplace")


def printable(text: str) -> str:
    r"""Return `readable(text)` on one line, with nothing that moves a terminal: `a\nb` for a line feed between."""
    return "".join(_escaped(char) if unicodedata.category(char) in _UNSEEN else char for char in readable(text))


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
