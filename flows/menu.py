"""What `eloquence` offers on a terminal when it is told nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.prompt import Prompt

QUICK_SECONDS = 20
LONG_SECONDS = 600


@dataclass(frozen=True)
class Choice:
    """One line of the menu.

    Attributes
    ----------
    flow
        What it runs; empty leaves.
    parameters
        Of that flow.
    """

    title: str
    flow: str
    parameters: dict[str, Any]


CHOICES = {
    "1": Choice(
        f"Test rapide : test de base de {QUICK_SECONDS} secondes",
        "basic",
        {"duration_seconds": QUICK_SECONDS},
    ),
    "2": Choice("Suite complète : tous les tests courts, avec un résultat d'ensemble", "suite", {}),
    "3": Choice(
        f"Stabilité : un appel de {LONG_SECONDS // 60} minutes, minute par minute",
        "stability",
        {"duration_seconds": LONG_SECONDS},
    ),
    "4": Choice("Réseaux simulés : les mêmes phrases, du meilleur réseau au pire", "network", {}),
    "q": Choice("Quitter", "", {}),
}


def ask(console: Console) -> Choice:
    """Show the menu and return what was chosen; the end of the input leaves."""
    console.print("[bold]Eloquence Pipeline[/bold] : la voix passe-t-elle ?\n")
    for key, choice in CHOICES.items():
        console.print(f"  [bold]{key}[/bold]  {choice.title}")
    console.print("\n  eloquence --help montre toutes les options.\n", style="dim")
    try:
        key = Prompt.ask("Votre choix", console=console, choices=list(CHOICES), default="1")
    except EOFError:
        return CHOICES["q"]
    return CHOICES[key]
