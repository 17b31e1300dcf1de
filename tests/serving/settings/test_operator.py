"""The flags of `undertone serve`: what is taken and what is refused, and how."""

import argparse

import pytest

from serving.cli.main import main
from serving.cli.options import operator_flags
from serving.settings import Recognition, ServerLimits
from serving.settings.operator import OperatorSettings
from serving.settings.sources import SettingsError

pytestmark = pytest.mark.fast


@pytest.fixture(autouse=True)
def no_variables(monkeypatch):
    for name in OperatorSettings.model_fields:
        monkeypatch.delenv(f"UNDERTONE_{name.upper()}", raising=False)


def settings(*options):
    """Return what `undertone serve` with `options` would run on."""
    parser = argparse.ArgumentParser()
    operator_flags.add_arguments(parser)
    return operator_flags.gathered(parser.parse_args(options)).settings


def parse(*options):
    return settings(*options).recognition


def test_without_options_a_small_model_finds_words_and_speculates():
    assert parse() == Recognition()
    assert Recognition().asr.model == "tiny.en"
    assert Recognition().speculation


def test_every_option_arrives(tmp_path):
    (tmp_path / "model.bin").touch()
    found = parse(
        *(
            "--asr-model",
            str(tmp_path),
            "--asr-fallback",
            "pocketsphinx",
            "--asr-language",
            "en",
            "--asr-window",
            "full",
        ),
        *("--asr-threads", "2", "--asr-workers", "3", "--partial-workers", "0", "--speculation", "off"),
        *("--asr-max-new-tokens", "12", "--asr-gates", "off", "--asr-hub-wait-s", "5"),
    )
    assert (found.workers, found.partial_workers, found.speculation) == (3, 0, False)
    asr = found.asr
    assert (asr.model, asr.fallback, asr.language, asr.window) == (str(tmp_path), "pocketsphinx", "en", "full")
    assert (asr.threads, asr.max_new_tokens, asr.gates, asr.hub_wait_s) == (2, 12, False, 5)


@pytest.mark.parametrize(("cores", "workers"), [(1, 1), (2, 2), (8, 8), (64, 8)])
def test_there_is_a_worker_for_each_core_that_may_be_used(cores, workers, monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(cores)), raising=False)
    assert parse().workers == parse("--asr-workers", "auto").workers == Recognition().workers == workers
    assert parse("--asr-workers", "12").workers == 12


def test_where_nobody_says_which_cores_may_be_used_all_are(monkeypatch):
    monkeypatch.delattr("os.sched_getaffinity", raising=False)
    monkeypatch.setattr("os.cpu_count", lambda: 3)
    assert Recognition().workers == 3
    monkeypatch.setattr("os.cpu_count", lambda: None)
    assert Recognition().workers == 1


def test_a_server_can_do_without_words():
    assert parse("--asr-model", "none").asr is None


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--asr-model", "", "a model has a name"),
        ("--asr-model", "./nowhere", "there is no folder ./nowhere"),
        ("--asr-fallback", "siri", "siri"),
        ("--asr-language", "English", "a language is a code such as en"),
        ("--asr-window", "small", "small"),
        ("--asr-threads", "0", "from 1 to 64, not 0"),
        ("--asr-workers", "many", "from 1 to 64, not many"),
        ("--partial-workers", "-1", "from 0 to 64, not -1"),
        ("--asr-hub-wait-s", "soon", "from 0.1 to 600, not soon"),
        ("--asr-timeout-s", "nan", "from 0.1 to 600, not nan"),
        ("--speculation", "maybe", "maybe"),
        ("--asr-gates", "ajar", "ajar"),
        ("--asr-max-new-tokens", "1000", "from 1 to 448, not 1000"),
        ("--port", "80", "80: LitServe takes a port from 1024 to 65535"),
        ("--port", "http", "invalid int value: 'http'"),
        ("--max-sessions", "0", "0: at least 1"),
        ("--max-uploads", "0", "0: at least 1"),
        ("--idle-speech-s", "0", "from 0.1 to 600, not 0"),
        ("--resume-s", "-1", "from 0.1 to 600, not -1"),
        ("--max-waiting", "some", "from 0 to 1000000, not some"),
        ("--max-upload-s", "1e9", "from 0.1 to 86400, not 1e9"),
        ("--min-upload-bytes-per-s", "0", "must be a whole number from 1"),
        ("--allow-origins", "example.org", "origins are such as https://example.org"),
        ("--allow-origins", "https://a.example/page", "not 'https://a.example/page'"),
        ("--host", "here", "invalid choice: 'here' (choose from '127.0.0.1', '0.0.0.0', '::')"),
        ("--otlp-endpoint", "collector:4318", "an address is such as http://collector:4318/v1/traces"),
        ("--log-format", "xml", "invalid choice: 'xml' (choose from 'text', 'json')"),
    ],
)
def test_a_wrong_value_is_refused_with_its_option(option, value, message, capsys):
    with pytest.raises(SystemExit) as refused:
        main(["serve", f"{option}={value}"])
    assert refused.value.code == 2
    told = capsys.readouterr().err
    assert f"undertone serve: error: argument {option}: " in told
    assert message in told


def test_another_language_than_that_of_an_english_model_is_refused_by_name():
    assert parse("--asr-language", "en").asr.language == "en"
    assert parse("--asr-model", "tiny", "--asr-language", "de").asr.language == "de"
    with pytest.raises(SettingsError, match=r"--asr-language: de with the model tiny\.en"):
        parse("--asr-language", "de")


def test_a_folder_without_a_model_is_refused(tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["serve", "--asr-model", str(tmp_path)])
    assert "holds no model.bin" in capsys.readouterr().err


def test_the_defaults_of_the_server_are_those_of_its_limits():
    found = settings()
    assert found.limits == ServerLimits()
    assert (found.host, found.port, str(found.release)) == ("127.0.0.1", 8000, "models/promoted")
    assert (found.log.level, found.log.format) == ("info", "text")


def test_limits_of_time_and_origins_arrive():
    options = (
        "--idle-speech-s",
        "3",
        "--max-upload-s",
        "3600",
        "--min-upload-bytes-per-s",
        "1",
        "--upload-grace-s",
        "2",
    )
    limits = settings(*options).limits
    assert (limits.idle_speech_s, limits.max_upload_s) == (3, 3600)
    assert (limits.min_upload_bytes_per_s, limits.upload_grace_s) == (1, 2)
    limits = settings("--resume-s", "0", "--max-waiting", "3").limits
    assert (limits.resume_s, limits.max_waiting_sessions) == (0, 3)
    assert settings().origins == ()
    allowed = "https://a.example,http://localhost:3000"
    assert settings("--allow-origins", allowed).origins == tuple(allowed.split(","))
    assert settings("--allow-origins", "*").origins == ("*",)


def test_no_setting_takes_a_variable_that_means_something_else():
    assert not {"data", "config"} & set(OperatorSettings.model_fields)


def test_the_help_names_every_flag_and_its_default(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["serve", "--help"])
    told = " ".join(capsys.readouterr().out.split())
    assert ended.value.code == 0
    assert "--asr-window {adaptive,full} what the encoder sees (default: adaptive)" in told
    assert all(f"--{name.replace('_', '-')} " in told for name in OperatorSettings.model_fields)
