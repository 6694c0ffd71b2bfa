"""The parameters of the flows: what is refused before a run exists, and how Prefect's form asks for it.

Prefect takes bounds from an annotation, but title and description only from the default: it replaces those
of an annotation. So a type here says what is right, and `asked` beside it what the form shows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any

from pydantic import AfterValidator, Field, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from eloquence_pipeline.errors import ConfigurationError
from eloquence_pipeline.models import parse_conditions
from eloquence_pipeline.settings import NetworkSettings, Settings, load_settings
from eloquence_pipeline.speech.catalogue import load_catalogue
from flows.targets import known_targets

_NAME = r"[a-z0-9][a-z0-9_-]{0,39}"
_CONDITION = r"[a-z]+(\.[a-z]+)? *= *[^,=]+"
_CONDITIONS = rf"{_CONDITION}(, *{_CONDITION})*,?"


def asked(default: Any, title: str, description: str) -> Any:
    """Return the default of a parameter, with what the form says beside it.

    Parameters
    ----------
    default
        ``...`` for a parameter that has none.
    title, description
        For people who have read nothing else; the description says the unit.
    """
    return Field(default=default, description=description, json_schema_extra={"title": title})


@cache
def _settings() -> Settings:
    """Return the settings for the forms; wrong ones are for the run to refuse."""
    try:
        return load_settings()
    except ConfigurationError:
        return Settings()


@dataclass(frozen=True)
class OneOf:
    """A text that the form offers as a choice, and Prefect's API refuses if it is none of them.

    Attributes
    ----------
    names
        What there is to choose. Read from the settings when the deployment is registered.
    or_pattern
        What may be typed instead, as a pattern; nothing else if empty.
    or_title
        How the form calls that.
    """

    names: Callable[[Settings], Sequence[str]]
    or_pattern: str = ""
    or_title: str = ""

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Return the schema with the choice in it."""
        schema = handler(core_schema)
        choice = {"type": "string", "title": "Name", "enum": list(self.names(_settings()))}
        if not self.or_pattern:
            return schema | {"enum": choice["enum"]}
        typed = {"type": "string", "title": self.or_title, "pattern": f"^ *({self.or_pattern}) *$"}
        return {"anyOf": [choice, typed]}


def _possible(text: str) -> str:
    if "=" in text:
        parse_conditions(text)
    return text


def _categories(settings: Settings) -> list[str]:
    try:
        return list(load_catalogue(settings.phrases).categories)
    except ConfigurationError:
        return list(load_catalogue().categories)


# Pydantic keeps the pattern of a text only if it stands before what calls a function.
_NetworkText = Annotated[str, Field(pattern=rf"^ *({_NAME}|{_CONDITIONS})? *$"), AfterValidator(_possible)]

DurationSeconds = Annotated[int, Field(ge=8, le=3600)]
LongDurationSeconds = Annotated[int, Field(ge=30, le=43_200)]
Packets = Annotated[int, Field(ge=1, le=1000)]
IntervalMs = Annotated[int, Field(ge=0, le=60_000)]
Speakers = Annotated[int, Field(ge=1, le=8)]
Sessions = Annotated[int, Field(ge=1, le=1000)]
Background = Annotated[int, Field(ge=0, le=1000)]
LoadDurationSeconds = Annotated[int, Field(ge=8, le=43_200)]
StepDurationSeconds = Annotated[int, Field(ge=8, le=3600)]
RampUpSeconds = Annotated[int, Field(ge=0, le=3600)]
Repetitions = Annotated[int, Field(ge=1, le=100)]
Seed = Annotated[int, Field(ge=0, le=2**53)]
Categories = Annotated[list[Annotated[str, OneOf(_categories)]], Field(max_length=20)]
Network = Annotated[
    _NetworkText, OneOf(lambda settings: ["", *settings.network.names], _CONDITIONS, "Conditions")
]
NamedNetwork = Annotated[
    _NetworkText, OneOf(lambda settings: settings.network.names, _CONDITIONS, "Conditions")
]
Target = Annotated[str, OneOf(lambda settings: ["", *known_targets(settings)])]

NONE_NAMED: list[str] = []

ASKED_CATEGORIES = asked(
    NONE_NAMED, "Categories", "Kinds of phrases to speak; none takes those of the settings."
)
ASKED_NETWORK = asked(
    "",
    "Network",
    "Network of the speakers: a name, or conditions such as loss=5,latency=100,jitter=20 (per cent, ms, ms). "
    "Empty is the real network.",
)
ASKED_TARGET = asked("", "Target", "LiveKit server to test, by its name; empty takes that of the settings.")
ASKED_SEED = asked(0, "Seed", "Repeats the phrases and pauses of an earlier run; 0 draws new ones.")


def require_conditions(
    conditions: Sequence[str], must_pass: Sequence[str], networks: NetworkSettings
) -> None:
    """Refuse networks that there are not, before any is tried.

    Raises
    ------
    ConfigurationError
        If there is no such network, or one that must pass is not tried.
    """
    for network in conditions:
        if networks.plan(network) is None:
            raise ConfigurationError("a condition is empty", remedy="the network that does nothing is clean")
    if missing := [network for network in must_pass if conditions and network not in conditions]:
        raise ConfigurationError(
            f"{', '.join(missing)} must pass and is none of the conditions",
            remedy="add it to the conditions, or name others that must pass",
        )
