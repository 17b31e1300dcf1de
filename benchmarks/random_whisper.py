"""Write a Whisper of tiny.en's exact shape with random weights, int8: its compute is real, its words are not.

    python benchmarks/random_whisper.py build/random_whisper

For measuring speed where there are no weights. Random weights never end a text by themselves: serve it with
`max_new_tokens=12` and `gates=False` (undertone/words/settings.py).
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

import torch
from ctranslate2.converters import TransformersConverter
from tokenizers import Tokenizer
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from transformers import PreTrainedTokenizerFast, WhisperConfig, WhisperForConditionalGeneration

END, START = "<|endoftext|>", "<|startoftranscript|>"
TASKS = ("<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>", "<|nocaptions|>", "<|notimestamps|>")
PIECES, LANGUAGES, TIMESTAMPS = 50_256, 99, 1501  # with eight more special tokens: the 51 864 of tiny.en
TINY_EN = {
    "d_model": 384,
    "encoder_layers": 4,
    "decoder_layers": 4,
    "encoder_attention_heads": 6,
    "decoder_attention_heads": 6,
    "encoder_ffn_dim": 1536,
    "decoder_ffn_dim": 1536,
}


def tiny_en_tokenizer() -> Tokenizer:
    """Return a tokenizer with the ids of tiny.en: bytes, pieces without sense, special tokens."""
    alphabet = sorted(ByteLevel.alphabet())
    pieces = alphabet + [f"Ġp{number}" for number in range(PIECES - len(alphabet))]
    tokenizer = Tokenizer(BPE({piece: i for i, piece in enumerate(pieces)}, []))
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False)
    tokenizer.decoder = ByteLevelDecoder()
    languages = [f"<|l{number}|>" for number in range(LANGUAGES)]
    times = [f"<|{step * 0.02:.2f}|>" for step in range(TIMESTAMPS)]
    tokenizer.add_special_tokens([END, START, *languages, *TASKS, *times])
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


def random_whisper(folder: Path, seed: int = 0) -> None:
    """Write the model into `folder`, which is replaced."""
    torch.manual_seed(seed)
    tokenizer = tiny_en_tokenizer()
    model = WhisperForConditionalGeneration(WhisperConfig(**TINY_EN, **token_ids(tokenizer)))
    folder.parent.mkdir(parents=True, exist_ok=True)
    save_int8(model, tokenizer, folder)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A Whisper of tiny.en's shape with random weights.")
    parser.add_argument("folder", type=Path)
    chosen = parser.parse_args()
    random_whisper(chosen.folder)
    print(f"{chosen.folder}: {sum(path.stat().st_size for path in chosen.folder.iterdir()) / 1e6:.1f} MB")
