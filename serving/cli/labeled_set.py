"""`undertone labeled-set`: makes the list of a published data set that the fusion can be tuned on."""

import argparse
import sys
from collections import Counter
from pathlib import Path

from serving.cli.options.parser import Parser, exit_codes
from serving.cli.views.names import printable


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the sub-command."""
    what = "list a published data set for tuning the fusion"
    codes = exit_codes({0: "the list was written", 1: "the data set cannot be read, or the list not be written"})
    parser = subparsers.add_parser("labeled-set", help=what, description=f"{what.capitalize()}.", epilog=codes)
    sets = parser.add_subparsers(required=True, metavar="SET", dest="set", title="data sets", parser_class=Parser)
    meld = sets.add_parser(
        "meld",
        help="MELD: dialogues of a television series",
        description="Writes audio,text,label,speaker,split for a folder of MELD as published (its CSV files and mp4 "
        "clips, or wav copies of them). Name the file in fusion.labeled_set of params.yaml, then `dvc repro`.",
        epilog=codes,
    )
    meld.add_argument("folder", type=Path, metavar="DIR", help="the folder that MELD was unpacked into")
    meld.add_argument("output", type=Path, metavar="OUT.csv", help="the file to write")
    meld.set_defaults(run=run_meld)


def run_meld(arguments: argparse.Namespace) -> int:
    """Write the list; say on standard error what was left out."""
    from undertone.corpora.meld import (
        MeldError,
        collect,
        write,
    )  # the command line starts without loading the media library

    try:
        collection = collect(arguments.folder)
        write(collection.utterances, arguments.output)
    except (MeldError, OSError) as error:
        raise SystemExit(f"undertone labeled-set: {error}") from None
    counts = Counter((utterance.split, utterance.label) for utterance in collection.utterances)
    parts = ", ".join(f"{split} {label} {number}" for (split, label), number in sorted(counts.items()))
    sys.stdout.write(f"{len(collection.utterances)} utterances in {printable(str(arguments.output))}: {parts}\n")
    if collection.left_out:
        sys.stderr.write(f"{len(collection.left_out)} utterances were left out:\n")
        sys.stderr.writelines(f"  {printable(name)}\n" for name in collection.left_out)
    return 0
