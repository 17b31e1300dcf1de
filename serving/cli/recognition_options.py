"""The options of `undertone serve` that say how words are found, and their checks before anything starts."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from serving.settings import Recognition, ServerLimits, worker_per_core
from undertone.words.languages import ENGLISH, refusal
from undertone.words.settings import FALLBACKS, WEIGHTS, WINDOWS, AsrSettings, names_a_folder

_SWITCH = ("on", "off")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options to `parser`, in a group of their own."""
    group = parser.add_argument_group("speech recognition")
    add = group.add_argument
    asr, own, limits = AsrSettings(), Recognition(), ServerLimits()
    model_help, fallback_help = "Whisper (default: %(default)s)", "where the model cannot be had (default: %(default)s)"
    add("--asr-model", default=asr.model, type=_model, metavar="NAME|FOLDER|none", help=model_help)
    add("--asr-fallback", choices=FALLBACKS, default=asr.fallback, help=fallback_help)
    hub_help = "then the fallback (default: %(default)s)"
    add("--asr-hub-wait-s", type=_seconds, default=asr.hub_wait_s, metavar="S", help=hub_help)
    add("--asr-language", type=_language, metavar="CODE", help="such as en (default: as the model says, or detected)")
    add("--asr-window", choices=WINDOWS, default=asr.window, help="what the encoder sees (default: %(default)s)")
    threads_help = "of each worker (default: %(default)s)"
    workers_help = "processes for finals; auto: one for each core, 8 at most (default: %(default)s)"
    add("--asr-threads", type=_whole(1, 64), default=asr.threads, metavar="N", help=threads_help)
    add("--asr-workers", type=_workers, default="auto", metavar="N|auto", help=workers_help)
    timeout_help = "then the voice alone (default: %(default)s)"
    add("--asr-timeout-s", type=_seconds, default=limits.words_timeout_s, metavar="S", help=timeout_help)
    partial_help = "processes for words while they are spoken; 0: no partials (default: %(default)s)"
    add("--partial-workers", type=_whole(0, 64), default=own.partial_workers, metavar="N", help=partial_help)
    speculation_help = "ask for the words in a pause, before it ends the utterance (default: %(default)s)"
    add("--speculation", choices=_SWITCH, default="on", help=speculation_help)
    add("--asr-gates", choices=_SWITCH, default="on", help="off: for benchmarks on random weights")
    add("--asr-max-new-tokens", type=_whole(1, 448), metavar="N", help="for benchmarks on random weights")


def recognition(arguments: argparse.Namespace) -> Recognition:
    """Return what the parsed options ask for.

    Raises:
        SystemExit: the model is one of the hub's English ones, and the language another.
    """
    model, language = arguments.asr_model, arguments.asr_language
    if model.endswith(".en") and (wrong := refusal(language, ENGLISH)):
        raise SystemExit(f"--asr-language {language} with --asr-model {model}: {wrong}")
    return Recognition(
        asr=None if arguments.asr_model == "none" else _asr(arguments),
        workers=arguments.asr_workers,
        partial_workers=arguments.partial_workers,
        speculation=arguments.speculation == "on",
    )


def _asr(arguments: argparse.Namespace) -> AsrSettings:
    return AsrSettings(
        model=arguments.asr_model,
        fallback=arguments.asr_fallback,
        language=arguments.asr_language,
        threads=arguments.asr_threads,
        window=arguments.asr_window,
        hub_wait_s=arguments.asr_hub_wait_s,
        max_new_tokens=arguments.asr_max_new_tokens,
        gates=arguments.asr_gates == "on",
    )


def _model(text: str) -> str:
    folder = Path(text)
    if not text or text != text.strip():
        raise argparse.ArgumentTypeError(f"a model has a name, not {text!r}")
    if folder.is_dir():
        if not (folder / WEIGHTS).is_file():
            raise argparse.ArgumentTypeError(f"{text} holds no {WEIGHTS}: not a CTranslate2 model")
        return str(folder.resolve())
    if names_a_folder(text):
        raise argparse.ArgumentTypeError(f"there is no folder {text}")
    return text


def _language(text: str) -> str:
    if not (2 <= len(text) <= 10 and text.isascii() and text.islower()):
        raise argparse.ArgumentTypeError(f"a language is a code such as en, not {text!r}")
    return text


def _workers(text: str) -> int:
    return worker_per_core() if text == "auto" else int(_whole(1, 64)(text))


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0.1 <= seconds <= 600:
        raise argparse.ArgumentTypeError(f"must be seconds from 0.1 to 600, not {text}")
    return seconds


def _whole(low: int, high: int) -> Callable[[str], Any]:
    def number(text: str) -> int:
        if not text.isdecimal() or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(f"must be a whole number from {low} to {high}, not {text}")
        return int(text)

    return number
