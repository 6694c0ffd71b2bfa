"""Which stage is to blame, in words that a person understands, and what to do about it."""

from __future__ import annotations

from eloquence_pipeline.models import Bottleneck, Stage

STAGE_WORDS = {
    Stage.GENERATION: "génération",
    Stage.SEND: "file d'envoi",
    Stage.NETWORK: "réseau",
    Stage.JITTER_BUFFER: "tampon de gigue",
    Stage.REMAINDER: "codec et restitution",
}

WHAT_IT_MEANS = {
    Stage.GENERATION: "la synthèse vocale prend du temps avant que le premier mot parte",
    Stage.SEND: "cette machine envoie le son en retard",
    Stage.NETWORK: "les paquets mettent du temps à traverser le réseau et le serveur",
    Stage.JITTER_BUFFER: "les paquets arrivent irrégulièrement, et le récepteur attend "
    "pour les remettre en ordre",
    Stage.REMAINDER: "le récepteur tarde à décoder et à restituer le son",
}

ADVICE = {
    Stage.GENERATION: "synthétisez les phrases d'avance, ou choisissez une voix plus rapide",
    Stage.SEND: "fermez ce qui occupe cette machine, et relancez le test",
    Stage.NETWORK: "vérifiez la charge du réseau et la distance jusqu'au serveur LiveKit ; "
    "comparez avec un serveur plus proche",
    Stage.JITTER_BUFFER: "vérifiez la charge du réseau (wifi, VPN) et celle du serveur LiveKit ; "
    "un chemin régulier réduit ce tampon de lui-même",
    Stage.REMAINDER: "vérifiez la charge de la machine qui écoute",
}


def bottleneck_sentence(found: Bottleneck) -> str:
    """Return what is to blame and by how much, or that nothing is."""
    if found.stage is None:
        return "Aucun goulot d'étranglement : chaque étape prend son temps habituel"
    return (
        f"Goulot d'étranglement : {STAGE_WORDS[found.stage]}, {found.value_ms:.0f} ms au lieu de "
        f"{found.usual_ms:.0f} ms ({WHAT_IT_MEANS[found.stage]})"
    )


def bottleneck_advice(found: Bottleneck) -> str:
    """Return what to do about it; empty if there is nothing to do."""
    return ADVICE[found.stage] if found.stage is not None else ""
