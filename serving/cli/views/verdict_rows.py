"""The rows under a final in the live table: the verdict, how words and voice came to it, and the words themselves."""

from collections.abc import Mapping
from typing import Any

from rich.text import Text

from undertone.client.timing import Message
from undertone.labels import LABELS

STYLES = dict(zip(LABELS, ("red", "yellow", "green"), strict=True))
_INDENT = f"{'':>14}"


def verdict_rows(message: Message, corner: str, dot: str) -> list[Text]:
    """Return the verdict of a final or provisional, then its words if it has any.

    `corner` and `dot` are the glyphs that the terminal can show.
    """
    between = f" {dot} "
    row = Text(f"{_INDENT}{corner} ").append_text(_labelled("", message["fused_sentiment"]))
    row.append(f" {message['fused_score']:+.2f}")
    for part in _parts(message):
        row.append(between).append_text(part)
    words = message.get("text")
    return [row, Text(f'{_INDENT}{"":>{len(corner)}} "{words}"', "italic")] if words else [row]


def _parts(message: Message) -> list[Text]:
    parts = [Text(", ".join(str(message[key]) for key in ("mode", "reason") if message.get(key)))]
    if message.get("text_sentiment"):
        alpha = "" if message.get("alpha") is None else f" x{message['alpha']:.2f}"
        parts.append(_labelled("words ", message["text_sentiment"]).append(alpha))
        parts.append(_labelled("voice ", message["audio_sentiment"]))
        parts += _comparison(message)
    return [*parts, Text("abstains", "bold")] if message.get("abstain") else parts


def _comparison(message: Message) -> list[Text]:
    """Return how words and voice compare; nothing where their labels differ, but neither is neutral nor opposed."""
    if message.get("agreement") is not None:
        return [Text("agreement") if message["agreement"] else Text("no agreement", "bold")]
    if message["text_sentiment"]["label"] == "neutral":
        return [Text("only the voice tells")]
    return [Text("only the words tell")] if message["audio_sentiment"]["label"] == "neutral" else []


def _labelled(what: str, sentiment: Mapping[str, Any]) -> Text:
    label = sentiment["label"]
    return Text(what).append(label, STYLES[label])
