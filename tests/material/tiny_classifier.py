"""A text classifier small enough to be made by a test: a DistilBERT of two narrow layers and few words."""

from pathlib import Path

import torch
from transformers import DistilBertConfig, DistilBertForSequenceClassification, PreTrainedTokenizerFast

from material.tiny_text import make_tokenizer


def make_classifier(folder: Path, labels: tuple[str, ...] = ("NEGATIVE", "POSITIVE"), seed: int = 0) -> Path:
    """Save a classifier with these class names into `folder`, as `save_pretrained` does, and return it."""
    torch.manual_seed(seed)
    tokenizer = make_tokenizer()
    config = DistilBertConfig(
        vocab_size=tokenizer.get_vocab_size(),
        max_position_embeddings=128,
        dim=32,
        hidden_dim=64,
        n_layers=2,
        n_heads=4,
        initializer_range=0.5,
        id2label=dict(enumerate(labels)),
        label2id={label: i for i, label in enumerate(labels)},
    )
    DistilBertForSequenceClassification(config).save_pretrained(folder)
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]"
    ).save_pretrained(folder)
    return folder
