"""What is done to a call that is going on, and to whom."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from eloquence_pipeline.models.base import Record


class DisturbedSide(StrEnum):
    """Whom a disturbance hits."""

    SPEAKER = "speaker"
    LISTENER = "listener"
    BOTH = "both"
    """What is done to the server cannot be done to one of them alone."""


class DisturbanceKind(StrEnum):
    """Everything that can be done to a call."""

    SIGNAL_RECONNECT = "signal_reconnect"
    """The signalling connection is closed; the media path stays."""
    FULL_RECONNECT = "full_reconnect"
    """The server asks for a new session, with new connections and tracks."""
    NODE_FAILURE = "node_failure"
    """The server behaves as if the machine that holds the media had failed."""
    MIGRATION = "migration"
    """The server moves the participant to another machine."""
    DISCONNECT_SIGNAL_ON_RESUME = "disconnect_signal_on_resume"
    """The signalling connection is closed, and closed again when it is taken up."""
    SERVER_LEAVE = "server_leave"
    """The server says that the participant has to leave."""
    PARTICIPANT_REMOVED = "participant_removed"
    """An administrator removes the participant."""
    TOKEN_EXPIRED = "token_expired"  # noqa: S105 - no secret
    """A full reconnect, when the token that was joined with is good no more."""
    SERVER_RESTART = "server_restart"
    """The server is killed and started again."""
    BLACKOUT_1S = "blackout_1s"
    """Not one packet passes for 1 s, neither media nor signalling; as the longer ones."""
    BLACKOUT_3S = "blackout_3s"
    BLACKOUT_8S = "blackout_8s"
    BLACKOUT_20S = "blackout_20s"

    @property
    def outage_seconds(self) -> float:
        """How long the disturbance itself keeps everything from passing; no recovery is quicker."""
        return _OUTAGE_SECONDS.get(self, 0.0)

    @property
    def sides(self) -> tuple[DisturbedSide, ...]:
        """Whom it can be done to."""
        if self is DisturbanceKind.SERVER_RESTART:
            return (DisturbedSide.BOTH,)
        return (DisturbedSide.SPEAKER, DisturbedSide.LISTENER)


_OUTAGE_SECONDS = {
    DisturbanceKind.SERVER_RESTART: 1.0,
    DisturbanceKind.BLACKOUT_1S: 1.0,
    DisturbanceKind.BLACKOUT_3S: 3.0,
    DisturbanceKind.BLACKOUT_8S: 8.0,
    DisturbanceKind.BLACKOUT_20S: 20.0,
}


BLACKOUTS = {kind for kind in DisturbanceKind if kind.startswith("blackout")}
"""Those that need something between an end and the server."""


class Disturbance(Record):
    """One disturbance of one call."""

    kind: DisturbanceKind
    side: DisturbedSide
    at_seconds: Annotated[float, Field(ge=0)]
    """When it is carried out, from the beginning of what is said."""
