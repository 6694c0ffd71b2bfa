"""The client that programs use, on a real server."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import numpy as np
import pytest
from livekit import api

from eloquence_pipeline import LiveKitTestClient
from eloquence_pipeline.errors import ConfigurationError, TransportError
from eloquence_pipeline.servers import LiveKitEndpoint
from eloquence_pipeline.signal.alignment import locate
from eloquence_pipeline.signal.wav import write_wav
from tests.simulated import RATE, babble

pytestmark = pytest.mark.integration

HEARD = 0.3
"""Noise correlates with other noise by 0.03 at most; a busy machine stretches what it plays."""


def client_of(livekit: LiveKitEndpoint, identity: str) -> LiveKitTestClient:
    return LiveKitTestClient(livekit.url, livekit.api_key, livekit.api_secret, identity)


async def test_what_one_client_says_another_hears(livekit: LiveKitEndpoint, tmp_path: Path) -> None:
    write_wav(tmp_path / "one.wav", babble(1, 1.2), RATE)
    write_wav(tmp_path / "two.wav", babble(2, 0.8), RATE)
    async with client_of(livekit, "listener") as listener, client_of(livekit, "sender") as sender:
        await listener.connect("both")
        listener.listen_to("sender")
        await sender.connect("both")
        first = await sender.send_audio_file(tmp_path / "one.wav", {"text": "un", "category": "chiffres"})
        second = await sender.send_audio_file(tmp_path / "two.wav")
        await sender.disconnect()
        heard = listener.received("sender").astype(np.float64)
    assert (first.index, first.text, second.index, second.text) == (1, "un", 2, "two")
    assert second.sent_at > first.sent_at
    assert first.duration_seconds == pytest.approx(1.2)
    for seed, seconds in ((1, 1.2), (2, 0.8)):
        assert locate(babble(seed, seconds).astype(np.float64), heard, RATE).peak > HEARD


async def test_a_listener_that_comes_to_a_talk_hears_the_rest(
    livekit: LiveKitEndpoint, tmp_path: Path
) -> None:
    write_wav(tmp_path / "one.wav", babble(1, 1.0), RATE)
    rest = babble(2, 1.0)
    # The listener subscribes while the beginning is said: what it misses of that is not what this is about.
    write_wav(tmp_path / "two.wav", np.concatenate([babble(3, 3.0), rest]), RATE)
    async with client_of(livekit, "sender") as sender, client_of(livekit, "listener") as listener:
        await sender.connect("late")
        await sender.send_audio_file(tmp_path / "one.wav")
        await listener.connect("late")
        listener.listen_to("sender")
        await sender.send_audio_file(tmp_path / "two.wav")
        await sender.disconnect()
        heard = listener.received("sender").astype(np.float64)
    assert locate(rest.astype(np.float64), heard, RATE).peak > HEARD


async def test_a_client_can_come_back_after_it_left(livekit: LiveKitEndpoint, tmp_path: Path) -> None:
    write_wav(tmp_path / "one.wav", babble(1, 0.3), RATE)
    client = client_of(livekit, "sender")
    for index in (1, 2):
        await client.connect("again")
        await client.connect("again")
        sent = await client.send_audio_file(tmp_path / "one.wav")
        assert sent.index == index
        await client.disconnect()
        await client.disconnect()
        assert client.room_name == ""


async def test_two_sounds_at_once_are_said_one_after_the_other(
    livekit: LiveKitEndpoint, tmp_path: Path
) -> None:
    for seed in (1, 2):
        write_wav(tmp_path / f"{seed}.wav", babble(seed, 0.8), RATE)
    async with client_of(livekit, "listener") as listener, client_of(livekit, "sender") as sender:
        await listener.connect("at-once")
        listener.listen_to("sender")
        await asyncio.gather(sender.connect("at-once"), sender.connect("at-once"))
        await asyncio.gather(*(sender.send_audio_file(tmp_path / f"{seed}.wav") for seed in (1, 2)))
        await sender.disconnect()
        heard = listener.received("sender").astype(np.float64)
    for seed in (1, 2):
        assert locate(babble(seed, 0.8).astype(np.float64), heard, RATE).peak > HEARD


async def test_a_client_that_was_removed_can_connect_again(livekit: LiveKitEndpoint, tmp_path: Path) -> None:
    write_wav(tmp_path / "one.wav", babble(1, 20), RATE)
    write_wav(tmp_path / "two.wav", babble(2, 0.3), RATE)
    client = client_of(livekit, "sender")
    await client.connect("removed")
    saying = asyncio.ensure_future(client.send_audio_file(tmp_path / "one.wav"))
    await asyncio.sleep(4)
    url = livekit.url.replace("ws://", "http://")
    async with api.LiveKitAPI(url, livekit.api_key, livekit.api_secret.get_secret_value()) as server:
        await server.room.remove_participant(api.RoomParticipantIdentity(room="removed", identity="sender"))
    with pytest.raises(TransportError, match="could not say everything"):
        await saying
    await client.connect("removed-again")
    await client.send_audio_file(tmp_path / "two.wav")
    await client.disconnect()


async def test_a_client_that_is_interrupted_leaves_at_once(livekit: LiveKitEndpoint, tmp_path: Path) -> None:
    write_wav(tmp_path / "one.wav", babble(1, 30), RATE)

    async def talk() -> None:
        async with client_of(livekit, "sender") as client:
            await client.connect("interrupted")
            await client.send_audio_file(tmp_path / "one.wav")

    talking = asyncio.ensure_future(talk())
    await asyncio.sleep(4)
    talking.cancel()
    done, _ = await asyncio.wait({talking}, timeout=10)
    assert done, "30 s of speech are not said to their end"
    assert talking.cancelled()
    assert not [thread for thread in threading.enumerate() if thread.name == "frame-pump"]


async def test_a_client_says_what_it_needs(livekit: LiveKitEndpoint, tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("no audio")
    async with client_of(livekit, "sender") as client:
        with pytest.raises(TransportError, match="not connected"):
            await client.send_audio_file(tmp_path / "text.wav")
        with pytest.raises(TransportError, match="not connected"):
            client.listen_to("nobody")
        with pytest.raises(ConfigurationError, match="the name of a room must not hold"):
            await client.connect("a/b")
        await client.connect("here")
        with pytest.raises(ConfigurationError, match="is in the room 'here' already"):
            await client.connect("there")
        with pytest.raises(ConfigurationError, match=r"text\.wav"):
            await client.send_audio_file(tmp_path / "text.wav")
        with pytest.raises(ConfigurationError, match=r"missing\.wav"):
            await client.send_audio_file(tmp_path / "missing.wav")
        with pytest.raises(TransportError, match="nobody listens to 'nobody'"):
            client.received("nobody")


async def test_a_client_makes_its_network_worse_in_mid_call_and_good_again(
    livekit: LiveKitEndpoint, tmp_path: Path
) -> None:
    write_wav(tmp_path / "one.wav", babble(1, 2.0), RATE)
    async with client_of(livekit, "sender") as sender:
        await sender.connect("worse")
        await sender.send_audio_file(tmp_path / "one.wav")
        good = (await sender.network_report()).uplink.total
        await sender.simulate_network_conditions(packet_loss_rate=0.5, latency_ms=100, jitter_ms=20)
        await sender.send_audio_file(tmp_path / "one.wav")
        bad = (await sender.network_report()).uplink.total
        await sender.simulate_network_conditions()
        await sender.send_audio_file(tmp_path / "one.wav")
        again = (await sender.network_report()).uplink.total
    assert good.dropped == 0
    assert good.forwarded >= 100
    assert good.added_delay is not None
    assert 25 <= bad.lost <= 75
    assert bad.added_delay is not None
    assert bad.added_delay.max_ms > 100 > good.added_delay.max_ms
    assert again.lost - bad.lost <= 2
    assert again.forwarded - bad.forwarded >= 95


async def test_conditions_that_cannot_be_are_refused_and_change_nothing(livekit: LiveKitEndpoint) -> None:
    async with client_of(livekit, "sender") as client:
        with pytest.raises(TransportError, match="not connected"):
            await client.simulate_network_conditions(packet_loss_rate=0.05)
        with pytest.raises(TransportError, match="not connected"):
            await client.network_report()
        await client.connect("conditions")
        for wrong in (-0.1, 1.5, float("nan")):
            with pytest.raises(ConfigurationError, match="packet_loss_rate"):
                await client.simulate_network_conditions(packet_loss_rate=wrong)
        with pytest.raises(ConfigurationError, match="latency_ms"):
            await client.simulate_network_conditions(latency_ms=-5)
        with pytest.raises(ConfigurationError, match="no network named 'moon'"):
            await client.simulate_network_conditions(profile="moon")
        assert (await client.network_report()).uplink.total.dropped == 0
        await client.simulate_network_conditions(profile="satellite", direction="uplink")
    with pytest.raises(TransportError, match="not connected"):
        await client.simulate_network_conditions()


def test_a_url_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"did you mean .wss://livekit\.example"):
        LiveKitTestClient("https://livekit.example", "key", "secret", "sender")


async def test_wrong_keys_are_refused_and_the_token_is_not_shown(livekit: LiveKitEndpoint) -> None:
    client = LiveKitTestClient(livekit.url, livekit.api_key, "x" * 40, "sender")
    with pytest.raises(TransportError, match="refused the access token") as raised:
        await client.connect("room")
    assert "eyJ" not in str(raised.value)
    assert client.room_name == ""
