"""Single values that are more than a number or a text, and what is wrong with a bad one."""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path
from typing import Annotated
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

FOLDER_SCHEME = "file://"
"""Begins the URL of a store that is a folder."""

_ROOM_NAME_LENGTH = 100
_BUCKET_NAME = r"[A-Za-z0-9._\-]{1,255}"
_SHOWN_LENGTH = 60
_LINE_BREAKS_AND_CONTROLS = {"Cc", "Cs", "Zl", "Zp"}


def shown(value: object) -> str:
    """Return `value` as JSON would write it, as part of a message of one line."""
    return short(json.dumps(value, ensure_ascii=False, default=str))


def short(text: str) -> str:
    """Return `text` cut when it is long, and without what a terminal would obey."""
    cut = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text[:_SHOWN_LENGTH])
    return cut if len(text) <= _SHOWN_LENGTH else f"{cut}…"


def _livekit_url(value: str) -> str:
    return _url(value, ("ws", "wss"), instead={"http": "ws", "https": "wss"}) if value else value


def _store_url(value: str) -> str:
    if value.startswith(FOLDER_SCHEME):
        folder_of(value)
        return value
    return _url(value, ("http", "https"), instead={"s3": "https"}) if value else value


def folder_of(url: str) -> Path:
    """Return the folder that a ``file://`` URL names.

    Raises
    ------
    ValueError
        If it names a host, or no absolute path.
    """
    parts = urlsplit(url)
    path = unquote(parts.path)
    if parts.netloc or parts.query or parts.fragment or not path.startswith("/") or "\0" in path:
        raise ValueError(f"must name a folder as file:///absolute/path, not {shown(url)}")
    return Path(path)


def _metrics_url(value: str) -> str:
    return _url(value, ("http", "https"), instead={}) if value else value


def _url(value: str, schemes: tuple[str, str], instead: dict[str, str]) -> str:
    """Return `value` if it names a server, and nothing but a server."""
    if any(character.isspace() or _is_control(character) for character in value):
        raise ValueError("must not hold a space or a control character")
    # Neither is shown: what stands there may be a password or a token.
    if "@" in value:
        raise ValueError("must not hold a user name or password")
    if "?" in value or "#" in value:
        raise ValueError("must end after host, port and path, without ? or #")
    given, separator, rest = value.partition("://")
    if not separator or given not in schemes:
        meant = _meant(given.lower(), rest, schemes, instead) if separator else _meant("", value, schemes, {})
        hint = f"; did you mean {shown(meant)}?" if meant else ""
        raise ValueError(f"must start with {schemes[0]}:// or {schemes[1]}://, not {shown(value)}{hint}")
    if not _host(value):
        raise ValueError(f"names no host: {shown(value)}")
    return value


def _meant(scheme: str, rest: str, schemes: tuple[str, str], instead: dict[str, str]) -> str:
    """Return the URL that was probably meant, or an empty string."""
    if not scheme:
        looks_like_a_host = "/" not in rest and (":" in rest or "." in rest)
        return f"{schemes[0]}://{rest}" if looks_like_a_host else ""
    known = scheme if scheme in schemes else instead.get(scheme, "")
    return f"{known}://{rest}" if known and rest else ""


def _host(value: str) -> str | None:
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        raise ValueError(f"names no host and port that can be read: {shown(value)}") from None
    return parts.hostname


def _room_name(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be blank")
    if len(value) > _ROOM_NAME_LENGTH:
        raise ValueError(f"must have at most {_ROOM_NAME_LENGTH} characters, not {len(value)}")
    if "/" in value or "\\" in value:
        raise ValueError(f"must not hold a slash or backslash, as {shown(value)} does")
    if any(_is_control(character) for character in value):
        raise ValueError(f"must not hold a control character, as {shown(value)} does")
    return value


def _bucket_name(value: str) -> str:
    # What boto3 lets through; a server may ask for more, and says so itself.
    if value and not re.fullmatch(_BUCKET_NAME, value):
        raise ValueError(
            f"must have at most 255 letters, digits, dots, hyphens and underscores, unlike {shown(value)}"
        )
    return value


def _is_control(character: str) -> bool:
    return unicodedata.category(character) in _LINE_BREAKS_AND_CONTROLS


def _path(value: Path) -> Path:
    if "\0" in str(value):
        raise ValueError("must not hold a null character")
    try:
        return value.expanduser()
    except RuntimeError:
        raise ValueError(f"names a user who is not known here: {shown(str(value))}") from None


def _not_empty(value: object) -> object:
    # Path("") is the current folder, which nobody means who leaves a value empty.
    if value == "":
        raise ValueError("must not be empty")
    return value


def _none_if_empty(value: object) -> object:
    # A variable can only be emptied: it has no null.
    return None if value == "" else value


LiveKitUrl = Annotated[
    str, AfterValidator(_livekit_url), Field(json_schema_extra={"pattern": r"^(wss?://[^\s?#@]+)?$"})
]
MetricsUrl = Annotated[
    str, AfterValidator(_metrics_url), Field(json_schema_extra={"pattern": r"^(https?://[^\s?#@]+)?$"})
]
StoreUrl = Annotated[
    str,
    AfterValidator(_store_url),
    Field(json_schema_extra={"pattern": r"^(https?://[^\s?#@]+|file:///[^?#]*)?$"}),
]
RoomName = Annotated[
    str,
    AfterValidator(_room_name),
    Field(
        json_schema_extra={
            "minLength": 1,
            "maxLength": _ROOM_NAME_LENGTH,
            "pattern": r"^[^/\\\u0000-\u001f]*$",
        }
    ),
]
BucketName = Annotated[
    str, AfterValidator(_bucket_name), Field(json_schema_extra={"pattern": f"^({_BUCKET_NAME})?$"})
]
BlockName = Annotated[str, StringConstraints(pattern=r"^([a-z0-9-]+)?$")]
"""Of a block in Prefect, which takes no others; empty for none."""
GivenPath = Annotated[
    Path, BeforeValidator(_not_empty), AfterValidator(_path), Field(json_schema_extra={"minLength": 1})
]
NoneIfEmpty = BeforeValidator(_none_if_empty)
OptionalPath = Annotated[GivenPath | None, NoneIfEmpty]
