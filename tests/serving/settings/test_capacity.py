"""How many sessions a server admits where nobody says a number: what a capacity card says for these cores."""

import json

import pytest

from serving.cli.main import main
from serving.settings import capacity
from serving.settings.capacity import (
    UNMEASURED,
    WITH_VNNI,
    WITHOUT_VNNI,
    CapacityCard,
    Measured,
    bundled,
    cores,
    read_card,
)
from serving.settings.operator import OperatorSettings

pytestmark = pytest.mark.fast


def card_of(cores=2, **sessions):
    return CapacityCard(cores, "of a test", "1.0", {name: Measured(n, 1, 1, 1, 1) for name, n in sessions.items()})


def test_what_a_machine_carried_is_what_it_is_trusted_with():
    assert card_of(small=30, none=100).sessions("small", here=2) == 30


def test_on_another_number_of_cores_there_are_more_or_fewer():
    card = card_of(small=30, none=100)
    assert (card.sessions("small", 1), card.sessions("small", 4)) == (15, 60)
    assert card_of(cores=64, small=30).sessions("small", 1) == 1, "never none"


def test_one_api_process_hears_no_more_than_it_carried_without_a_recogniser():
    card = card_of(small=30, none=100)
    assert (card.sessions("small", 64), card.sessions("none", 64), card.sessions("none", 1)) == (100, 100, 50)
    assert card_of(small=30).sessions("small", 64) == 30, "of which nothing is known here"


def test_of_a_recogniser_that_was_not_measured_little_is_expected():
    assert card_of(small=30).sessions("large", 2) == UNMEASURED == 8


def test_a_server_takes_the_card_that_it_is_given_and_else_that_of_the_package(tmp_path):
    own = tmp_path / "capacity.json"
    own.write_text(card_of(cores=cores(), **{"tiny.en": 17}).text())
    assert OperatorSettings(capacity=own).limits.max_sessions == 17
    assert OperatorSettings().limits.max_sessions == read_card(bundled()).sessions("tiny.en", cores())
    assert OperatorSettings(asr_model="none").limits.max_sessions == read_card(bundled()).sessions("none", cores())
    assert OperatorSettings(max_sessions="5", capacity=own).limits.max_sessions == 5


@pytest.mark.parametrize(("overflows", "card"), [(False, WITH_VNNI), (True, WITHOUT_VNNI)])
def test_each_kind_of_processor_has_a_card_of_its_own(monkeypatch, overflows, card):
    monkeypatch.setattr(capacity, "overflows", lambda: overflows)
    assert bundled() == card
    assert OperatorSettings().limits.max_sessions == read_card(card).sessions("tiny.en", cores())


def test_without_vnni_fewer_sessions_are_admitted():
    there, here = (read_card(card).measured for card in (WITH_VNNI, WITHOUT_VNNI))
    assert all(here[recogniser].sessions < there[recogniser].sessions for recogniser in ("tiny.en", "none"))


@pytest.mark.parametrize("card", [WITH_VNNI, WITHOUT_VNNI])
def test_the_cards_of_the_package_know_the_recogniser_that_runs_by_default(card):
    card = read_card(card)
    assert {"tiny.en", "none"} <= set(card.measured)
    for measured in card.measured.values():
        assert measured.first_mood_p95_ms <= measured.budget_first_mood_ms
        assert measured.final_p95_ms <= measured.budget_final_ms


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("no json", "is no capacity card"),
        ("[]", "is no capacity card"),
        ("{}", "is no capacity card: 'measured'"),
        (card_of().text().replace("cores", "colours"), "colours"),
        (card_of(cores=0, small=3).text(), "whole numbers from 1 on"),
        (card_of(small="many").text(), "whole numbers from 1 on"),
    ],
)
def test_what_is_no_card_is_refused_with_its_file(content, message, tmp_path, capsys):
    (tmp_path / "card.json").write_text(content)
    with pytest.raises(SystemExit) as refused:
        main(["serve", "--capacity", str(tmp_path / "card.json")])
    assert refused.value.code == 2
    said = capsys.readouterr().err
    assert message in said
    assert "card.json" in said
    assert "Traceback" not in said


def test_a_card_that_is_not_there_is_told(tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["serve", "--capacity", str(tmp_path / "none.json")])
    assert "cannot be read" in capsys.readouterr().err


def test_a_card_is_plain_json_that_people_can_read_and_correct():
    card = card_of(small=3)
    assert json.loads(card.text())["measured"]["small"]["sessions"] == 3
