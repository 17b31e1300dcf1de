"""The packaged base: the same embeddings as the original, and a smaller vocabulary that loses no Latin word."""

import pytest
import torch
from transformers import BertModel

from training.text.batches import torch_logits
from training.text.model import keep_pieces, packaged_folder, packaged_model, packaged_tokenizer, reduced

TEXTS = ["The film was great.", "i do n't know what to say", "Fine.", "", "zyxwvut qqq antidisestablishmentarianism?!"]


def test_embeddings_equal_those_of_all_minilm_within_1e_4() -> None:
    tokenizer = packaged_tokenizer()
    tokenizer.enable_padding()
    encoded = tokenizer.encode_batch(TEXTS)
    ids = torch.tensor([line.ids for line in encoded])
    mask = torch.tensor([line.attention_mask for line in encoded])
    original = BertModel.from_pretrained(packaged_folder(), local_files_only=True).eval()
    ours = packaged_model(seed=0).eval()
    with torch.inference_mode():
        expected = original(input_ids=ids, attention_mask=mask).last_hidden_state
        found = ours.distilbert(input_ids=ids, attention_mask=mask).last_hidden_state
    torch.testing.assert_close(found[mask.bool()], expected[mask.bool()], atol=1e-4, rtol=0.0)


def test_fewer_pieces_give_the_same_logits_where_all_pieces_are_kept() -> None:
    tokenizer = packaged_tokenizer()
    expected = torch_logits(packaged_model(seed=0), tokenizer, TEXTS)
    kept = keep_pieces(tokenizer, TEXTS * 3, size=600)
    assert len(kept) == len(set(kept)) == 600
    model, smaller = reduced(packaged_model(seed=0), tokenizer, kept, positions=128)
    assert model.config.vocab_size == smaller.get_vocab_size() == 600
    assert torch_logits(model, smaller, TEXTS) == pytest.approx(expected, abs=1e-5)


def test_no_latin_word_becomes_unknown_in_the_smallest_vocabulary() -> None:
    tokenizer = packaged_tokenizer()
    _, smaller = reduced(packaged_model(seed=0), tokenizer, keep_pieces(tokenizer, [], size=300), positions=128)
    encoding = smaller.encode("Quixotic zebras don't jump over 1234567890 lazy dogs & co., do they?")
    assert "[UNK]" not in encoding.tokens
    assert encoding.tokens[0] == "[CLS]"
    assert encoding.tokens[-1] == "[SEP]"
    assert encoding.ids == [smaller.token_to_id(token) for token in encoding.tokens]
