"""What a server refuses to start with: one line, exit code 2."""

import pytest

from serving.cli.main import main
from serving.guard.credentials.key_file import add
from serving.guard.grant import UNBOUNDED
from serving.settings.operator import OperatorSettings

pytestmark = pytest.mark.fast


@pytest.fixture(autouse=True)
def no_variables(monkeypatch, tmp_path):
    for name in OperatorSettings.model_fields:
        monkeypatch.delenv(f"UNDERTONE_{name.upper()}", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def keys(tmp_path):
    add(tmp_path / "keys.json", "alice", UNBOUNDED)
    return "keys.json"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--host", "0.0.0.0"], "others reach --host 0.0.0.0, and nobody would be asked for a key: give --keys"),
        (["--host", "::"], "others reach --host ::"),
        (["--keys", "nowhere.json"], "the keys in nowhere.json cannot be read: No such file or directory"),
        (["--keys", "keys.json", "--no-auth"], "--no-auth lets everybody in: leave it out"),
        (["--jwt-secret", "short"], "--jwt-secret is too short to be safe: 32 bytes at least"),
        (["--jwt-jwks", "nowhere.json"], "--jwt-jwks nowhere.json cannot be read: No such file"),
        (["--jwt-jwks", "keys.json"], "--jwt-jwks keys.json holds no keys: "),
        (["--usage", "nowhere/usage.sqlite"], "the usage in nowhere/usage.sqlite cannot be read or written"),
        (["--ssl-certfile", "nowhere.pem"], "--ssl-certfile nowhere.pem and its key cannot be used: No such file"),
        (["--ssl-certfile", "keys.json"], "--ssl-certfile keys.json and its key cannot be used: "),
        (["--ssl-keyfile", "key.pem"], "--ssl-keyfile is the key of a certificate: name that with --ssl-certfile"),
        (["--allow-ips", "10.0.0.0/33"], "argument --allow-ips: networks are such as 10.0.0.0/8"),
        (["--allow-ips", "10.0.0.1/8"], "argument --allow-ips: networks are such as 10.0.0.0/8"),
        (["--info-access", "me"], "argument --info-access: invalid choice: 'me'"),
        (["--quota-sessions", "-1"], "from 0 to 1000000, not -1"),
        (["--quota-audio-minutes", "nan"], "must be a number, 0 or more, not nan"),
    ],
)
def test_a_server_that_would_be_open_or_broken_does_not_start(options, told, keys, capsys):
    with pytest.raises(SystemExit) as refused:
        main(["serve", *options])
    assert refused.value.code == 2
    line = capsys.readouterr().err
    assert told in line
    assert line.count("\n") == 1


@pytest.mark.parametrize(
    "options",
    [[], ["--host=0.0.0.0", "--no-auth"], ["--host=::", "--no-auth=on"], ["--host=0.0.0.0", "--keys=keys.json"]],
)
def test_a_server_goes_on_where_it_is_open_on_purpose_or_asks_for_keys(options, keys):
    with pytest.raises(SystemExit, match="no release at nowhere"):
        main(["serve", *options, "--release", "nowhere"])


def test_secrets_are_not_shown(monkeypatch, capsys):
    monkeypatch.setenv("UNDERTONE_JWT_SECRET", "hush-hush")
    assert main(["serve", "--ssl-keyfile-password", "hush-hush", "--show-config"]) == 0
    shown = capsys.readouterr().out
    assert "hush-hush" not in shown
    assert 'jwt_secret = "**********"' in shown
