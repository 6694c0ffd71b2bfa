"""How a run ends tells a missed threshold from a test that was not carried out."""

from __future__ import annotations

import inspect

import pytest
from prefect.client.schemas.objects import State, StateType
from prefect.states import Completed

from eloquence_pipeline.errors import ConfigurationError, ServerError
from eloquence_pipeline.models import VerdictStatus
from eloquence_pipeline.redaction import SECRET_REDACTED, hide_secrets
from eloquence_pipeline.reporting.event import Event
from flows import states
from flows.states import ends_in_order, verdict_state

pytestmark = pytest.mark.unit


@pytest.fixture
def emitted(monkeypatch: pytest.MonkeyPatch) -> list[Event]:
    events: list[Event] = []
    monkeypatch.setattr(states, "emit", events.extend)
    monkeypatch.setattr(states, "forward_logs_to_prefect", lambda: None)  # it would stay for other tests
    return events


@pytest.mark.parametrize(
    ("status", "type_", "name"),
    [
        (VerdictStatus.PASSED, StateType.COMPLETED, "Completed"),
        (VerdictStatus.FAILED, StateType.FAILED, "Failed"),
        (VerdictStatus.INVALID, StateType.FAILED, "Invalid"),
    ],
)
def test_each_verdict_has_a_state(status: VerdictStatus, type_: StateType, name: str) -> None:
    state = verdict_state(status, "the verdict", "the outcome")
    assert (state.type, state.name, state.message) == (type_, name, "the verdict")


async def test_a_test_that_could_not_be_carried_out_says_why_and_what_to_do(emitted: list[Event]) -> None:
    hide_secrets("of-the-states-test")
    error = ServerError("no server at of-the-states-test", remedy="start one")

    @ends_in_order("basic")
    async def flow() -> State[str]:
        raise error

    state = await flow()
    assert (state.type, state.name) == (StateType.FAILED, "NotCarriedOut")
    assert state.message == f"⚫ basic NON RÉALISÉ: no server at {SECRET_REDACTED} → start one"
    assert state.data is error
    (event,) = emitted
    assert event.resource["eloquence.status"] == "not_carried_out"
    assert event.payload["message"] == state.message


async def test_a_test_that_was_carried_out_ends_as_it_says(emitted: list[Event]) -> None:
    @ends_in_order("basic")
    async def flow(packets: int) -> State[int]:
        """Speak."""
        return Completed(data=packets)

    assert (await flow(3)).data == 3
    assert not emitted
    # Prefect reads parameters and description of a deployment from these, whatever module they stand in.
    assert inspect.signature(flow).parameters["packets"].annotation is int
    assert flow.__annotations__["packets"] is int
    assert flow.__doc__ == "Speak."


async def test_a_bug_stays_one(emitted: list[Event]) -> None:
    @ends_in_order("basic")
    async def flow() -> State[int]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await flow()
    assert not emitted


async def test_wrong_usage_is_told_as_well(emitted: list[Event]) -> None:
    @ends_in_order("network")
    async def flow() -> State[int]:
        raise ConfigurationError("there is no network moon", remedy="name another")

    assert (await flow()).name == "NotCarriedOut"
    assert len(emitted) == 1
