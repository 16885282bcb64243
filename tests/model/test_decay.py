"""The three models of dossier 5.3, at rates that are stated."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.errors import UsageError
from satchel.model.decay import DecayModel, Rates, faded

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
shares = st.floats(0, 1)
days = st.floats(0, 40_000)
models: st.SearchStrategy[DecayModel] = st.sampled_from(["time_linear", "time_exponential", "none"])
rates = st.builds(Rates, per_day=st.floats(0, 10), half_life_days=st.floats(0.01, 1e6))


def after(count: float) -> datetime:
    return SINCE + timedelta(days=count)


@pytest.mark.parametrize(
    ("model", "elapsed", "expected"),
    [
        ("time_linear", 0, 0.8),
        ("time_linear", 10, 0.7),
        ("time_linear", 80, 0.0),
        ("time_linear", 1000, 0.0),
        ("time_exponential", 0, 0.8),
        ("time_exponential", 20, 0.4),
        ("time_exponential", 40, 0.2),
        ("none", 1000, 0.8),
    ],
)
def test_what_is_left_after_some_days(model: DecayModel, elapsed: float, expected: float) -> None:
    left = faded(0.8, model, SINCE, after(elapsed), Rates(per_day=0.01, half_life_days=20))
    assert left is not None
    assert math.isclose(left, expected, abs_tol=1e-12)


@pytest.mark.row("PAM-050")
def test_the_usual_rates_are_as_stated() -> None:
    assert faded(1.0, "time_linear", SINCE, after(730)) == pytest.approx(0, abs=1e-9)
    assert faded(1.0, "time_exponential", SINCE, after(182.5)) == pytest.approx(0.5)


def test_no_model_is_no_answer() -> None:
    assert faded(0.8, None, SINCE, after(5)) is None


@given(shares, models, days, days, rates)
def test_it_stays_a_share_and_never_grows(start: float, model: DecayModel, one: float, other: float, rate: Rates) -> None:
    sooner, later = sorted((one, other))
    first, second = (faded(start, model, SINCE, after(count), rate) for count in (sooner, later))
    assert first is not None
    assert second is not None
    assert 0 <= second <= first <= start


@given(shares, models, days, rates)
def test_before_its_beginning_nothing_has_faded(start: float, model: DecayModel, count: float, rate: Rates) -> None:
    assert faded(start, model, after(count), SINCE, rate) == start


@pytest.mark.parametrize("start", [-0.1, 1.1, math.nan, math.inf])
def test_no_share_no_answer(start: float) -> None:
    with pytest.raises(UsageError):
        faded(start, "none", SINCE, SINCE)


@pytest.mark.parametrize("wrong", [{"per_day": -1}, {"per_day": math.nan}, {"half_life_days": 0}, {"half_life_days": math.inf}])
def test_no_rate_no_model(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        Rates(**wrong)
