"""`undertone text`: says how words feel, for texts given on the command line or for each line of standard input."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from serving.cli.options.parser import exit_codes
from serving.cli.options.release import add_release
from serving.promoted import check_release
from undertone.labels import LABELS
from undertone.manifest import ReleaseError

if TYPE_CHECKING:  # the command line starts without loading the model's libraries
    from undertone.probabilities import Probabilities

_LINES = "-"


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser(
        "text",
        help="say how words feel",
        description="Says of each text how its words feel: label, probabilities, the text. Arguments of one word each "
        "are together one text, as typed without quotes; else, and always with --json, each argument is one.",
        epilog=exit_codes(
            {0: "every text was judged", 1: "there is no release to judge with, or input or output failed"}
        ),
    )
    parser.add_argument("text", nargs="+", metavar="TEXT", help="the words; - reads a text a line from standard input")
    parser.add_argument("--json", action="store_true", help="one JSON object a line: text, label, probabilities")
    add_release(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print one line for each text."""
    from undertone.words.sentiment import load_text_model

    check_release(arguments.release)
    try:
        model = load_text_model(arguments.release)
    except ReleaseError as refused:
        raise SystemExit(f"cannot use {arguments.release}: {refused}") from None
    line = json_line if arguments.json else verdict_line
    for text in texts_of(arguments.text, joined=not arguments.json):
        sys.stdout.write(line(text, model.probabilities(text)) + "\n")
        sys.stdout.flush()
    return 0


def texts_of(arguments: Sequence[str], joined: bool) -> Iterator[str]:
    """Yield the texts: single words as one where `joined`, else each argument, and the lines behind each `-`."""
    words = joined and _LINES not in arguments and not any(" " in argument.strip() for argument in arguments)
    for argument in [" ".join(arguments)] if words else arguments:
        if argument == _LINES:
            yield from _lines()
        else:  # bytes that are no text must not end it
            yield argument.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def verdict_line(text: str, probabilities: "Probabilities") -> str:
    """Return `positive  negative 0.01  neutral 0.03  positive 0.96  great` for a text of these probabilities."""
    label = LABELS[int(probabilities.argmax())]
    numbers = "  ".join(f"{name} {value:.2f}" for name, value in zip(LABELS, probabilities, strict=True))
    shown = "".join(c if c.isprintable() else " " for c in text)
    return f"{label:<8}  {numbers}  {shown}"


def json_line(text: str, probabilities: "Probabilities") -> str:
    """Return the verdict as a JSON object, label and probabilities as in the `text_sentiment` of a final."""
    from undertone.probabilities import by_label

    sentiment = {"label": LABELS[int(probabilities.argmax())], "probabilities": by_label(probabilities)}
    return json.dumps({"text": text, **sentiment})


def _lines() -> Iterator[str]:
    for line in sys.stdin.buffer:
        yield line.decode("utf-8", "replace").rstrip("\r\n")
