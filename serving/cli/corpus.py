"""`undertone corpus`: which corpora of emotional speech can be read, and what a copy of one has and lacks."""

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from serving.cli.options.parser import USAGE, Parser, exit_codes
from serving.cli.views.names import printable

if TYPE_CHECKING:
    from undertone.corpora.check import Check
    from undertone.corpora.recording import Recording

_CODES = {0: "nothing is wrong", 1: "something is missing or broken; it is listed", USAGE: "there is no such corpus"}
_SHOWN = 20


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the sub-command."""
    what = "look at a corpus of emotional speech before it is trained on"
    parser = subparsers.add_parser("corpus", help=what, description=f"{what.capitalize()}.")
    actions = parser.add_subparsers(
        required=True, metavar="ACTION", dest="action", title="actions", parser_class=Parser
    )
    listed = actions.add_parser("list", help="the corpora that can be read, with licence and layout")
    listed.set_defaults(run=run_list)
    checked = actions.add_parser(
        "check",
        help="what a copy has and lacks",
        description="Decodes every recording; says what is there, what is missing, what is broken, and the minutes by "
        "label and by speaker.",
        epilog="NAME is one of `undertone corpus list`, or any other name for a corpus of your own: DIR is then a CSV "
        "file audio,label,speaker, or a folder with metadata.csv, or with folders named by label.\n\n"
        + exit_codes(_CODES),
    )
    checked.add_argument("name", metavar="NAME")
    checked.add_argument("place", type=Path, metavar="DIR")
    checked.add_argument("--all", action="store_true", help=f"list every fault, not the first {_SHOWN}")
    checked.set_defaults(run=run_check, parser=checked)


def run_list(_: argparse.Namespace) -> int:
    """Print each corpus in four lines."""
    from undertone.corpora.known import CORPORA

    for corpus in CORPORA.values():
        size = f"{corpus.recordings} recordings, {corpus.speakers} speakers; " if corpus.recordings else ""
        sys.stdout.write(f"{corpus.name}: {corpus.title}\n  {size}licence: {corpus.licence}\n")
        sys.stdout.write(f"  files: {corpus.layout}\n  {corpus.reference}\n")
    return 0


def run_check(arguments: argparse.Namespace) -> int:
    """Print what there is, then every problem; return the exit code."""
    from undertone.corpora.check import check, of_folder
    from undertone.corpora.known import corpus_named
    from undertone.corpora.recording import CorpusError
    from undertone.evaluation.items import RAVDESS_LABELS

    try:
        corpus = corpus_named(arguments.name)
        contents = of_folder(corpus, arguments.place)
    except (CorpusError, OSError) as refused:
        arguments.parser.error(str(refused))
    found = check(corpus, contents, _with_progress(contents.recordings), RAVDESS_LABELS)
    sys.stdout.write(f"{corpus.title}\nlicence: {corpus.licence}\n")
    sys.stdout.writelines(f"{printable(line)}\n" for line in _told(found, None if arguments.all else _SHOWN))
    return 1 if found.problems else 0


def _with_progress(recordings: "Iterable[Recording]") -> "Iterable[Recording]":
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    return track(recordings, "decoding", console=console, transient=True, disable=not sys.stderr.isatty())


def _told(found: "Check", most: int | None) -> Iterator[str]:
    yield f"{found.recordings} recordings can be used, {_minutes(sum(found.by_label.values()))}"
    yield from _table("by label", found.by_label)
    yield from _table(f"by speaker, {len(found.by_speaker)} of them", found.by_speaker)
    for title, lines in (("problems", found.problems), ("remarks", found.remarks)):
        if lines:
            yield f"{title} ({len(lines)}):"
            yield from (f"  {line}" for line in lines[:most])
        if most is not None and len(lines) > most:
            yield f"  and {len(lines) - most} more: --all lists them"
    if not found.problems:
        yield "nothing is missing or broken"


def _table(title: str, seconds: Mapping[str, float]) -> Iterator[str]:
    yield f"{title}:"
    width = max(map(len, seconds), default=0)
    yield from (f"  {name:<{width}}  {_minutes(seconds[name]):>10}" for name in sorted(seconds))


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.1f} min"
