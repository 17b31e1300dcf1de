"""Batches of texts of like length, so that little is spent on padding; the order depends on the seed alone."""

import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor, nn


def buckets(lengths: Sequence[int], batch_size: int, rng: random.Random, pool: int = 50) -> list[list[int]]:
    """Return shuffled batches of indices: `pool` batches at a time are sorted by length and cut.

    Each index comes once; texts of one batch differ little in length although their choice is random.
    """
    order = list(range(len(lengths)))
    rng.shuffle(order)
    batches = []
    for start in range(0, len(order), pool * batch_size):
        part = sorted(order[start : start + pool * batch_size], key=lambda i: lengths[i])
        batches += [part[i : i + batch_size] for i in range(0, len(part), batch_size)]
    rng.shuffle(batches)
    return batches


def padded(ids: Sequence[Sequence[int]], pad_id: int, multiple: int = 1) -> tuple[Tensor, Tensor]:
    """Return input_ids and attention_mask, int64 (batch, longest), the longest rounded up to a `multiple`."""
    # oneDNN compiles kernels for every new shape: without rounding that costs more than the padding.
    longest = -(-max(len(row) for row in ids) // multiple) * multiple
    tokens = torch.tensor([[*row, *[pad_id] * (longest - len(row))] for row in ids])
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in ids])
    return tokens, mask


def encoded(tokenizer: Tokenizer, texts: Sequence[str], max_tokens: int) -> list[list[int]]:
    """Return the token ids of each text with its special tokens, at most `max_tokens`."""
    tokenizer.enable_truncation(max_tokens)
    tokenizer.no_padding()
    return [encoding.ids for encoding in tokenizer.encode_batch(list(texts))]


def torch_logits(
    model: nn.Module, tokenizer: Tokenizer, texts: Sequence[str], max_tokens: int = 128, batch_size: int = 64
) -> NDArray[np.float64]:
    """Return the logits (texts, labels) of a torch classifier in evaluation mode, in the order of `texts`."""
    model.eval()
    return answered(
        encoded(tokenizer, texts, max_tokens),
        tokenizer.token_to_id("[PAD]"),
        lambda tokens, mask, _: model(input_ids=tokens, attention_mask=mask).logits.double().numpy(),
        batch_size,
    )


def answered(
    ids: Sequence[Sequence[int]],
    pad_id: int,
    answer: Callable[[Tensor, Tensor, list[int]], NDArray[Any]],
    batch_size: int = 64,
) -> NDArray[Any]:
    """Return what `answer` says of each text, in their order, asked in batches of texts of like length.

    `answer` is given input_ids, attention_mask, and the positions of the texts in `ids`.
    """
    order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
    found: dict[int, NDArray[Any]] = {}
    with torch.inference_mode():
        for start in range(0, len(order), batch_size):
            part = order[start : start + batch_size]
            tokens, mask = padded([ids[i] for i in part], pad_id, 4)
            found.update(zip(part, answer(tokens, mask, part), strict=True))
    return np.stack([found[i] for i in range(len(ids))])
