"""`undertone text`: says how words feel, for a text given on the command line or for each line of standard input."""

import argparse
import sys
from collections.abc import Iterable, Iterator

from serving.cli.release_option import add_release
from serving.promoted import check_release
from undertone.labels import LABELS
from undertone.manifest import ReleaseError
from undertone.probabilities import Probabilities
from undertone.words.sentiment import load_text_model


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser("text", help="say how words feel")
    parser.add_argument("text", nargs="+", help="the words; - reads lines from standard input")
    add_release(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print one line per text: label, probabilities, the text."""
    check_release(arguments.release)
    try:
        model = load_text_model(arguments.release)
    except ReleaseError as refused:
        raise SystemExit(f"cannot use {arguments.release}: {refused}") from None
    texts: Iterable[str] = [" ".join(arguments.text)] if arguments.text != ["-"] else _lines()
    for text in texts:
        sys.stdout.write(verdict_line(text, model.probabilities(text)) + "\n")
        sys.stdout.flush()
    return 0


def verdict_line(text: str, probabilities: Probabilities) -> str:
    """Return `positive  negative 0.01  neutral 0.03  positive 0.96  great` for a text of these probabilities."""
    label = LABELS[int(probabilities.argmax())]
    numbers = "  ".join(f"{name} {value:.2f}" for name, value in zip(LABELS, probabilities, strict=True))
    printable = "".join(c if c.isprintable() else " " for c in text)
    return f"{label:<8}  {numbers}  {printable}"


def _lines() -> Iterator[str]:
    # Bytes that are no UTF-8 must not end the stream.
    for line in sys.stdin.buffer:
        yield line.decode("utf-8", "replace").rstrip("\r\n")
