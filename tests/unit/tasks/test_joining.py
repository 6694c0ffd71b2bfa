"""What becomes of a transmission when an end fails: who is stopped, what is kept, what may be tried again."""

from __future__ import annotations

from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import pytest
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from eloquence_pipeline.errors import SubscriptionTimeout, TransportError
from eloquence_pipeline.models import Transmission
from eloquence_pipeline.transport.call import Call
from tasks.transmission import breaking_off_on_failure, joined
from tests.simulated import Simulation

pytestmark = pytest.mark.unit


@pytest.fixture
def whole(tmp_path: Path) -> Transmission:
    return Simulation([2000]).write(tmp_path)


def joined_from(whole: Transmission, call: Call, sent: Any, received: Any) -> Transmission:
    heard = received if isinstance(received, BaseException) else {"speaker": received}
    return joined("room", {"speaker": whole.channels[0].script}, call, {"speaker": sent}, heard)


def test_two_records_make_a_transmission(whole: Transmission) -> None:
    assert (
        joined_from(whole, Call(["speaker"]), whole.channels[0].sent, whole.channels[0].received).failure
        == ""
    )


def test_once_audio_is_out_a_listener_that_failed_is_no_reason_to_speak_again(whole: Transmission) -> None:
    call = Call(["speaker"])
    error = SubscriptionTimeout("no track appeared")
    call.break_off(str(error), error)
    transmission = joined_from(whole, call, whole.channels[0].sent, error)
    assert transmission.channels[0].received is None
    assert transmission.failure == "no track appeared"


def test_before_the_first_frame_the_first_cause_is_raised_and_can_be_tried_again(whole: Transmission) -> None:
    call = Call(["speaker"])
    cause = SubscriptionTimeout("no track appeared")
    call.break_off(str(cause), cause)
    late = TransportError("stopped before the first frame: the other end failed", transient=True)
    call.break_off(str(late), late)
    with pytest.raises(SubscriptionTimeout):
        joined_from(whole, call, late, cause)


def test_a_speaker_that_broke_off_without_a_frame_can_be_tried_again(whole: Transmission) -> None:
    call = Call(["speaker"])
    call.break_off("the publisher was disconnected")
    silent = whole.channels[0].sent.model_copy(
        update={"frame_count": 0, "failure": "the publisher was disconnected"}
    )
    with pytest.raises(TransportError) as raised:
        joined_from(whole, call, silent, whole.channels[0].received)
    assert raised.value.transient


def test_the_first_cause_counts_not_what_it_led_to(whole: Transmission) -> None:
    call = Call(["speaker"])
    call.break_off("the subscriber was disconnected")
    call.break_off("the other end failed")
    assert (
        joined_from(whole, call, whole.channels[0].sent, whole.channels[0].received).failure
        == "the subscriber was disconnected"
    )


async def test_an_end_that_raises_stops_the_other_at_once() -> None:
    call = Call(["speaker"])

    async def ending() -> State[Any]:
        return Failed(data=SubscriptionTimeout("no track appeared"))

    outcome = await breaking_off_on_failure(ending(), call)
    assert isinstance(outcome, SubscriptionTimeout)
    assert call.broken.is_set()
    assert call.error is outcome


async def test_an_end_that_ends_well_stops_nobody() -> None:
    call = Call(["speaker"])

    async def ending() -> State[Any]:
        return Completed(data="record")

    running: Awaitable[State[str]] = ending()
    assert await breaking_off_on_failure(running, call) == "record"
    assert not call.broken.is_set()
