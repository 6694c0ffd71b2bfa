"""What the documentation says is there: files, headings, options, commands, settings."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from eloquence_pipeline.settings import FILE_VARIABLE
from eloquence_pipeline.settings.environment import variable_of
from eloquence_pipeline.settings.keys import dotted, every_key
from eloquence_pipeline.settings.root import SCHEMA_KEY, Settings
from eloquence_pipeline.storage.run_files import REPORT_FILE
from flows.cli import app
from flows.deploy_steps import CELL_FOLDER_VARIABLE
from flows.selection import known_tests
from tests.documentation import (
    GUIDES,
    PAGES,
    PROJECT,
    anchors_of,
    blocks,
    inline_code,
    name_of,
    relative_links,
)

pytestmark = pytest.mark.unit

COMMAND: Any = typer.main.get_command(app)
VARIABLE = re.compile(r"\b(?:ELOQUENCE|LIVEKIT)_[A-Z0-9_]*[A-Z0-9]\b")
KEY = re.compile(r"[a-z]+(?:\.[a-z0-9_]+)+")
ASSIGNMENT = re.compile(r"[A-Z][A-Z0-9_]*=")
BETWEEN_COMMANDS = {"&&", ";", "|", ";;", "||"}

by_page = pytest.mark.parametrize("page", PAGES, ids=name_of)
by_guide = pytest.mark.parametrize("page", GUIDES, ids=name_of)


def commands_in(line: str) -> Iterator[list[str]]:
    """Yield the arguments of each `eloquence` in a line of shell, also of one that `make run` starts."""
    words = shlex.shlex(line, posix=True, punctuation_chars="();<>|&")
    words.whitespace_split = True
    command: list[str] = []
    for word in (*words, ";"):
        if word not in BETWEEN_COMMANDS | {">"}:
            command.append(word)
            continue
        while command and ASSIGNMENT.match(command[0]):
            del command[0]
        if command[:1] == ["eloquence"]:
            yield command[1:]
        if command[:2] == ["make", "run"]:
            yield from (shlex.split(word[5:]) for word in command[2:] if word.startswith("ARGS="))
        command = []


def require_accepted(arguments: list[str]) -> None:
    """Parse a command line as the program does, without carrying it out."""
    place = next((place for place, word in enumerate(arguments) if word in COMMAND.commands), None)
    own, rest = (arguments, []) if place is None else (arguments[:place], arguments[place:])
    own = [word for word in own if word not in {"--help", "--install-completion"}]
    context = COMMAND.make_context("eloquence", list(own))
    _, unknown, _ = COMMAND.make_parser(context).parse_args(list(own))
    assert not unknown, f"{unknown[0]!r} is no subcommand"
    if test := context.params["test"]:
        assert ":" in test or test in {*known_tests(), "greeting"}, f"there is no test {test!r}"
    if rest:
        COMMAND.commands[rest[0]].make_context(rest[0], rest[1:], parent=context)


@by_page
def test_links_lead_to_files_and_headings_that_are_there(page: Path) -> None:
    for target, anchor in relative_links(page):
        assert target.is_relative_to(PROJECT), f"{target} is outside of the project"
        assert target.exists(), f"{target} is not there"
        assert not anchor or anchor in anchors_of(target), f"{name_of(target)} has no heading {anchor!r}"


@by_guide
def test_command_lines_can_be_typed(page: Path) -> None:
    lines = [
        (block.place, line)
        for block in blocks(page)
        if block.language in {"", "bash", "sh", "console"}
        for line in block.text.splitlines()
    ]
    lines += [("between the lines", code) for code in inline_code(page) if "eloquence " in code]
    for place, line in lines:
        if not re.search(r"\beloquence |ARGS=", line):
            continue
        for arguments in commands_in(line):
            try:
                require_accepted(arguments)
            except Exception as error:
                pytest.fail(f"{place}: {line.strip()}: {getattr(error, 'message', error)}")


@by_guide
def test_options_between_the_lines_exist(page: Path) -> None:
    known = {
        option
        for command in (COMMAND, *COMMAND.commands.values())
        for parameter in command.params
        for option in parameter.opts
    }
    # Those of LiveKit's server, for a container.
    known |= {"--help", "--bind", "--node-ip"}
    named = {code.split()[0] for code in inline_code(page) if code.startswith("-")}
    assert named <= known


@by_guide
def test_variables_are_settings(page: Path) -> None:
    known = {FILE_VARIABLE, CELL_FOLDER_VARIABLE, *map(variable_of, every_key())}
    assert set(VARIABLE.findall(page.read_text(encoding="utf-8"))) <= known


@by_guide
def test_keys_are_settings(page: Path) -> None:
    sections = {path[0] for path in every_key() if len(path) > 1}
    named = {code for code in inline_code(page) if KEY.fullmatch(code) and code.split(".")[0] in sections}
    named.discard(REPORT_FILE)
    assert named <= {*map(dotted, every_key())}


@by_guide
def test_json_can_be_read_and_a_configuration_is_one(page: Path) -> None:
    for block in blocks(page):
        if block.language == "json":
            content = json.loads(block.text)
            if SCHEMA_KEY in content:
                del content[SCHEMA_KEY]
                credentials = {"api_key": "key", "api_secret": "secret"}
                Settings.model_validate(credentials | content)


def test_every_setting_is_described_with_its_variable() -> None:
    told = (PROJECT / "docs" / "configuration.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `([a-z0-9_.]+)` \| `([A-Z0-9_]+)` \|", told, re.MULTILINE))
    assert rows == {dotted(path): variable_of(path) for path in every_key()}


def test_every_option_of_a_test_is_described_in_both_languages() -> None:
    options = {max(parameter.opts, key=len) for parameter in COMMAND.params}
    for page in GUIDES[:2]:
        told = page.read_text(encoding="utf-8")
        missing = {option for option in options if option not in told}
        assert missing <= {"--show-completion"}, name_of(page)


def test_both_languages_link_to_each_other() -> None:
    english, french = GUIDES[:2]
    assert (french, "") in relative_links(english)
    assert (english, "") in relative_links(french)
