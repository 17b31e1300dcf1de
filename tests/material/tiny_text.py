"""The text files of a release, small enough to be made by a test: a graph of a few nodes and a few words."""

from pathlib import Path

import onnx
import onnx.parser
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import BertProcessing

from undertone.words.sentiment import TEXT_FILE, TOKENIZER_FILE

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
WORDS = ("good", "bad", "great", "awful", "fine", "it", "was", "the", "film", "not", ".", "!", "?", "word")
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def make_tokenizer() -> Tokenizer:
    """Return an uncased WordPiece tokenizer that knows `WORDS` and spells everything else in letters."""
    pieces = [*SPECIAL, *WORDS, *LETTERS, *(f"##{letter}" for letter in LETTERS)]
    tokenizer = Tokenizer(WordPiece({piece: i for i, piece in enumerate(pieces)}, unk_token="[UNK]"))
    tokenizer.normalizer = BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.post_processor = BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.add_special_tokens(list(SPECIAL))
    return tokenizer


# Logits [0, number of tokens / 10, first id after [CLS] / 10]: enough to see what reaches the graph.
GRAPH = """
<ir_version: 10, opset_import: ["" : 18]>
tiny (int64[batch, tokens] input_ids, int64[batch, tokens] attention_mask) => (float[batch, 3] logits)
<float ten = {10.0}, int64[1] axis = {1}, int64 one = {1}>
{
    mask = Cast<to: int = 1>(attention_mask)
    count = ReduceSum(mask, axis)
    length = Div(count, ten)
    ids = Cast<to: int = 1>(input_ids)
    picked = Gather<axis: int = 1>(ids, one)
    column = Unsqueeze(picked, axis)
    first = Div(column, ten)
    zero = Sub(length, length)
    logits = Concat<axis: int = 1>(zero, length, first)
}
"""


def make_text_files(folder: Path, graph: str = GRAPH) -> Path:
    """Write `graph` and the tokenizer under their released names into `folder` and return it."""
    onnx.save(onnx.parser.parse_model(graph), folder / TEXT_FILE)
    make_tokenizer().save(str(folder / TOKENIZER_FILE))
    return folder
