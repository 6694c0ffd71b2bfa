"""Conditions of a network as text, and networks by their names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from eloquence_pipeline.errors import ConfigurationError
from eloquence_pipeline.models import (
    DirectionConditions,
    NetworkConditions,
    conditions_text,
    parse_conditions,
)
from eloquence_pipeline.settings import BUILT_IN_PROFILES, NetworkSettings
from eloquence_pipeline.transport.network.wishes import wished_conditions
from flows.parameters import Network

pytestmark = pytest.mark.unit

TENTHS = st.integers(0, 1000).map(lambda tenths: tenths / 10)
ONE_WAY = st.builds(
    DirectionConditions,
    packet_loss_rate=TENTHS.map(lambda percent: round(percent / 100, 10)),
    latency_ms=TENTHS,
    jitter_ms=TENTHS,
    reorder_rate=TENTHS.map(lambda percent: round(percent / 100, 10)),
    bandwidth_kbps=st.sampled_from([0.0, 64.0, 768.0]),
)


def test_a_text_is_in_the_units_that_people_use() -> None:
    conditions = parse_conditions("loss=5, latency=100,jitter=20 ,outage=1,every=15")
    assert conditions.uplink == DirectionConditions(
        packet_loss_rate=0.05,
        latency_ms=100,
        jitter_ms=20,
        outage_seconds=1,
        outage_every_seconds=15,
    )
    assert conditions.downlink == conditions.uplink


def test_a_direction_can_be_meant_alone() -> None:
    both = parse_conditions("latency=50,uplink.loss=3,downlink.bandwidth=1600")
    assert (both.uplink.packet_loss_rate, both.downlink.packet_loss_rate) == (0.03, 0)
    assert (both.uplink.bandwidth_kbps, both.downlink.bandwidth_kbps) == (0, 1600)
    assert both.uplink.latency_ms == both.downlink.latency_ms == 50
    alone = parse_conditions("direction=downlink,loss=3")
    assert alone.uplink.is_clean
    assert alone.downlink.packet_loss_rate == 0.03


@given(up=ONE_WAY, down=ONE_WAY)
def test_what_is_shown_can_be_given_again(up: DirectionConditions, down: DirectionConditions) -> None:
    conditions = NetworkConditions(uplink=up, downlink=down)
    assert parse_conditions(conditions_text(conditions)) == conditions


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("loss=101", "loss is from 0 to 100 %, not 101"),
        ("loss=-1", "loss is from 0 to 100 %"),
        ("latency=nan", "latency is from 0 to 60000 ms"),
        ("latency=1e9", "latency is from 0 to 60000 ms"),
        ("latency=much", "needs a number"),
        ("latency", "needs a number"),
        ("latncy=5", "did you mean latency"),
        ("colour=5", "there are loss, burst"),
        ("loss=5,loss=6", "given twice"),
        ("direction=up", "uplink or downlink"),
        ("sideways.loss=5", "uplink or downlink"),
        ("loss=90,burst=2", "at most 67% can be lost"),
        ("outage=2", "outages need both"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(wrong: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        parse_conditions(wrong)
    with pytest.raises(ValidationError):
        NetworkSettings(profiles={"mine": wrong})
    if "=" in wrong:
        with pytest.raises(ConfigurationError, match=told):
            NetworkSettings().plan(wrong)
        with pytest.raises(ValidationError):
            TypeAdapter(Network).validate_python(wrong)


@pytest.mark.parametrize(
    "text", ["", "loss=5,burst=5", " loss = 5 , jitter=+20 ", "uplink.loss=1e1", "latency=3,", "kitchen-wifi"]
)
def test_what_the_command_takes_a_flow_takes_as_well(text: str) -> None:
    NetworkSettings().plan(text)
    assert TypeAdapter(Network).validate_python(text) == text


@pytest.mark.parametrize("text", ["4g;rm", "a b", "loss", "=5", "loss=5=6", "../x"])
def test_what_is_no_network_at_all_is_refused_by_a_flow_or_by_the_settings(text: str) -> None:
    with pytest.raises((ValidationError, ConfigurationError)):
        NetworkSettings().plan(TypeAdapter(Network).validate_python(text))


@pytest.mark.parametrize("name", list(BUILT_IN_PROFILES))
def test_every_built_in_network_is_possible_and_says_where_it_comes_from(name: str) -> None:
    plan = NetworkSettings().plan(name)
    assert plan is not None
    assert plan.name == name
    assert plan.conditions.is_clean == (name == "clean")
    assert BUILT_IN_PROFILES[name].source
    assert TypeAdapter(Network).validate_python(name) == name
    text = conditions_text(plan.conditions)
    assert TypeAdapter(Network).validate_python(text) == text


def test_networks_of_ones_own_have_names_and_may_take_the_place_of_built_in_ones() -> None:
    settings = NetworkSettings(profiles={"office": "loss=1", "4g": "latency=200"}, default="office")
    plan = settings.plan("4g")
    assert plan is not None
    assert plan.conditions.uplink.latency_ms == 200
    assert settings.names.count("4g") == 1
    assert settings.plan("") is None
    with pytest.raises(ConfigurationError, match="no network named 'ofice'") as raised:
        settings.plan("ofice")
    assert "did you mean office" in raised.value.remedy


@pytest.mark.parametrize("wrong", [{"default": "5g"}, {"default": "loss=x"}, {"profiles": {"A b": "loss=1"}}])
def test_settings_that_name_no_network_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        NetworkSettings.model_validate(wrong)


def test_a_program_changes_one_direction_and_keeps_the_other() -> None:
    now = NetworkConditions(uplink=DirectionConditions(latency_ms=7), seed=3)
    then = wished_conditions(now, "", "downlink", {"packet_loss_rate": 0.5})
    assert then.uplink == now.uplink
    assert then.downlink.packet_loss_rate == 0.5
    assert then.seed == 3
    assert wished_conditions(then, "", "both", {}).is_clean
    assert wished_conditions(then, "satellite", "uplink", {}).uplink.latency_ms == 270


@pytest.mark.parametrize(
    ("profile", "direction", "figures", "told"),
    [
        ("", "both", {"packet_loss_rate": 5}, "packet_loss_rate: .* less than or equal to 1, not 5"),
        ("", "both", {"latency_ms": -3.0}, "latency_ms: .* greater than or equal to 0"),
        ("", "both", {"jitter_ms": float("inf")}, "jitter_ms"),
        ("", "both", {"colour": 3}, "colour"),
        ("", "sideways", {}, "both, uplink or downlink"),
        ("6g", "both", {}, "no network named '6g'"),
        ("4g", "both", {"latency_ms": 3.0}, "said twice"),
    ],
)
def test_a_program_that_asks_for_the_impossible_is_told(
    profile: str, direction: str, figures: dict[str, float], told: str
) -> None:
    asked: tuple[NetworkConditions, str, str, dict[str, float]]
    asked = (NetworkConditions(), profile, direction, figures)
    with pytest.raises(ConfigurationError, match=told):
        wished_conditions(*asked)  # pyright: ignore[reportArgumentType] - that is what is tried
