"""Promotion: makes models/release the live release, if it is whole and passes the gates. Not a stage.

Run it as `make promote` or `python -m export.promote`. What is live afterwards is `models/promoted/`; the promotion
becomes the team's when models/promoted.dvc and dvc-store/ are committed and reviewed. A failed check changes nothing;
a step that fails later puts back what was there.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from export.gates import GateError, Gates, check_gates, unmeasured
from training.files import LIVE, RELEASE
from training.params import load_params
from training.tracking import STORE, check_store, register_release
from undertone import manifest as manifests
from undertone.manifest import MANIFEST_NAME, Manifest, OlderSchemaError, ReleaseError

REGISTERED_NAME = "undertone"


def promote(gates: Gates, release: Path = RELEASE, live: Path = LIVE, store: Path = STORE) -> int | None:
    """Check `release`, copy it to `live`, hand it to DVC, register it as champion; runs in the root of the repository.

    Returns:
        The registered version, or None where this very release is live already.

    Raises:
        SystemExit: a check failed and nothing was changed, or a step failed and everything was put back.
    """
    check_store(store)
    candidate = _load(release, "make it with `dvc repro release`")
    current = _load_live(live)
    try:
        failures = check_gates(gates, candidate, current)
    except GateError as error:
        raise SystemExit(f"not promoted, nothing was changed: {error}") from None
    for name in unmeasured(gates, candidate):
        sys.stderr.write(f"the gate {name} is not applied: the network of this release does not tell that\n")
    if failures:
        raise SystemExit("not promoted, nothing was changed:\n" + "\n".join(f"  {failure}" for failure in failures))
    pointer = live.with_name(live.name + ".dvc")
    if candidate == current and pointer.exists():
        return None
    with _put_back_on_failure(live, pointer, live.parent / ".gitignore"):
        _replace(release, candidate, live)
        _dvc("add", str(live))
        _dvc("push", str(pointer))
        # Last, because only this step cannot be taken back; the champion moves as the last thing it does.
        return register_release(live, REGISTERED_NAME, candidate.metrics, store)


def main() -> None:
    """Promote models/release and say what to commit."""
    version = promote(load_params()["gates"])
    if version is None:
        sys.stdout.write(f"{RELEASE} is what {LIVE} holds already: nothing to do\n")
        return
    sys.stdout.write(
        f"{RELEASE} is live in {LIVE} and registered as {REGISTERED_NAME} version {version}, alias champion.\n"
        f"To publish it: git add {LIVE}.dvc dvc-store && git commit\n"
    )


def _load(folder: Path, remedy: str) -> Manifest:
    if not (folder / MANIFEST_NAME).is_file():
        raise SystemExit(f"not promoted: there is no release in {folder}: {remedy}")
    try:
        return manifests.load(folder)
    except ReleaseError as error:
        raise SystemExit(f"not promoted, nothing was changed: {error}; {remedy}") from None


def _load_live(live: Path) -> Manifest | None:
    """Return what is live; a pointer without its folder is an error, or the regression gates would be passed by.

    A live release of an older schema is None, and said: this undertone cannot serve it, nor compare with it.
    """
    pointer = live.with_name(live.name + ".dvc")
    if not live.exists() and not pointer.exists():
        return None
    try:
        return manifests.load(live)
    except OlderSchemaError as error:
        sys.stderr.write(f"the regression gates are not applied: {error}\n")
        return None
    except ReleaseError:
        return _load(live, f"get it back with `dvc pull {pointer}`")


def _replace(release: Path, manifest: Manifest, live: Path) -> None:
    """Put a checked copy of the listed files of `release` in the place of `live`, by renaming."""
    with TemporaryDirectory(dir=live.parent, prefix=".promotion-") as folder:
        fresh = Path(folder) / live.name
        fresh.mkdir()
        for name in [*manifest.files, MANIFEST_NAME]:
            shutil.copyfile(release / name, fresh / name)
        manifests.load(fresh)
        if live.exists():
            live.rename(Path(folder) / "old")
        fresh.rename(live)


@contextmanager
def _put_back_on_failure(*paths: Path) -> Iterator[None]:
    """Put `paths`, files or folders, back as they were where the block fails, and say so."""
    with TemporaryDirectory(dir=paths[0].parent, prefix=".before-promotion-") as folder:
        for path in paths:
            if path.exists():
                _copy(path, Path(folder) / path.name)
        try:
            yield
        except BaseException as error:
            for path in paths:
                _remove(path)
                if (Path(folder) / path.name).exists():
                    _copy(Path(folder) / path.name, path)
            if not isinstance(error, Exception):
                raise
            raise SystemExit(f"not promoted, what was live is back: {error}") from error


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copy2(source, target)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _dvc(*arguments: str) -> None:
    result = subprocess.run([sys.executable, "-m", "dvc", *arguments], capture_output=True, text=True, check=False)
    if result.returncode:
        raise RuntimeError(f"`dvc {' '.join(arguments)}` failed:\n{result.stderr.strip() or result.stdout.strip()}")


if __name__ == "__main__":
    main()
