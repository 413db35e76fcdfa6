from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from pipelines_app.web import words

NOON = datetime(2013, 2, 8, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("length", "said"),
    [
        (0, "0 ms"),
        (0.32, "320 ms"),
        (1, "1 s"),
        (4.25, "4.2 s"),
        (9.97, "10 s"),
        (59.6, "1 m"),
        (72, "1 m 12 s"),
        (3599.7, "1 h"),
        (7500, "2 h 5 m"),
        (timedelta(days=3, hours=4), "3 d 4 h"),
        (86400, "1 d"),
        (-72, "-1 m 12 s"),
    ],
)
def test_a_duration_is_said_in_at_most_two_units(length, said):
    assert words.duration(length) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (2, "just now"),
        (42, "42 s ago"),
        (180, "3 min ago"),
        (-2520, "in 42 min"),
        (4800, "1 h 20 min ago"),
        (82800, "23 h ago"),
        (30 * 3600, "yesterday 06:00"),
        (-30 * 3600, "tomorrow 18:00"),
        (3 * 86400, "3 days ago"),
        (-3 * 86400, "in 3 days"),
        (30 * 86400, "9 Jan"),
        (60 * 86400, "10 Dec 2012"),
    ],
)
def test_a_moment_is_said_as_seen_from_now(seconds, said):
    assert words.ago(NOON - timedelta(seconds=seconds), NOON) == said


def test_yesterday_is_a_day_of_the_viewers_zone():
    now = datetime(2013, 2, 9, 6, 0, tzinfo=ZoneInfo("Asia/Tokyo"))
    moment = datetime(2013, 2, 7, 16, 0, tzinfo=UTC)  # 8 February, 01:00 in Tokyo
    assert words.ago(moment, now) == "yesterday 01:00"


@pytest.mark.parametrize(
    ("size", "said"),
    [
        (0, "0 B"),
        (930, "930 B"),
        (1536, "1.5 KiB"),
        (86016, "84 KiB"),
        (1048575, "1.0 MiB"),
        (5 * 1024**3, "5.0 GiB"),
        (3 * 1024**5, "3,072 TiB"),
    ],
)
def test_sizes_are_binary(size, said):
    assert words.binary_size(size) == said


@pytest.mark.parametrize(
    ("part", "said"),
    [(0, "0 %"), (1, "100 %"), (0.967, "96.7 %"), (0.99996, "99.9 %"), (0.00001, "0.1 %"), (1.5, "150.0 %")],
)
def test_a_share_is_never_rounded_to_all_or_nothing(part, said):
    assert words.share(part) == said


def test_every_state_has_a_word_a_known_tone_and_an_icon_of_the_sprite():
    sprite = open_sprite()
    for state, said in words.STATES.items():
        assert said.word, state
        assert said.tone in {"good", "warn", "bad", "idle", "run"}, state
        assert f'id="i-{said.icon}"' in sprite, state
    assert f'id="i-{words.saying("never heard of").icon}"' in sprite


def test_an_unknown_state_is_shown_as_its_own_word():
    assert words.saying("half_done") == words.Saying("Half done", "idle", "dot")


def open_sprite() -> str:
    return (Path(__file__).parents[2] / "templates/frame/icons.html").read_text()
