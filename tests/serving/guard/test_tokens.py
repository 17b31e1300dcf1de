"""Tokens that others sign: the keys that check them, from files and from URLs."""

import asyncio
import json
import math
import time

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt import PyJWKClient
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from serving.guard.credentials.tokens import Tokens
from serving.guard.grant import Quota
from serving.guard.policy import PolicyError, TokenRules
from serving.guard.refusal import RefusedError

pytestmark = pytest.mark.fast

SECRET = "a secret of the operator, long enough to be one"
URL = "https://issuer.example/jwks.json"


@pytest.fixture(scope="module")
def private():
    curve = ec.generate_private_key(ec.SECP256R1())
    return {"ES256": curve, "RS256": rsa.generate_private_key(public_exponent=65537, key_size=2048)}


def published(private, **kids):
    """Return the JWKS of the public keys named by `kids`: ES256="one"."""
    forms = {"ES256": ECAlgorithm, "RS256": RSAAlgorithm}
    public = {name: json.loads(forms[name].to_jwk(private[name].public_key())) for name in kids}
    return {"keys": [{**public[name], "kid": kid, "alg": name} for name, kid in kids.items()]}


def token(key, algorithm, kid=None, **claims):
    said = {"sub": "carol", "exp": time.time() + 60, **claims}
    return jwt.encode(said, key, algorithm=algorithm, headers={"kid": kid} if kid else None)


def refusal(tokens, text):
    with pytest.raises(RefusedError) as refused:
        asyncio.run(tokens.grant(text))
    assert (refused.value.code, refused.value.status) == ("unauthorized", 401)
    return refused.value


def test_a_token_of_each_algorithm_holds_with_its_quota(private, tmp_path):
    (tmp_path / "jwks.json").write_text(json.dumps(published(private, ES256="one", RS256="two")))
    tokens = Tokens(TokenRules(SECRET, str(tmp_path / "jwks.json")))
    quota = {"sessions": 2, "audio_minutes_per_day": 1.5}
    for key, algorithm, kid in (
        (SECRET, "HS256", None),
        (private["ES256"], "ES256", "one"),
        (private["RS256"], "RS256", "two"),
    ):
        grant = asyncio.run(tokens.grant(token(key, algorithm, kid, undertone=quota)))
        assert (grant.name, grant.quota) == ("jwt:carol", Quota(**quota))


def test_a_public_key_is_no_secret_and_a_secret_no_public_key(private, tmp_path):
    (tmp_path / "jwks.json").write_text(json.dumps(published(private, RS256="one")))
    only_keys = Tokens(TokenRules(jwks=str(tmp_path / "jwks.json")))
    assert "algorithm 'HS256' is not taken" in str(refusal(only_keys, token(SECRET, "HS256", "one")))
    only_secret = Tokens(TokenRules(SECRET))
    assert "algorithm 'RS256' is not taken" in str(refusal(only_secret, token(private["RS256"], "RS256", "one")))


def test_who_issued_it_and_for_whom_must_be_as_the_operator_says():
    tokens = Tokens(TokenRules(SECRET, audience="undertone", issuer="https://issuer.example"))
    good = {"aud": ["others", "undertone"], "iss": "https://issuer.example"}
    assert asyncio.run(tokens.grant(token(SECRET, "HS256", **good))).name == "jwt:carol"
    for wrong in (
        {"aud": "others"},
        {"iss": "https://b.example"},
        {"nbf": time.time() + 60},
        {"exp": time.time() - 60},
    ):
        refusal(tokens, token(SECRET, "HS256", **{**good, **wrong}))
    refusal(tokens, token(SECRET, "HS256", aud="undertone"))


@pytest.mark.parametrize("text", ["", ".", "..", "a.b.c", "\x00", "eyJhbGciOiJub25lIn0..", "x" * 10_000])
def test_what_is_no_token_is_refused(text):
    assert "does not hold" in str(refusal(Tokens(TokenRules(SECRET)), text))


def test_a_token_that_never_ends_is_refused():
    assert "does not hold" in str(refusal(Tokens(TokenRules(SECRET)), token(SECRET, "HS256", exp=math.inf)))


@pytest.mark.parametrize("name", ["", "a\nb", "x" * 129])
def test_a_bearer_without_a_name_that_can_be_shown_is_refused(name):
    assert "sub is no name" in str(refusal(Tokens(TokenRules(SECRET)), token(SECRET, "HS256", sub=name)))


def test_a_file_of_keys_is_read_again_when_it_changes(private, tmp_path):
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps(published(private, ES256="one")))
    tokens = Tokens(TokenRules(jwks=str(path)))
    new = token(private["RS256"], "RS256", "two")
    assert "its key is not known" in str(refusal(tokens, new))
    path.write_text(json.dumps(published(private, ES256="one", RS256="two")))
    assert asyncio.run(tokens.grant(new)).name == "jwt:carol"
    path.write_text("{")
    assert asyncio.run(tokens.grant(new)).name == "jwt:carol"


def test_keys_at_a_url_are_asked_for_when_a_new_one_is_named_but_not_at_every_token(private, monkeypatch):
    answers, asked = [published(private, ES256="one")], []

    def fetched(self):
        asked.append(self.uri)
        if not answers:
            raise jwt.PyJWKClientConnectionError("nobody answers")
        return answers.pop(0)

    at_s = [1000.0]
    monkeypatch.setattr(PyJWKClient, "fetch_data", fetched)
    monkeypatch.setattr("serving.guard.credentials.key_sets.time.monotonic", lambda: at_s[0])
    tokens = Tokens(TokenRules(jwks=URL))
    first, second = token(private["ES256"], "ES256", "one"), token(private["RS256"], "RS256", "two")

    async def holds(text):
        return (await tokens.grant(text)).name == "jwt:carol"

    assert asyncio.run(holds(first))
    for _ in range(3):
        refusal(tokens, second)
    assert asked == [URL]
    at_s[0] += 11
    answers.append(published(private, ES256="one", RS256="two"))
    assert asyncio.run(holds(second))
    at_s[0] += 301
    assert asyncio.run(holds(first))  # nobody answers: the old ones hold
    assert len(asked) == 3


def test_where_the_keys_were_never_had_a_client_is_told_to_come_again(private, monkeypatch):
    def nothing(self):
        raise jwt.PyJWKClientConnectionError("nobody answers")

    monkeypatch.setattr(PyJWKClient, "fetch_data", nothing)
    assert refusal(Tokens(TokenRules(jwks=URL)), token(private["ES256"], "ES256", "one")).retry_after_s == 10


def test_a_short_secret_is_refused():
    with pytest.raises(PolicyError, match="too short"):
        Tokens(TokenRules("short"))
