"""Variables of the environment are read once, and nonsense is refused with its name."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from controlplane.settings import environment

NAME = "LOOPLINE_LEASE_SECONDS"


@pytest.mark.parametrize(("given", "expected"), [("", 15), ("3", 3), (" 0.5 ", 0.5)])
def test_a_number_is_read_or_its_default_taken(given: str, expected: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, given)
    assert environment.number(NAME, 15, least=0.5) == expected


@pytest.mark.parametrize("given", ["soon", "0.4", "-1", "nan", "inf", "1e999"])
def test_what_is_no_such_number_is_refused(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, given)
    with pytest.raises(ImproperlyConfigured, match=NAME):
        environment.number(NAME, 15, least=0.5)
