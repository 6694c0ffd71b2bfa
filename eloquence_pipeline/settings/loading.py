"""Read the settings from all their sources, and refuse wrong ones in words that say where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from eloquence_pipeline.errors import ConfigurationError
from eloquence_pipeline.settings.environment import read_dotenv, read_environment
from eloquence_pipeline.settings.file import ConfigFile, chosen_file, read_file
from eloquence_pipeline.settings.keys import KeyPath, dotted, every_key
from eloquence_pipeline.settings.origins import Given, Layer, Problem, Source
from eloquence_pipeline.settings.root import Settings
from eloquence_pipeline.settings.wording import is_about_several, locations, sentence

DEFAULT = "default"


@dataclass(frozen=True)
class EffectiveSettings:
    """The settings, and for each key where its value comes from.

    Attributes
    ----------
    origins
        By key, in the order of the models: ``LIVEKIT_URL``, ``.env``, ``config.json`` or ``default``.
    file
        The configuration file that was read, or None.
    """

    settings: Settings
    origins: Mapping[KeyPath, str]
    file: Path | None


def load_settings() -> Settings:
    """Read the settings from the environment, ``.env``, ``config.json`` and the defaults.

    Raises
    ------
    ConfigurationError
        If a value is wrong, a key is not known, or a file cannot be read.
    """
    return load_effective_settings().settings


def load_effective_settings() -> EffectiveSettings:
    """Read the settings as :func:`load_settings` does, and say where each comes from.

    Raises
    ------
    ConfigurationError
        If a value is wrong, a key is not known, or a file cannot be read.
    """
    file = chosen_file()
    layers = (read_environment(), read_dotenv(), read_file(file) if file else Layer())
    problems = [problem for layer in layers for problem in layer.problems]
    given: dict[KeyPath, Given] = {}
    for layer in reversed(layers):
        given.update(layer.values)
    settings = _validated(given, problems)
    if settings is None or problems:
        raise _refusal(problems, file)
    origins = {path: given[path].origin if path in given else DEFAULT for path in every_key()}
    return EffectiveSettings(settings, origins, file.path.absolute() if file else None)


def _validated(given: Mapping[KeyPath, Given], problems: list[Problem]) -> Settings | None:
    """Return the settings, or None with what is wrong added to `problems`."""
    wrong_already = bool(problems)
    try:
        return Settings.model_validate(_nested(given))
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            # Beside a value that was refused, the rest need not go together.
            if not (wrong_already and is_about_several(detail)):
                problems.append(_problem(detail, given))
    return None


def _nested(given: Mapping[KeyPath, Given]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for (*above, key), one in given.items():
        place = nested
        for part in above:
            place = place.setdefault(part, {})
        place[key] = one.value
    return nested


def _problem(detail: ErrorDetails, given: Mapping[KeyPath, Given]) -> Problem:
    places = locations(detail)
    named = [(path, one) for place in places for path, one in given.items() if place[: len(path)] == path]
    path, one = min(named, key=lambda pair: list(Source).index(pair[1].source))
    below = "" if is_about_several(detail) else dotted(detail["loc"]).removeprefix(dotted(path))
    return Problem(f"{one.name}{below}: {sentence(detail)}", one.source)


def _refusal(problems: Sequence[Problem], file: ConfigFile | None) -> ConfigurationError:
    texts = [problem.text for problem in problems]
    message = texts[0] if len(texts) == 1 else "\n   ".join(["several settings are wrong:", *texts])
    sources = {problem.source for problem in problems}
    remedy = f"correct {' and '.join(source.value for source in Source if source in sources)}"
    if Source.FILE in sources:
        remedy += "" if file is None or file.is_named else ', or read none with --config ""'
        remedy += "; `eloquence config --schema` prints every key"
    return ConfigurationError(message, remedy=remedy)
