"""Write a Whisper of tiny.en's exact shape with random weights, int8: its compute is real, its words are not.

    python benchmarks/random_whisper.py build/random_whisper

For measuring speed where no weights can be had. Random weights never end a text by themselves: serve it with
`max_new_tokens=12` and `gates=False` (undertone/words/settings.py).
"""

import argparse
from pathlib import Path

import torch
from tokenizers import Tokenizer
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from transformers import WhisperConfig, WhisperForConditionalGeneration

from export.whisper import save_int8, token_ids, whisper_tokenizer

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
    languages = [f"l{number}" for number in range(LANGUAGES)]
    return whisper_tokenizer(BPE({piece: i for i, piece in enumerate(pieces)}, []), languages, TIMESTAMPS)


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
