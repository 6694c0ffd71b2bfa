"""Find the tests that a user has written: a function in a file, or one that a package registers."""

from __future__ import annotations

import inspect
import re
import sys
import unicodedata
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib import metadata, util
from pathlib import Path
from types import ModuleType
from typing import Any

from eloquence_pipeline.errors import ConfigurationError

ENTRY_POINT_GROUP = "eloquence.tests"
_AFFIXES = re.compile(r"^(run_|test_)+|(_test)+$")
_NOT_IN_NAMES = re.compile(r"[^a-z0-9]+")
_BUILT_IN = {"basic", "stress", "latency", "network", "suite"}
_GIVEN = 3
"""Client, synthesizer, logger."""
_REMEDY = "see examples/my_test.py"


@dataclass(frozen=True)
class OwnTest:
    """A test of the user's own.

    Attributes
    ----------
    name
        What its runs are called.
    function
        Called with client, synthesizer and logger, and the options that it takes by name.
    """

    name: str
    function: Callable[..., Awaitable[Any]]

    def takes(self, option: str) -> bool:
        """Whether the function has a parameter of this name, or takes any."""
        parameters = inspect.signature(self.function).parameters
        return option in parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values())


def registered_tests() -> list[str]:
    """Return the names of the tests that installed packages register."""
    return sorted({entry.name for entry in metadata.entry_points(group=ENTRY_POINT_GROUP)})


def absolute_spec(spec: str) -> str:
    """Return `spec` so that it means the same from any folder."""
    path, colon, function = spec.rpartition(":")
    return f"{Path(path).expanduser().absolute()}:{function}" if colon else spec


@cache
def load_own_test(spec: str) -> OwnTest:
    """Return the test that `spec` names.

    Parameters
    ----------
    spec
        ``file.py:function``, or the name under which a package registers it in the entry-point group
        ``eloquence.tests``.

    Raises
    ------
    ConfigurationError
        If there is no such file, function or entry point, or it cannot be used as a test.
    """
    path, colon, function_name = spec.rpartition(":")
    if colon:
        module = _imported(Path(path).expanduser().absolute())
        return _test_of(module, function_name, Path(path).name)
    for entry in metadata.entry_points(group=ENTRY_POINT_GROUP):
        if entry.name == spec:
            try:
                function = entry.load()
            except (Exception, SystemExit) as error:
                raise _not_importable(entry.value, error) from error
            return OwnTest(_run_name(spec), _checked(function, entry.value))
    raise ConfigurationError(f"no package registers a test named {spec!r}", remedy=_REMEDY)


def _imported(path: Path) -> ModuleType:
    if not path.is_file():
        near = get_close_matches(path.name, [file.name for file in path.parent.glob("*.py")], n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise ConfigurationError(f"there is no file {path}", remedy=f"{hint}{_REMEDY}")
    specification = util.spec_from_file_location(f"own_test_{path.stem}", path)
    if specification is None or specification.loader is None:
        raise ConfigurationError(f"{path} is no Python file", remedy=_REMEDY)
    module = util.module_from_spec(specification)
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))  # a test may import what lies beside it
    try:
        specification.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise _not_importable(str(path), error) from error
    return module


def _not_importable(what: str, error: BaseException) -> ConfigurationError:
    return ConfigurationError(
        f"{what} cannot be imported: {type(error).__name__}: {error}",
        remedy="correct the file; --verbose shows the traceback",
    )


def _test_of(module: ModuleType, name: str, file: str) -> OwnTest:
    function = getattr(module, name, None)
    if function is None:
        known = [each for each, value in vars(module).items() if inspect.iscoroutinefunction(value)]
        near = get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise ConfigurationError(
            f"{file} has no function {name!r}",
            remedy=f"{hint}its async functions are: {', '.join(known) or 'none'}",
        )
    return OwnTest(_run_name(name), _checked(function, f"{file}:{name}"))


def _checked(function: object, what: str) -> Callable[..., Awaitable[Any]]:
    if not inspect.iscoroutinefunction(function):
        raise ConfigurationError(f"{what} is not an async function", remedy=_REMEDY)
    try:
        inspect.signature(function).bind(*range(_GIVEN))
    except TypeError as error:
        raise ConfigurationError(
            f"{what} cannot be called with (client, synthesizer, logger): {error}", remedy=_REMEDY
        ) from None
    return function


def _run_name(name: str) -> str:
    letters = unicodedata.normalize("NFKD", _AFFIXES.sub("", name.lower()))
    plain = _NOT_IN_NAMES.sub("-", "".join(c for c in letters if not unicodedata.combining(c))).strip("-")
    # Its runs must not lie among those of a built-in test, with which they would be compared.
    return f"own-{plain}".rstrip("-") if plain in _BUILT_IN or not plain else plain
