"""The option `--release`: the folder of a release."""

import argparse
from pathlib import Path

from serving.promoted import default_release


def add_release(parser: argparse.ArgumentParser) -> None:
    """Add the option to `parser`."""
    help_text = "folder of the release (default: %(default)s)"
    parser.add_argument("--release", type=Path, default=default_release(), metavar="DIR", help=help_text)
