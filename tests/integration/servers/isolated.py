"""Servers and a call inside a network namespace of their own, for the tests to run as a process.

Usage: python isolated.py WAY FOLDER; prints one JSON line.

- ``all``: the three servers as they are embedded and a call; how many packets left on the outer interface
- ``call``: the same with LiveKit alone
- ``leaky-call``: the same without the ``stun_servers`` entry of the configuration
- ``command``: the whole ``eloquence`` command, with all its servers
- ``alone``: a machine with nothing but ``lo``; what ``require_media_interface`` says
"""

# ruff: noqa: PLC0415 - the namespace has to be entered before anything that starts a thread is imported

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

import namespace

AUDIO_SECONDS = 3.0
SETTLE_SECONDS = 0.5
RATE, FRAME = 48000, 480


def main() -> None:
    way, folder = sys.argv[1], Path(sys.argv[2])
    try:
        namespace.enter()
        outer = None if way == "alone" else namespace.OuterInterface()
    except PermissionError as error:
        print(json.dumps({"refused": f"this system gives no network namespace or TUN device: {error}"}))
        return
    told = _alone() if outer is None else _with_outer_interface(outer, way, folder)
    print(json.dumps(told), flush=True)


def _alone() -> dict[str, Any]:
    from eloquence_pipeline.errors import ServerError
    from eloquence_pipeline.servers import require_media_interface

    try:
        require_media_interface()
    except ServerError as error:
        return {"message": error.message, "remedy": error.remedy}
    return {}


def _with_outer_interface(outer: namespace.OuterInterface, way: str, folder: Path) -> dict[str, Any]:
    from owner import settings_in

    from eloquence_pipeline.servers import embedded_servers, require_media_interface

    require_media_interface()
    if way == "command":
        exit_code = _command(folder)
        time.sleep(SETTLE_SECONDS)
        return {"exit_code": exit_code, "packets": dict(outer.packets)}
    if way == "leaky-call":
        _forget_stun_servers()
    everything = way == "all"
    with embedded_servers(settings_in(folder), livekit=True, s3=everything, prefect=everything) as endpoints:
        assert endpoints.livekit is not None
        secret = endpoints.livekit.api_secret.get_secret_value()
        heard = asyncio.run(_call(endpoints.livekit.url, endpoints.livekit.api_key, secret))
        time.sleep(SETTLE_SECONDS)
    return {"heard_frames": heard, "packets": dict(outer.packets)}


def _command(folder: Path) -> int:
    import os
    import subprocess

    folders = {
        f"ELOQUENCE_FOLDERS__{name.upper()}": str(folder / name) for name in ("results", "data", "state")
    }
    folders["PREFECT_HOME"] = str(folder / "prefect-client")
    command = [str(Path(sys.executable).with_name("eloquence")), "--test", "basic", "--duration", "8"]
    # A terminal is what makes some libraries talkative; script(1) would be one more thing to install.
    return subprocess.run(
        command, env=os.environ | folders, stdout=sys.stderr, cwd=folder, check=False
    ).returncode


def _forget_stun_servers() -> None:
    from eloquence_pipeline.servers import livekit_server

    complete = livekit_server.livekit_config

    def without(*, port: int, udp_port: int, metrics_port: int, keys: dict[str, str]) -> dict[str, Any]:
        config = complete(port=port, udp_port=udp_port, metrics_port=metrics_port, keys=keys)
        del config["rtc"]["stun_servers"]
        return config

    livekit_server.livekit_config = without


async def _call(url: str, key: str, secret: str) -> int:
    """Speak for a while from one participant to another; return how many frames with sound arrived."""
    from livekit import api, rtc

    def token(identity: str) -> str:
        grants = api.VideoGrants(room_join=True, room="isolated")
        return api.AccessToken(key, secret).with_identity(identity).with_grants(grants).to_jwt()

    listener, speaker = rtc.Room(), rtc.Room()
    subscribed: asyncio.Future[rtc.Track] = asyncio.get_running_loop().create_future()

    def on_track(track: rtc.Track, *_about: object) -> None:
        subscribed.set_result(track)

    listener.on("track_subscribed", on_track)  # pyright: ignore[reportUnknownMemberType]
    await listener.connect(url, token("listener"))
    await speaker.connect(url, token("speaker"))
    source = rtc.AudioSource(RATE, 1)
    track = rtc.LocalAudioTrack.create_audio_track("voice", source)
    await speaker.local_participant.publish_track(track)
    stream = rtc.AudioStream(await asyncio.wait_for(subscribed, 10))
    listening = asyncio.create_task(_count_sound(stream))
    for _frame in range(round(AUDIO_SECONDS * RATE / FRAME)):
        frame = rtc.AudioFrame(b"\x00\x10\x00\xf0" * (FRAME // 2), RATE, 1, FRAME)
        await source.capture_frame(frame)
    await source.wait_for_playout()
    await speaker.disconnect()
    await listener.disconnect()
    await stream.aclose()
    await source.aclose()
    return await listening


async def _count_sound(stream: Any) -> int:
    heard = 0
    async for event in stream:
        heard += any(event.frame.data)
    return heard


if __name__ == "__main__":
    main()
