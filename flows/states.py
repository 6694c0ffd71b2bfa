"""How a run ends: states that tell a missed threshold from a test that was not carried out.

| what happened | type | name |
|---|---|---|
| passed | ``COMPLETED`` | ``Completed`` |
| a threshold was missed, or the night is a regression | ``FAILED`` | ``Failed`` |
| the tester was the bottleneck, nothing can be said | ``FAILED`` | ``Invalid`` |
| settings, server or store did not allow it | ``FAILED`` | ``NotCarriedOut`` |

A bug keeps Prefect's own words (``Flow run encountered an exception``), and a process that dies its
``Crashed``.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import wraps
from inspect import get_annotations, signature
from typing import Any, ParamSpec

from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from eloquence_pipeline.errors import EloquenceError
from eloquence_pipeline.models import VerdictStatus
from eloquence_pipeline.redaction import redact
from eloquence_pipeline.reporting.event import verdict_event
from eloquence_pipeline.reporting.wording import not_carried_out_sentence
from flows.cancellation import ending_in_order
from tasks.events import emit
from tasks.logs import forward_logs_to_prefect

INVALID = "Invalid"
NOT_CARRIED_OUT = "NotCarriedOut"
_NOT_CARRIED_OUT_STATUS = "not_carried_out"

P = ParamSpec("P")
Ending = Callable[P, Coroutine[Any, Any, State[Any]]]


def verdict_state(status: VerdictStatus, message: str, outcome: Any) -> State[Any]:
    """Return the state of a run whose evidence is kept.

    Parameters
    ----------
    status, message
        The verdict, which names figure and phrase where something was missed.
    outcome
        What the flow returns.
    """
    if status is VerdictStatus.PASSED:
        return Completed(message=message, data=outcome)
    if status is VerdictStatus.INVALID:
        return Failed(name=INVALID, message=message, data=outcome)
    return Failed(message=message, data=outcome)


def ends_in_order(test: str) -> Callable[[Ending[P]], Ending[P]]:
    """Make a flow end in a state that says what happened, and its log lines show in the Prefect UI.

    A test that could not be carried out has a state of its own name; one that Prefect was asked to cancel
    is cancelled once what it recorded is kept.

    Parameters
    ----------
    test
        What is named in message and event.
    """

    def decorated(function: Ending[P]) -> Ending[P]:
        @wraps(function)
        async def carried_out(*args: P.args, **kwargs: P.kwargs) -> State[Any]:
            forward_logs_to_prefect()
            try:
                return await ending_in_order(function(*args, **kwargs))
            except EloquenceError as error:
                message = redact(not_carried_out_sentence(test, error))
                emit([verdict_event(test, _NOT_CARRIED_OUT_STATUS, message)])
                return Failed(name=NOT_CARRIED_OUT, message=message, data=error)

        # Prefect resolves annotations where the function it is given stands, which is here.
        carried_out.__annotations__ = get_annotations(function, eval_str=True)
        vars(carried_out)["__signature__"] = signature(function, eval_str=True)
        return carried_out

    return decorated
