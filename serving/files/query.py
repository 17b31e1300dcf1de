"""The settings of a session as a request writes them, in its query or in the fields of its form."""

import math
from collections.abc import Sequence
from typing import Any

from starlette.requests import Request

from serving.files.body import Refusal
from undertone.stream.settings import SessionSettings, SettingError


def chosen_settings(request: Request, known: Sequence[str]) -> dict[str, Any]:
    """Return the settings in the query of `request`, with the names and ranges of `session.update`.

    Raises:
        Refusal: one is unknown, given twice, or out of range; the message names it.
    """
    chosen: dict[str, Any] = {}
    for name, text in request.query_params.multi_items():
        if name not in known:
            raise Refusal(422, "invalid_setting", f"unknown setting {name!r}; known are {', '.join(known)}")
        if name in chosen:
            raise Refusal(422, "invalid_setting", f"{name} is given twice")
        chosen[name] = text if name in ("language", "speaker") else setting_of(text)
    try:
        SessionSettings().updated(chosen)
    except SettingError as error:
        raise Refusal(422, "invalid_setting", str(error)) from None
    return chosen


def setting_of(text: str) -> Any:
    """Return what `text` writes: true or false, a number, or a word."""
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        try:
            value = kind(text)
            return value if math.isfinite(value) else text
        except (ValueError, OverflowError):  # of a number with hundreds of digits
            continue
    return text
