"""What an evaluation needs beside the library: said in one line where it is not installed."""

import argparse
from importlib.util import find_spec

_NEEDED = ("pandas", "pyarrow", "sklearn", "scipy", "jinja2", "matplotlib", "jiwer")


def check_libraries(parser: argparse.ArgumentParser) -> None:
    """End with exit code 2 where one is missing."""
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        parser.error(f"{', '.join(missing)} missing: `pip install 'undertone[evaluate]'` brings them")
