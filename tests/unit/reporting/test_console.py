"""What people and machines see of the log lines."""

from __future__ import annotations

import io
import json
import logging
import os
import sys
import time
from collections.abc import Generator
from typing import Any

import pytest
from rich.console import Console
from rich.table import Table

from eloquence_pipeline import redaction
from eloquence_pipeline.pipeline_logger import PipelineLogger
from eloquence_pipeline.redaction import SECRET_REDACTED, hide_secrets
from eloquence_pipeline.reporting.console import make_console, print_error, printer, shown_on, waiting

pytestmark = pytest.mark.unit


class Terminal(io.StringIO):
    """A standard output that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def terminal_as_output(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    stream = Terminal()
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("COLORTERM", raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    return stream


@pytest.fixture(autouse=True)
def no_secret_is_known(monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    monkeypatch.setattr(redaction, "_known_secrets", type(redaction._known_secrets)())  # pyright: ignore[reportPrivateUsage]
    yield
    logging.getLogger("eloquence").propagate = True


def speak() -> None:
    logger = PipelineLogger("TEST")
    for latency_ms in (50, 200, 400, 600):
        logger.latency("bout_en_bout", latency_ms)
    for loss_ratio in (0.0, 0.02, 0.2):
        logger.packet_loss(loss_ratio)
    logger.performance_metric("débit", 0.4, "paquets/seconde")
    logger.debug("détail")


def objects(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


def test_each_class_has_its_colour_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = terminal_as_output(monkeypatch)
    with shown_on(make_console(), verbose=True):
        speak()
    green, yellow, orange, red, magenta, cyan = "32", "33", "38;5;208", "31", "35", "36"
    colours = [line.partition("m")[0].removeprefix("\x1b[") for line in terminal.getvalue().splitlines()]
    assert colours == [green, yellow, orange, red, green, yellow, red, magenta, cyan]


def test_colours_go_off_with_no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = terminal_as_output(monkeypatch)
    monkeypatch.setenv("NO_COLOR", "1")
    console = make_console()
    with shown_on(console, verbose=True):
        speak()
        printer(console)("starting")
    assert "LATENCY" in terminal.getvalue()
    assert "\x1b[" not in terminal.getvalue()


def test_colours_go_off_when_the_output_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with shown_on(make_console(), verbose=True):
        speak()
    assert "\x1b[" not in capsys.readouterr().out


def test_lines_go_to_standard_output_and_errors_to_standard_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with shown_on(make_console(), verbose=False):
        PipelineLogger("TEST").error("a line of the log")
    print_error(make_console(errors=True), "it failed", remedy="do this", exit_code=3)
    shown = capsys.readouterr()
    assert shown.out == "❌ TEST | a line of the log\n"
    assert shown.err == "❌ it failed\n   → do this\n"


def test_json_has_one_object_a_line_with_the_content_of_the_text_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with shown_on(make_console("json"), verbose=False):
        speak()
    lines = objects(capsys.readouterr().out)
    assert len(lines) == 8
    first = lines[0]
    assert list(first) == ["timestamp", "level", "component", "kind", "message", "content"]
    assert first["timestamp"].endswith("Z")
    assert len(first["timestamp"]) == len("2026-11-22T18:41:45.371Z")
    del first["timestamp"]
    assert first == {
        "level": "INFO",
        "component": "TEST",
        "kind": "latency",
        "message": "⚡ LATENCY | bout_en_bout: 50.00 ms",
        "content": {"operation": "bout_en_bout", "latency_ms": 50, "class": "excellente"},
    }
    assert [line["level"] for line in lines[1:4]] == ["INFO", "WARNING", "ERROR"]


def test_verbose_lines_are_in_json_too_and_progress_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    with shown_on(make_console("json"), verbose=True):
        PipelineLogger("TEST").debug("détail")
        PipelineLogger("TEST").progress("Transmission", 1, 30)
    assert [line["kind"] for line in objects(capsys.readouterr().out)] == ["debug"]


def test_a_log_tells_progress_where_nothing_else_was_told_for_a_minute(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: seconds)
    logger = PipelineLogger("TEST")
    with shown_on(make_console(), verbose=False):
        for completed in range(0, 200, 20):
            seconds = 1000.0 + completed
            logger.progress("Transmission", completed, 1200)
            if completed == 100:
                logger.info("un mot")
    assert capsys.readouterr().out.splitlines() == [
        "⏳ Transmission, 60/1200 s",
        "ℹ️ TEST | un mot",
        "⏳ Transmission, 160/1200 s",
    ]


def test_whatever_is_printed_in_json_mode_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    console = make_console("json")
    table = Table("Server", "State")
    table.add_row("livekit", "stopped")
    console.print("[bold]stopped[/bold]: nothing", style="red", soft_wrap=True)
    console.print()
    console.print(table)
    with waiting(console, "getting the servers ready") as tell:
        tell("starting minio")
    lines = objects(capsys.readouterr().out)
    assert {line["kind"] for line in lines} == {"info"}
    messages = [line["message"] for line in lines]
    assert messages[0] == "stopped: nothing"
    assert any("livekit" in message for message in messages[1:-2])
    assert messages[-2:] == ["getting the servers ready", "starting minio"]


def test_figures_and_texts_that_json_or_readers_do_not_know_stay_one_readable_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = "one\u2028two\x85three\nfour\t\x1b[31m"
    with shown_on(make_console("json"), verbose=False):
        PipelineLogger("TEST").performance_metric("rien", float("nan"), "")
        PipelineLogger("TEST").info(text)
    nothing, odd = objects(capsys.readouterr().out)
    assert nothing["content"]["value"] is None
    assert odd["content"]["message"] == text


def test_an_error_in_json_says_remedy_and_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    print_error(make_console("json", errors=True), "it failed", remedy="do this", exit_code=3)
    (line,) = objects(capsys.readouterr().err)
    told = {key: line[key] for key in ("kind", "message", "remedy", "exit_code")}
    assert told == {"kind": "error", "message": "it failed", "remedy": "do this", "exit_code": 3}


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_secrets_show_in_neither_format(log_format: Any, capsys: pytest.CaptureFixture[str]) -> None:
    hide_secrets("of-the-store")
    with shown_on(make_console(log_format), verbose=False):
        PipelineLogger("TEST").audio_packet(1, 2, 3.0, {"text": "of-the-store"})
        PipelineLogger("TEST").info("it is of-the-store")
    print_error(make_console(log_format, errors=True), "of-the-store", traceback="of-the-store", exit_code=3)
    shown = capsys.readouterr()
    assert "of-the-store" not in shown.out + shown.err
    assert SECRET_REDACTED in shown.out


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_a_reader_that_leaves_does_not_end_the_run(log_format: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w", encoding="utf-8") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        console = make_console(log_format)
        with shown_on(console, verbose=False):
            speak()
        assert console.quiet


def test_a_locale_without_emoji_does_not_end_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    for log_format, expected in (("text", b"\\u26a1 LATENCY"), ("json", "⚡ LATENCY".encode())):
        raw = io.BytesIO()
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="iso-8859-1"))
        console: Console = make_console("json" if log_format == "json" else "text")
        with shown_on(console, verbose=False):
            PipelineLogger("TEST").latency("envoi", 1.0)
        sys.stdout.flush()
        assert expected in raw.getvalue()
