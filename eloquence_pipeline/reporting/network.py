"""A simulated network in a line or two: what was asked for, what was done, what was found."""

from __future__ import annotations

from eloquence_pipeline.models import NetworkFigures


def network_lines(figures: NetworkFigures | None) -> list[str]:
    """Return what was simulated and what was measured of it; nothing for the real network."""
    if figures is None:
        return []
    asked = figures.conditions or "rien d'autre que le relais"
    name = f"{figures.name} ({asked})" if figures.name else asked
    changed = ", puis changé en cours d'appel" if figures.changed_in_call else ""
    return [f"Réseau simulé : {name}{changed}", f"   {_loss(figures)} ; {_delay(figures)}"]


def _loss(figures: NetworkFigures) -> str:
    counts = figures.uplink
    causes = {
        "au hasard": counts.lost,
        "file pleine": counts.lost_in_queue,
        "coupures": counts.lost_in_outage,
    }
    told = ", ".join(f"{count} {cause}" for cause, count in causes.items() if count)
    more = {"dupliqués": counts.duplicated, "doublés en route": counts.reordered}
    extra = "".join(f", {count} {what}" for what, count in more.items() if count)
    return (
        f"paquets RTP retirés {_percent(figures.injected_loss_ratio)}{f' ({told})' if told else ''}, "
        f"perte mesurée {_percent(figures.measured_loss_ratio)}{extra}"
    )


def _delay(figures: NetworkFigures) -> str:
    return f"retard ajouté {_ms(figures.added_delay_ms)}, réseau mesuré {_ms(figures.measured_network_ms)}"


def _percent(ratio: float | None) -> str:
    return "—" if ratio is None else f"{ratio * 100:.1f} %"


def _ms(value: float | None) -> str:
    return "—" if value is None else f"{value:.1f} ms"
