"""Fetches one large file of known size and md5 over HTTP, resuming where an earlier attempt stopped.

It knows nothing of what the file holds. Bytes go to `NAME.partial`; only a file of the right size and md5 gets its
name. A whole file that is not the right one is kept aside as `NAME.wrong-size` or `NAME.wrong-md5`.
"""

import hashlib
import re
import time
from dataclasses import dataclass
from pathlib import Path

import requests
from tqdm import tqdm

CONNECT_TIMEOUT_S = 4.0
READ_TIMEOUT_S = 20.0
ATTEMPTS = 3  # in a row without a new byte
CHUNK_BYTES = 1 << 14


class DownloadError(OSError):
    """The file could not be fetched; what arrived is kept, and the next attempt goes on from there."""


class WrongFileError(ValueError):
    """A whole file arrived, or was there, and it is not the expected one."""


@dataclass(frozen=True)
class RemoteFile:
    """A file to fetch and how to recognise it."""

    url: str
    bytes: int
    md5: str

    @property
    def name(self) -> str:
        """Return the last part of the address: the file's name."""
        return self.url.rsplit("/", 1)[-1]


def fetch(file: RemoteFile, cache: Path, pause_s: float = 0.5) -> Path:
    """Return the path of `file` in the folder `cache`, downloading what is not there yet.

    Raises:
        DownloadError: no server, no network, or an HTTP error, after a few attempts.
        WrongFileError: size or md5 differ; the file is kept aside under the name in the message.
    """
    cache.mkdir(parents=True, exist_ok=True)
    target, partial = cache / file.name, cache / f"{file.name}.partial"
    if target.is_file():
        _check_or_set_aside(target, target, file)
        return target
    _complete(file, partial, pause_s)
    _check_or_set_aside(partial, target, file)
    return partial.rename(target)


def check_file(path: Path, file: RemoteFile) -> None:
    """Refuse a file at `path` that has another size or md5 than `file`.

    Raises:
        WrongFileError: the message names both values.
    """
    size = path.stat().st_size
    if size != file.bytes:
        raise WrongFileError(f"{path} has {size} bytes, expected {file.bytes}")
    with path.open("rb") as content:
        md5 = hashlib.file_digest(content, "md5").hexdigest()
    if md5 != file.md5:
        raise WrongFileError(f"{path} has md5 {md5}, expected {file.md5}")


def _check_or_set_aside(path: Path, target: Path, file: RemoteFile) -> None:
    try:
        check_file(path, file)
    except WrongFileError as error:
        reason = "md5" if path.stat().st_size == file.bytes else "size"
        aside = path.replace(target.with_name(f"{target.name}.wrong-{reason}"))
        raise WrongFileError(f"{error}: not used, kept as {aside}; run again to download afresh") from None


def _complete(file: RemoteFile, partial: Path, pause_s: float) -> None:
    """Ask for the missing bytes until they are all there, the server has no more, or nothing new comes."""
    most, failures = _size(partial), 0
    with tqdm(total=file.bytes, initial=most, unit="B", unit_scale=True, desc=file.name, mininterval=1.0) as bar:
        while _size(partial) < file.bytes:
            try:
                if _append(file, partial, bar):
                    return
                problem = "the server closed the connection early"
            except requests.RequestException as error:
                problem = _cause(error)
            size = _size(partial)
            failures = 0 if size > most else failures + 1
            most = max(most, size)
            if failures == ATTEMPTS:
                raise DownloadError(f"{file.url}: {problem} ({ATTEMPTS} attempts, {size} of {file.bytes} bytes kept)")
            time.sleep(pause_s * failures)


def _append(file: RemoteFile, partial: Path, bar: tqdm) -> bool:
    """Do one request for what is missing; tell whether the server's whole file is now there."""
    start = _size(partial)
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
    with requests.get(file.url, headers=headers, stream=True, timeout=(CONNECT_TIMEOUT_S, READ_TIMEOUT_S)) as response:
        if response.status_code == requests.codes.requested_range_not_satisfiable:
            return True
        _check_status(response)
        start, total = _extent(response, start)
        bar.reset(total=file.bytes)
        bar.update(start)
        with partial.open("ab" if start else "wb") as output:
            for chunk in response.iter_content(CHUNK_BYTES):
                output.write(chunk)
                bar.update(len(chunk))
                if output.tell() > file.bytes:
                    return True
            return output.tell() == total


def _extent(response: requests.Response, start: int) -> tuple[int, int | None]:
    """Return where the body starts in the file, and the size that the server claims for the whole file, if any."""
    if response.status_code != requests.codes.partial_content:  # all of it, also from servers that ignore Range
        length = response.headers.get("Content-Length")
        return 0, int(length) if length else None
    content_range = response.headers.get("Content-Range", "")
    match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", content_range)
    if match is None or int(match[1]) != start:
        raise DownloadError(f"{response.url}: asked for the bytes from {start}, got {content_range!r}")
    return start, None if match[2] == "*" else int(match[2])


def _check_status(response: requests.Response) -> None:
    """Turn an answer that no repetition will change into a DownloadError, others into a RequestException."""
    if 400 <= response.status_code < 500 and response.status_code not in (408, 425, 429):
        raise DownloadError(f"{response.url}: the server answered {response.status_code} {response.reason}")
    response.raise_for_status()


def _cause(error: requests.RequestException) -> str:
    if isinstance(error, requests.ConnectTimeout):
        return f"no connection within {CONNECT_TIMEOUT_S:g} s"
    if isinstance(error, requests.ReadTimeout):
        return f"no data for {READ_TIMEOUT_S:g} s"
    if isinstance(error, requests.ConnectionError):
        return f"no connection ({type(error.args[0]).__name__ if error.args else 'unknown'})"
    return str(error)


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
