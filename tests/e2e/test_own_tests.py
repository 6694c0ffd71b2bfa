"""Tests that a user writes: run, retried, measured, archived and reported like the built-in ones."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from eloquence_pipeline.errors import ExitCode
from tests.e2e.conftest import Home, in_one_line, require_arrived

pytestmark = pytest.mark.e2e

EXAMPLE = Path(__file__).parents[2] / "examples" / "my_test.py"

SAYS_TWO_THINGS = """
async def run_greeting_test(client, synthesizer, logger, **options):
    for text in ("Bonjour à vous.", "Êtes-vous prêt ?"):
        clip = await synthesizer.generate_audio(text)
        await client.send_audio_file(clip.audio_path, clip)
        logger.success(text)
    return {"options": options}

async def run_breaking_test(client, synthesizer, logger):
    clip = await synthesizer.generate_audio("Bonjour à vous.")
    await client.send_audio_file(clip.audio_path, clip)
    raise ValueError("the third exercise is missing")

async def run_silent_test(client, synthesizer, logger):
    return [1, 2]

async def run_leaving_test(client, synthesizer, logger):
    clip = await synthesizer.generate_audio("Bonjour à vous.")
    await client.send_audio_file(clip.audio_path, clip)
    raise SystemExit(0)

async def run_secret_test(client, synthesizer, logger):
    import os
    secret = os.environ["LIVEKIT_API_SECRET"]
    clip = await synthesizer.generate_audio("Bonjour à vous.")
    await client.send_audio_file(clip.audio_path, {"text": f"Bonjour {secret}"})
    return {"secret": secret, "length": len(secret)}

def run_plain_test(client, synthesizer, logger):
    return {}

async def run_lonely_test(client):
    return {}
"""


@pytest.fixture
def own_file(served_home: Home) -> Path:
    file = served_home.path / "my_tests.py"
    file.write_text(SAYS_TWO_THINGS)
    return file


def test_the_example_is_measured_like_a_built_in_test(served_home: Home) -> None:
    done = served_home.run(
        "--test", f"{EXAMPLE}:run_custom_test", "--packets", "2", "--interval", "300", "--output", "out.json"
    )
    served_home.require_good(done.returncode, done.stdout + done.stderr)
    result = json.loads((served_home.path / "out.json").read_text())
    assert result["test_name"] == "custom_test"
    require_arrived(result, 2)
    assert result["details"]["sentences"] == 2
    assert result["run"]["parameters"]["packets"] == 2
    assert all(phrase["generation_ms"] > 0 for phrase in result["phrases"])
    first, second = result["phrases"]
    end = first["position_in_sent_seconds"] + first["duration_seconds"]
    assert second["position_in_sent_seconds"] - end >= 0.3
    (folder,) = served_home.run_folders()
    names = {path.name for path in folder.iterdir()}
    assert {"results.json", "sent.wav", "received.wav", "scripts.json", "manifest.json"} <= names


def test_a_test_that_a_package_registers_is_known_by_its_name(served_home: Home, own_file: Path) -> None:
    information = served_home.path / "own_tests-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: own-tests\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(
        "[eloquence.tests]\ngreeting = my_tests:run_greeting_test\n"
    )
    done = served_home.run("--test", "greeting", PYTHONPATH=str(served_home.path))
    served_home.require_good(done.returncode, done.stdout + done.stderr)
    require_arrived(served_home.only_result(), 2)
    near = served_home.run("--test", "greting", PYTHONPATH=str(served_home.path))
    assert near.returncode == ExitCode.USAGE
    assert "did you mean greeting?" in in_one_line(near.stderr)


def test_a_test_that_raises_is_invalid_and_its_evidence_is_kept(served_home: Home, own_file: Path) -> None:
    done = served_home.run("--test", f"{own_file}:run_breaking_test")
    assert done.returncode == ExitCode.NOT_CARRIED_OUT, done.stdout + done.stderr
    result = served_home.only_result()
    assert result["verdict"]["status"] == "invalid"
    reason = "invalid: the test breaking failed: ValueError: the third exercise is missing"
    assert reason in result["verdict"]["reasons"]
    require_arrived(result, 1)
    assert "Traceback" not in done.stdout + done.stderr


def test_a_test_that_says_nothing_or_returns_no_dict_is_told_so(served_home: Home, own_file: Path) -> None:
    done = served_home.run("--test", f"{own_file}:run_silent_test")
    assert done.returncode == ExitCode.NOT_CARRIED_OUT, done.stdout + done.stderr
    reasons = served_home.only_result()["verdict"]["reasons"]
    assert reasons[-2].endswith("it must return a dict that can be written as JSON, not this list")
    assert reasons[-1] == "no phrase was said to its end"


def test_a_test_that_leaves_the_program_does_not_pass(served_home: Home, own_file: Path) -> None:
    done = served_home.run("--test", f"{own_file}:run_leaving_test")
    assert done.returncode == ExitCode.NOT_CARRIED_OUT, done.stdout + done.stderr
    reasons = served_home.only_result()["verdict"]["reasons"]
    assert [one for one in reasons if one.endswith("the test leaving failed: SystemExit: 0")]


def test_secrets_that_a_test_says_or_returns_are_not_kept(served_home: Home, own_file: Path) -> None:
    done = served_home.run("--test", f"{own_file}:run_secret_test")
    result = served_home.only_result()
    length = result["details"]["length"]
    assert result["details"]["secret"] == "[secret redacted]"
    assert result["phrases"][0]["text"] == "Bonjour [secret redacted]"
    assert length >= 32
    assert "[secret redacted]" in done.stdout.replace("│", "").replace("\n", " ")


def test_a_room_that_cannot_be_had_is_tried_again(served_home: Home, own_file: Path) -> None:
    done = served_home.run(
        "--test",
        f"{own_file}:run_greeting_test",
        LIVEKIT_URL="ws://127.0.0.1:9",
        LIVEKIT_API_KEY="devkey",
        LIVEKIT_API_SECRET="secret",
    )
    assert done.returncode == ExitCode.NOT_CARRIED_OUT, done.stdout + done.stderr
    (folder,) = served_home.run_folders()
    attempts = json.loads((folder / "attempts.json").read_text())
    assert [attempt["outcome"] for attempt in attempts] == ["failed_before_audio"] * 3


def test_what_was_said_before_an_interruption_is_kept(
    served_home: Home,
    own_file: Path,
    interrupted_when: Callable[[subprocess.Popen[str], Path, str, int], int],
) -> None:
    process = served_home.start("--test", f"{EXAMPLE}:run_custom_test")
    assert (
        interrupted_when(process, served_home.output, "AUDIO PACKET #2", signal.SIGTERM)
        == 128 + signal.SIGTERM
    )
    (folder,) = served_home.run_folders()
    manifest = json.loads((folder / "manifest.json").read_text())
    listed = {file["name"] for file in manifest["files"]}
    assert {"scripts.json", "publisher.json", "sent.wav", "subscriber.json", "received.wav"} <= listed
    script = json.loads((folder / "scripts.json").read_text())["speaker"]
    assert [phrase["index"] for phrase in script["phrases"]] == [1, 2]


@pytest.mark.parametrize(
    ("test", "part"),
    [
        ("my_tests.py", "my_tests.py:run_custom_test"),
        ("my_tests.py:run_greting_test", "did you mean run_greeting_test?"),
        ("my_test.py:run_greeting_test", "did you mean my_tests.py?"),
        ("my_tests.py:run_plain_test", "is not an async function"),
        ("my_tests.py:run_lonely_test", "cannot be called with (client, synthesizer, logger)"),
        ("broken.py:run", "cannot be imported: SyntaxError"),
        ("leaving.py:run", "cannot be imported: SystemExit"),
        (":run", "there is no file"),
    ],
)
def test_what_is_no_test_is_refused_before_anything_is_started(
    served_home: Home, own_file: Path, test: str, part: str
) -> None:
    (served_home.path / "broken.py").write_text("def run(:\n")
    (served_home.path / "leaving.py").write_text("import sys\nsys.exit(0)\n")
    done = served_home.run("--test", test)
    assert done.returncode == ExitCode.USAGE, done.stdout + done.stderr
    assert part in in_one_line(done.stderr)
    assert "Traceback" not in done.stderr
    assert not served_home.results.exists()


def test_an_option_that_the_test_does_not_take_is_refused(served_home: Home, own_file: Path) -> None:
    done = served_home.run("--test", f"{own_file}:run_breaking_test", "--packets", "3")
    assert done.returncode == ExitCode.USAGE
    assert "takes no parameter 'packets'" in in_one_line(done.stderr)
