"""What a rebuild reads from outside, checked in seconds before it begins: the clips, the texts, the tracking store.

What a stage has left here already is not asked for again. Run it as `python -m training.corpora.availability`.
"""

import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from training.corpora.ravdess.download import CACHE, MIRROR_VARIABLE
from training.corpora.ravdess.names import RavdessError, clips_in_folder
from training.corpora.texts.sentence import SourceError
from training.corpora.texts.sources import check_mirror, check_source
from training.files import CLIPS, TEXTS
from training.params import load_params
from training.tracking import check_store

CONNECT_TIMEOUT_S = 4.0


def lacking(params: Mapping[str, Any], mirror: Path | None) -> list[str]:
    """Return one sentence for each set that is neither here, nor in `mirror`, nor on the net."""
    found = []
    if not CLIPS.is_dir() and (fault := _clips_fault(params["download"]["url"], mirror)):
        found.append(f"RAVDESS: {fault}")
    if not TEXTS.is_file():
        try:
            check_source() if mirror is None else check_mirror(mirror)
        except SourceError as error:
            found.append(f"texts: {error}")
    return found


def _clips_fault(url: str, mirror: Path | None) -> str | None:
    archive = url.rsplit("/", 1)[-1]
    if mirror is not None:
        try:
            there = clips_in_folder(mirror / "ravdess") or (mirror / archive).is_file()
        except RavdessError as error:
            return str(error)
        there = there or (mirror / "ravdess" / archive).is_file()
        return None if there else f"{MIRROR_VARIABLE}={mirror} holds neither ravdess/ with the clips nor {archive}"
    host = urlsplit(url).hostname or url
    if (CACHE / archive).is_file():
        return None
    try:
        socket.create_connection((host, 443), timeout=CONNECT_TIMEOUT_S).close()
    except OSError as error:
        return f"{host} cannot be reached ({error}), and {MIRROR_VARIABLE} is not set"
    return None


def main() -> None:
    """End with what is lacking and what to set."""
    check_store()
    mirror = os.environ.get(MIRROR_VARIABLE)
    found = lacking(load_params(), Path(mirror) if mirror else None)
    if found:
        sys.stderr.write("what the models are trained on is missing:\n" + "".join(f"  {line}\n" for line in found))
        raise SystemExit(
            f"set {MIRROR_VARIABLE} to a folder with ravdess/, goemotions/, sst/ and meld/ (docs/retrain.md), or come "
            "back with a network. Serving, `make demo` and `make promote` need none of it."
        )


if __name__ == "__main__":
    main()
