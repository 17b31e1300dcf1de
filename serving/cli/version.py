"""`undertone --version`: the program, and the release that it would serve."""

import argparse
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from serving.promoted import default_release
from undertone import manifest
from undertone.manifest import ReleaseError


class VersionAction(argparse.Action):
    """Prints both and ends; nothing is read before it is asked for."""

    def __init__(self, option_strings: Sequence[str], dest: str, **options: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, **options)

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        """Print `undertone 0.7.0, release 0.6.0 in models/promoted`."""
        sys.stdout.write(f"undertone {version('undertone')}, {described_release()}\n")
        parser.exit()


def described_release() -> str:
    """Return version and folder of the release that is served by default, or that there is none."""
    folder = default_release()
    try:
        return f"release {manifest.load(folder).version} in {folder}"
    except ReleaseError:
        return f"no release in {folder}"
