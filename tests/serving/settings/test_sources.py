"""A flag, a variable and a line of a file are the same setting, and the first of them holds."""

import tomllib

import pytest
from pydantic import SecretStr

from serving.cli.main import main
from serving.settings.operator import OperatorSettings
from serving.settings.sources import SettingsError, gather

pytestmark = pytest.mark.fast


class WithSecret(OperatorSettings):
    """Settings with a key in them, which there is none of yet."""

    api_key: SecretStr = SecretStr("")


@pytest.fixture(autouse=True)
def no_variables(monkeypatch):
    for name in (*OperatorSettings.model_fields, "config", "api_key"):
        monkeypatch.delenv(f"UNDERTONE_{name.upper()}", raising=False)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "undertone.toml"
    path.write_text('port = 9001\nasr_threads = 2\nspeculation = false\nasr_timeout_s = 5\nlog_format = "json"\n')
    return path


def test_a_file_sets_what_flags_do_with_numbers_and_switches_of_its_own(file):
    found = gather(OperatorSettings, {}, file)
    same = {"port": "9001", "asr_threads": "2", "speculation": "off", "asr_timeout_s": "5", "log_format": "json"}
    assert found.settings == gather(OperatorSettings, same).settings
    assert found.origins["port"] == f"port in {file}"


def test_a_flag_goes_before_a_variable_and_a_variable_before_the_file(file, monkeypatch):
    monkeypatch.setenv("UNDERTONE_PORT", "9002")
    monkeypatch.setenv("UNDERTONE_ASR_THREADS", "3")
    found = gather(OperatorSettings, {"port": "9003"}, file)
    assert (found.settings.port, found.settings.asr_threads, found.settings.asr_timeout_s) == (9003, 3, 5.0)
    assert found.origins["port"] == "argument --port"
    assert found.origins["asr_threads"] == "UNDERTONE_ASR_THREADS"
    assert "max_sessions" not in found.origins


def test_the_file_may_be_named_by_a_variable(file, monkeypatch):
    monkeypatch.setenv("UNDERTONE_CONFIG", str(file))
    assert gather(OperatorSettings, {}).settings.port == 9001


def test_variables_that_are_no_settings_and_empty_ones_do_not_matter(monkeypatch):
    monkeypatch.setenv("UNDERTONE_DATA", "../shared/data")
    monkeypatch.setenv("UNDERTONE_MOOD", "blue")
    monkeypatch.setenv("UNDERTONE_ASR_LANGUAGE", "")
    assert gather(OperatorSettings, {}).origins == {}


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("asr_threads = 0", "asr_threads in {file}: must be a whole number from 1 to 64, not 0"),
        ("asr_threads = true", "asr_threads in {file}: must be a whole number from 1 to 64, not True"),
        ("port = [1]", "port in {file}: invalid int value: [1]"),
        ('host = "here"', "host in {file}: invalid choice: 'here' (choose from '127.0.0.1', '0.0.0.0', '::')"),
        ("prot = 8000", "prot in {file}: unknown setting; known are no_auth, keys, "),
        ("port = ", "{file} is no TOML: "),
    ],
)
def test_a_wrong_line_is_refused_by_its_name_and_file(line, told, tmp_path):
    file = tmp_path / "undertone.toml"
    file.write_text(line)
    with pytest.raises(SettingsError) as refused:
        gather(OperatorSettings, {}, file)
    assert str(refused.value).startswith(told.format(file=file))


def test_a_wrong_variable_ends_the_command_with_its_name(monkeypatch, capsys):
    monkeypatch.setenv("UNDERTONE_MAX_SESSIONS", "none")
    with pytest.raises(SystemExit) as refused:
        main(["serve"])
    assert refused.value.code == 2
    assert "UNDERTONE_MAX_SESSIONS: invalid int value: 'none'" in capsys.readouterr().err


def test_a_file_that_is_not_there_ends_the_command_with_its_name(capsys):
    with pytest.raises(SystemExit) as refused:
        main(["serve", "--config", "nowhere.toml"])
    assert refused.value.code == 2
    assert "nowhere.toml cannot be read: No such file or directory" in capsys.readouterr().err


def test_what_is_shown_is_a_file_that_sets_the_same_and_says_where_each_comes_from(file, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("UNDERTONE_ASR_THREADS", "3")
    assert main(["serve", "--config", str(file), "--host", "::", "--show-config"]) == 0
    shown = capsys.readouterr().out
    lines = {line.split()[0]: line for line in shown.splitlines()}
    assert lines["port"].endswith(f"# port in {file}")
    assert lines["host"].endswith("# argument --host")
    assert lines["asr_threads"].endswith("# UNDERTONE_ASR_THREADS")
    assert lines["max_sessions"].endswith("# default")
    assert shown.count("# ") == len(OperatorSettings.model_fields) + shown.count("is not set")
    values = tomllib.loads(shown)
    assert (values["port"], values["asr_threads"], values["host"]) == (9001, 3, "::")


def test_a_secret_is_never_shown(monkeypatch):
    monkeypatch.setenv("UNDERTONE_API_KEY", "hush-hush")
    found = gather(WithSecret, {})
    assert found.settings.api_key.get_secret_value() == "hush-hush"
    assert 'api_key = "**********"' in found.shown()
    assert "hush-hush" not in found.shown() + repr(found)
