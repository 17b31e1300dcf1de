"""A transformers Whisper and its tokenizer as a folder that faster-whisper loads: CTranslate2, int8.

    tokenizer = whisper_tokenizer(byte_pairs(["Kids are talking"], 300))
    model = WhisperForConditionalGeneration(WhisperConfig(**token_ids(tokenizer), ...))
    save_int8(model, tokenizer, Path("models/mine"))

For English models that are made here: micro_whisper (tests) and random weights (benchmarks). Published ones come
converted.
"""

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ctranslate2.converters import TransformersConverter
from tokenizers import Tokenizer
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.trainers import BpeTrainer
from transformers import PreTrainedTokenizerFast, WhisperForConditionalGeneration

END, START, NO_SPEECH, NO_TIMESTAMPS = "<|endoftext|>", "<|startoftranscript|>", "<|nocaptions|>", "<|notimestamps|>"
TASKS = ("<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>")


def byte_pairs(texts: Iterable[str], entries: int) -> BPE:
    """Return byte pairs learned from `texts`: 256 bytes, then merges, `entries` in all at most."""
    learner = Tokenizer(BPE())
    learner.pre_tokenizer = ByteLevel(add_prefix_space=False)
    alphabet = sorted(ByteLevel.alphabet())
    trainer = BpeTrainer(vocab_size=entries, initial_alphabet=alphabet, show_progress=False)
    learner.train_from_iterator(texts, trainer)
    return learner.model


def whisper_tokenizer(pieces: BPE, languages: Iterable[str] = (), timestamps: int = 0) -> Tokenizer:
    """Return a byte-level tokenizer of `pieces` with Whisper's special tokens behind them, in the order of tiny.en."""
    tokenizer = Tokenizer(pieces)
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False)
    tokenizer.decoder = ByteLevelDecoder()
    times = [f"<|{step * 0.02:.2f}|>" for step in range(timestamps)]
    tongues = [f"<|{language}|>" for language in languages]
    tokenizer.add_special_tokens([END, START, *tongues, *TASKS, NO_SPEECH, NO_TIMESTAMPS, *times])
    return tokenizer


def token_ids(tokenizer: Tokenizer) -> dict[str, Any]:
    """Return what `WhisperConfig` needs to know of `tokenizer`."""
    end = tokenizer.token_to_id(END)
    return {
        "vocab_size": tokenizer.get_vocab_size(),
        "pad_token_id": end,
        "bos_token_id": end,
        "eos_token_id": end,
        "decoder_start_token_id": tokenizer.token_to_id(START),
    }


def save_int8(model: WhisperForConditionalGeneration, tokenizer: Tokenizer, folder: Path) -> None:
    """Write `model.bin`, `config.json`, `vocabulary.json` and `tokenizer.json` into `folder`, which is replaced."""
    # As in every Whisper, the first token is neither a space nor the end: something is always said.
    model.generation_config.begin_suppress_tokens = [tokenizer.token_to_id("Ġ"), tokenizer.token_to_id(END)]
    model.generation_config.suppress_tokens = []
    with tempfile.TemporaryDirectory() as plain:
        model.save_pretrained(plain)
        PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=END).save_pretrained(plain)
        tokenizer.save(str(Path(plain) / "tokenizer.json"))
        converter = TransformersConverter(plain, copy_files=["tokenizer.json"])
        converter.convert(str(folder), quantization="int8", force=True)
