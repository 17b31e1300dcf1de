"""Fetches a published DistilBERT classifier, from a folder or from the hub, as the base that needs no fine-tuning."""

from pathlib import Path

from tokenizers import Tokenizer
from transformers import AutoConfig, AutoTokenizer, DistilBertForSequenceClassification

from training.corpora.texts.hub import HubUnreachableError, check_hub
from training.text.model import PACKAGED_BASE, column_labels
from undertone.labels import LabelError


def fetch_base(base: str) -> tuple[DistilBertForSequenceClassification, Tokenizer]:
    """Return model and tokenizer of `base`, a folder or the hub id of a sentiment DistilBERT.

    Raises:
        SystemExit: the hub cannot be reached, the folder lacks a file, or it is no DistilBERT sentiment classifier.
    """
    folder = Path(base)
    local = folder.is_dir()
    if not local and not _cached(base):
        try:
            check_hub()
        except HubUnreachableError as error:
            raise SystemExit(f"text.base: {base} is no folder here, and {error}.\n{_advice()}") from None
    try:
        config = AutoConfig.from_pretrained(base, local_files_only=local)
        if config.model_type != "distilbert":
            raise SystemExit(f"text.base: {base} is a {config.model_type} model; a DistilBERT classifier is needed")
        column_labels(config.id2label)
        model = DistilBertForSequenceClassification.from_pretrained(base, local_files_only=local)
        tokenizer = AutoTokenizer.from_pretrained(base, local_files_only=local, use_fast=True)
    except (OSError, ValueError) as error:
        if isinstance(error, LabelError):
            raise SystemExit(f"text.base: {base} cannot be used: {error}") from None
        raise SystemExit(f"text.base: {base} cannot be loaded: {error}\n{_advice()}") from None
    return model, Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())


def _cached(base: str) -> bool:
    from huggingface_hub import try_to_load_from_cache

    return isinstance(try_to_load_from_cache(base, "config.json"), str)


def _advice() -> str:
    return (
        "Give a folder that holds config.json, model.safetensors and tokenizer.json, e.g. "
        f"`dvc exp run -S text.base=path/to/folder`, or the base that needs no hub: text.base={PACKAGED_BASE}"
    )
