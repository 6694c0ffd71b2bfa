"""What a simulated network did, next to what was measured of it."""

from __future__ import annotations

from eloquence_pipeline.models import (
    NetworkDelay,
    NetworkFigures,
    RtpFigures,
    StreamCount,
    Transmission,
    conditions_text,
)


def network_figures(
    transmission: Transmission, rtp: RtpFigures, delay: NetworkDelay | None
) -> NetworkFigures | None:
    """Return what was injected and what was found; None for a call over the real network.

    Parameters
    ----------
    transmission
        With the relay's own counts.
    rtp
        What both ends counted.
    delay
        The measured delay of single packets.
    """
    truth = transmission.network
    if truth is None or (truth.plan is None and not truth.changed_in_call):
        return None
    speakers = {channel.speaker for channel in transmission.channels}
    uplink = StreamCount.together(
        participant.uplink.total
        for participant in truth.report.participants
        if participant.identity in speakers
    )
    return NetworkFigures(
        name=truth.plan.name if truth.plan else "",
        conditions=conditions_text(truth.plan.conditions) if truth.plan else "",
        changed_in_call=truth.changed_in_call,
        uplink=uplink,
        injected_loss_ratio=uplink.dropped / uplink.arrived if uplink.arrived else None,
        measured_loss_ratio=rtp.packet_loss_ratio,
        added_delay_ms=uplink.added_delay.mean_ms if uplink.added_delay else None,
        measured_network_ms=delay.median_ms if delay else None,
        relay_lateness_p99_ms=truth.report.lateness_p99_ms,
    )
