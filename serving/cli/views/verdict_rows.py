"""The rows under a verdict: how words and voice came to it, and the words themselves. Nothing of them is ever cut."""

from typing import Any

from rich.text import Text

from serving.cli.views.console import LineConsole
from undertone.client.timing import Message
from undertone.labels import LABELS

# Colours that show on dark and on light ground; what is neutral has none.
STYLES = dict(zip(LABELS, ("red", "", "green"), strict=True))
_INDENT = f"{'':>14}"


def print_below(message: Message, console: LineConsole) -> None:
    """Print how words and voice came to the verdict of a final or provisional, then its words if it has any."""
    start = f"{_INDENT}{console.corner} "
    console.parts(start, _parts(message))
    if words := message.get("text"):
        console.paragraph(console.text(f'"{words}"', "italic"), start=" " * len(start))


def label_text(label: str) -> Text:
    """Return a label in its colour."""
    return Text(label, STYLES.get(label, ""))


def score_of(probabilities: dict[str, float]) -> float:
    """Return P(positive) - P(negative) of probabilities by label, 0 without any."""
    return probabilities.get("positive", 0.0) - probabilities.get("negative", 0.0)


def _parts(message: Message) -> list[Text]:
    parts = [Text(", ".join(str(message[key]) for key in ("mode", "reason") if message.get(key)))]
    if message.get("text_sentiment"):
        alpha = message.get("alpha")
        parts.append(_lane("words", message["text_sentiment"], alpha))
        parts.append(_lane("voice", message["audio_sentiment"], None if alpha is None else 1 - alpha))
        parts.append(_comparison(message))
    else:
        parts.append(_lane("voice", message["audio_sentiment"], None))
    return [*parts, Text("abstains", "bold")] if message.get("abstain") else parts


def _lane(name: str, sentiment: dict[str, Any], weight: float | None) -> Text:
    row = Text(f"{name} ").append_text(label_text(sentiment["label"]))
    return row if weight is None else row.append(f" x{weight:.2f}")


def _comparison(message: Message) -> Text:
    """Return how words and voice compare; where only one of them says anything, which."""
    if message.get("agreement") is not None:
        return Text("agreement") if message["agreement"] else Text("no agreement", "bold")
    words, voice = message["text_sentiment"], message["audio_sentiment"]
    told = min(words, voice, key=lambda lane: (lane["label"] == "neutral", -abs(score_of(lane["probabilities"]))))
    return Text("only the words tell" if told is words else "only the voice tells")
