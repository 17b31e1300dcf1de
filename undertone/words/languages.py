"""Which languages can be asked for: those that the engine that runs knows."""

import re
from collections.abc import Collection

ENGLISH = ("en",)
_CODE = re.compile(r"([a-z]{2,3})([-_][a-z0-9]{2,8})*")


def base_code(language: str) -> str | None:
    """Return the language of a code, without region: "en-US" -> "en"; None for what is no code."""
    found = _CODE.fullmatch(language.strip().lower())
    return found[1] if found else None


def refusal(language: str | None, known: Collection[str]) -> str | None:
    """Return why `language` cannot be asked for where `known` are known; None where it can, or nobody asks for one.

    `refusal("de", ["en"])` is "'de' is not among the languages of this recogniser: en".
    """
    if language is None or base_code(language) in known:
        return None
    return f"{language!r} is not among the languages of this recogniser: {', '.join(sorted(known))}"
