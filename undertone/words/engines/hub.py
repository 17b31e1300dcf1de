"""Where a model's folder is: named by the operator, in the cache of the hub, in a package, or fetched in bounded time.

The hub's client retries and waits for as long as it likes, so it runs in a process of its own that is killed when the
time is up; what it had fetched is kept, and the next start goes on from there.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from faster_whisper import available_models, download_model
from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

from undertone.words.engines.packages import carried
from undertone.words.engines.parts import put_together
from undertone.words.settings import WEIGHTS, names_a_folder
from undertone.words.transcript import AsrModelError

_FETCH = "import sys; from faster_whisper import download_model; print(download_model(sys.argv[1]))"
_CONVERT = "convert one with `ct2-transformers-converter --copy_files tokenizer.json --quantization int8`"


class HubError(RuntimeError):
    """The hub did not give the model; the message says why, for people."""


class FoundModel(NamedTuple):
    """A model's folder, and where it came from in words for everybody: without a path of this machine.

    `sha256` is that of the weights, None where finding them did not ask for it.
    """

    folder: Path
    source: str
    sha256: str | None = None


def find_model(model: str, wait_s: float) -> FoundModel:
    """Return where `model` is, a folder or a name of the hub; ends within about `wait_s`.

    Raises:
        AsrModelError: a folder that holds no model, or a name that no hub can have.
        HubError: the name is neither cached nor to be had in time.
    """
    if Path(model).is_dir():
        return FoundModel(checked(Path(model)), "a folder")
    check_name(model)
    if folder := cached(model):
        return FoundModel(folder, "the hub's cache")
    if found := carried(model):
        folder, package, sha256 = found
        return FoundModel(checked(folder), f"the package {package}", sha256)
    if found := put_together(model):
        folder, packages, sha256 = found
        return FoundModel(checked(folder), f"the packages {packages}", sha256)
    return FoundModel(fetched(model, wait_s), "the hub")


def checked(folder: Path) -> Path:
    """Return `folder` if it has the files of a converted model."""
    missing = [name for name in (WEIGHTS, "tokenizer.json") if not (folder / name).is_file()]
    if missing:
        raise AsrModelError(
            f"{folder} is no folder of a CTranslate2 Whisper: it has no {' and no '.join(missing)}; {_CONVERT}, "
            "or name a model of the hub such as tiny.en"
        )
    return folder


def check_name(model: str) -> None:
    """Refuse what can be neither a folder here nor a name of the hub."""
    if names_a_folder(model):
        raise AsrModelError(
            f"there is no folder {model}; name a folder of a CTranslate2 Whisper, or a model of the hub"
        )
    if "/" not in model and model not in available_models():
        raise AsrModelError(
            f"{model!r} is no folder and no model that the hub is known for: {', '.join(available_models())}; "
            "others are named owner/name"
        )


def cached(model: str) -> Path | None:
    """Return the folder of `model` in the hub's cache, or None where it lacks the weights."""
    try:
        folder = Path(download_model(model, local_files_only=True))
    except LocalEntryNotFoundError:
        return None
    except HFValidationError as error:
        raise AsrModelError(f"{model!r} is no name of the hub: {error}") from error
    return folder if (folder / WEIGHTS).is_file() else None


def fetched(model: str, wait_s: float) -> Path:
    """Download `model` and return its folder in the cache."""
    limits = {name: str(max(1, int(wait_s / 2))) for name in ("HF_HUB_ETAG_TIMEOUT", "HF_HUB_DOWNLOAD_TIMEOUT")}
    command = [sys.executable, "-W", "ignore", "-c", _FETCH, model]
    environment = {**os.environ, **limits}
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=wait_s, check=True)
    except subprocess.TimeoutExpired as error:
        raise HubError(f"{model} could not be fetched within {wait_s:g} s, and is not cached") from error
    except subprocess.CalledProcessError as error:
        raise HubError(f"{model} could not be fetched: {_plain(error.stderr)}, and it is not cached") from error
    return checked(Path(done.stdout.strip().splitlines()[-1]))


def _plain(stderr: str) -> str:
    if "LocalEntryNotFoundError" in stderr:  # what the client says, at length, when it reaches no hub
        return "the hub cannot be reached"
    return f"the hub said {(stderr.strip().splitlines() or ['nothing'])[-1][:200]!r}"
