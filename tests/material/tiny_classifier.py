"""Text networks small enough to be made by a test: a DistilBERT classifier and an MPNet, two narrow layers each.

What reads this file imports no transformers, which take three seconds: only who makes a network does.
"""

from pathlib import Path

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from material.tiny_text import make_tokenizer

WORDS = ["bad", "awful", "it", "was", "the", "film", "good", "great", "yes", "no"]


def make_classifier(folder: Path, labels: tuple[str, ...] = ("NEGATIVE", "POSITIVE"), seed: int = 0) -> Path:
    """Save a classifier with these class names into `folder`, as `save_pretrained` does, and return it."""
    from transformers import DistilBertConfig, DistilBertForSequenceClassification, PreTrainedTokenizerFast

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


def make_mpnet(folder: Path, seed: int = 0) -> Path:
    """Save an MPNet with its configuration and tokenizer into `folder`, as the hub has it, and return it."""
    from transformers import MPNetConfig, MPNetModel

    torch.manual_seed(seed)
    words = {word: i for i, word in enumerate(["<s>", "<pad>", "</s>", "<unk>", *WORDS])}
    config = MPNetConfig(
        vocab_size=len(words),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=64,
        initializer_range=0.3,
    )
    MPNetModel(config).save_pretrained(folder)
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder
