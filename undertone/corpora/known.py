"""The corpora that can be read, by name."""

from undertone.corpora.crema_d import CREMA_D
from undertone.corpora.emodb import EMODB
from undertone.corpora.esd import ESD
from undertone.corpora.meld import MELD
from undertone.corpora.plain import PLAIN
from undertone.corpora.ravdess import RAVDESS
from undertone.corpora.recording import Corpus, CorpusError
from undertone.corpora.savee import SAVEE
from undertone.corpora.tess import TESS

CORPORA = {corpus.name: corpus for corpus in (RAVDESS, CREMA_D, TESS, SAVEE, EMODB, ESD, MELD, PLAIN)}


def corpus_named(name: str) -> Corpus:
    """Return the corpus; a name that is none of `CORPORA` is one of your own, in a folder of that name.

    Raises:
        CorpusError: `name` could not be the name of a folder.
    """
    if not name or "/" in name or name.startswith("."):
        raise CorpusError(f"{name!r} names no corpus; known are {', '.join(CORPORA)}, or a folder of your own")
    return CORPORA.get(name, CORPORA["plain"])
