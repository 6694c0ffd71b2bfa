from __future__ import annotations

import pytest
from prefect.server.events.schemas.automations import EventTrigger

from eloquence_pipeline.models import VerdictStatus
from flows.lost_runs import lost_run_automation
from flows.states import NOT_CARRIED_OUT, verdict_state

ENDS = {
    *(str(verdict_state(status, "", None).name) for status in VerdictStatus),
    *("Cancelled", "Crashed", NOT_CARRIED_OUT),
}


@pytest.fixture(scope="module")
def watch() -> EventTrigger:
    """The automation as the server reads it."""
    trigger = lost_run_automation("pool").trigger.model_dump(mode="json", exclude={"id"})
    return EventTrigger.model_validate(trigger)


@pytest.mark.parametrize("name", sorted(ENDS))
def test_a_run_that_has_ended_is_waited_for_no_longer(name: str, watch: EventTrigger) -> None:
    assert watch.expects(f"prefect.flow-run.{name}")


def test_a_sign_of_life_is_what_is_waited_for(watch: EventTrigger) -> None:
    heartbeat = "prefect.flow-run.heartbeat"
    assert watch.starts_after(heartbeat)
    assert watch.expects(heartbeat)
    assert not watch.expects("prefect.task-run.Completed")
