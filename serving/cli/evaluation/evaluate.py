"""`undertone evaluate`: asks a server or a release about labelled recordings, and writes what came of it."""

import argparse
import hashlib
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serving.cli.evaluation.libraries import check_libraries
from serving.cli.failures import FAILED, WELL, complain
from serving.cli.options import session as sending
from serving.cli.options.parser import USAGE, exit_codes

if TYPE_CHECKING:  # the command line starts without pandas, matplotlib and the models
    from serving.cli.evaluation.asking import Judge
    from undertone.evaluation.items import Item
    from undertone.evaluation.journal import Journal

_CODES = {
    WELL: "every recording was judged, or has no speech in it",
    FAILED: "one could not be heard (run it again: nothing else is asked twice), ends early or is damaged",
    USAGE: "wrong arguments, no server, no release, or a manifest that cannot be used",
}
_complain = partial(complain, "undertone evaluate")


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser(
        "evaluate",
        help="ask about labelled recordings, and write a report",
        description="Asks a server, or a release in this process, about each recording, and writes events.jsonl, "
        "predictions.parquet, summary.json and report.html. Interrupted, it goes on where it was.",
        epilog="A manifest is a CSV with the columns audio and label, and perhaps text, speaker and others, which "
        "group the results. A folder has a folder for each label in it, or clips of RAVDESS.\n\n" + exit_codes(_CODES),
    )
    parser.add_argument("manifest", type=Path, nargs="+", metavar="MANIFEST.csv|FOLDER")
    who = parser.add_mutually_exclusive_group()
    sending.add_url(who)
    who.add_argument("--release", type=Path, metavar="DIR", help="a release, heard here, without a server")
    parser.add_argument("--upload", action="store_true", help="send each recording as a file, and do not stream it")
    sending.add_key(parser)
    parser.add_argument("--speed", type=sending.speed, default=1.0, metavar="X", help="times real time (default: 1)")
    parser.add_argument("--concurrency", type=_at_least_one, default=4, metavar="N", help="at once (default: 4)")
    report_help = "where everything is written (default: evaluations/NAME)"
    parser.add_argument("--report", type=Path, metavar="DIR", help=report_help)
    parser.add_argument("--mlflow", action="store_true", help="log it as a run of MLflow as well (undertone[train])")
    parser.set_defaults(run=run, parser=parser)


def run(arguments: argparse.Namespace) -> int:
    """Ask, write, and say the few numbers that matter; return the exit code."""
    check_libraries(arguments.parser)
    if arguments.upload and arguments.release:
        arguments.parser.error("--upload sends recordings to a server, and --release asks none")
    from undertone.evaluation.items import ItemsError, read_items
    from undertone.evaluation.journal import Journal, JournalError
    from undertone.manifest import ReleaseError

    folder = arguments.report or Path("evaluations") / arguments.manifest[0].resolve().stem
    try:
        items = read_items(arguments.manifest)
        judge = _judge(arguments)
        protocol = {**_manifest(arguments.manifest, items), **judge.protocol()}
        journal = Journal(folder / "events.jsonl", protocol)
    except (ItemsError, JournalError, ReleaseError, OSError) as refused:
        _complain(str(refused))
        return USAGE
    _ask(items, judge, journal, arguments.concurrency)
    return _write(folder, items, journal, protocol, arguments.mlflow)


def _at_least_one(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is no number of recordings at once")
    return int(text)


def _judge(arguments: argparse.Namespace) -> "Judge":
    from serving.cli.evaluation.asking import LiveServer, ThisProcess, Uploads

    if arguments.release:
        return ThisProcess(arguments.release)
    if arguments.upload:
        return Uploads(arguments.url, arguments.api_key)
    return LiveServer(arguments.url, arguments.api_key, arguments.speed)


def _manifest(paths: list[Path], items: "list[Item]") -> dict[str, str]:
    names = ", ".join(path.resolve().name for path in paths)
    listed = "\n".join(f"{item.name},{item.label}" for item in items)
    return {"manifest": names, "manifest_sha256": hashlib.sha256(listed.encode()).hexdigest()}


def _ask(items: "list[Item]", judge: "Judge", journal: "Journal", concurrency: int) -> None:
    waiting = [item for item in items if item.name not in journal.heard]
    with _progress(len(items), len(items) - len(waiting)) as advance, ThreadPoolExecutor(concurrency) as threads:
        asked = {threads.submit(judge.hear, item.audio): item for item in waiting}
        try:
            for future in as_completed(asked):
                answer, item = future.result(), asked[future]
                journal.add(item.name, answer.events, **answer.facts)
                if failure := answer.facts.get("failure"):
                    _complain(f"{item.name}: {failure}")
                advance()
        except BaseException:  # Ctrl-C: what is under way is not waited for in vain
            judge.stopped.set()
            threads.shutdown(wait=False, cancel_futures=True)
            raise


@contextmanager
def _progress(whole: int, done: int) -> Iterator[Any]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = (MofNCompleteColumn(), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("heard", total=whole, completed=done)
        yield lambda: progress.advance(task)


def _write(folder: Path, items: "list[Item]", journal: "Journal", protocol: dict[str, Any], mlflow: bool) -> int:
    from undertone.evaluation.predictions import predictions
    from undertone.evaluation.written import one_line, write

    table = predictions(items, journal.heard)
    summary = write(folder, table, items, protocol)
    for name, damage in table.loc[table["damage"].notna(), ["audio", "damage"]].to_numpy():
        _complain(f"{name}: {damage}")
    sys.stdout.write(f"{one_line(summary)}\n{folder / 'report.html'}\n")
    if mlflow and not _logged(folder):
        return FAILED
    return FAILED if summary["counts"]["unreadable"] or summary["counts"]["damaged"] else WELL


def _logged(folder: Path) -> bool:
    # A process of its own: nothing here imports MLflow, and whoever only serves does not have it.
    command = [sys.executable, "-m", "training.evaluation.log_report", str(folder)]
    return subprocess.run(command, check=False).returncode == 0
