"""LiveKit servers that are not ours: started with a plain configuration, also behind TLS."""

from __future__ import annotations

import asyncio
import datetime
import json
import os
import socket
import ssl
import subprocess
import threading
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from eloquence_pipeline.servers import LiveKitEndpoint, find_binaries
from eloquence_pipeline.servers.progress import silent
from eloquence_pipeline.settings import load_settings
from tests.polling import await_true

LOOPBACK = "127.0.0.1"
DAY = datetime.timedelta(days=1)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return probe.getsockname()[1]


@contextmanager
def plain_livekit(folder: Path, **rtc: object) -> Generator[LiveKitEndpoint]:
    """Run a LiveKit as its own ``--dev`` would be: real interfaces, ICE over UDP and TCP, known keys."""
    port = free_port()
    config = {
        "port": port,
        "bind_addresses": [LOOPBACK],
        "development": True,
        "keys": {"devkey": "secret"},
        "rtc": {
            "udp_port": free_port(),
            "tcp_port": free_port(),
            # Without it public STUN servers would be asked.
            "stun_servers": [f"{LOOPBACK}:9"],
            **rtc,
        },
    }
    binary = find_binaries(load_settings(), ["livekit-server"], silent)["livekit-server"]
    with (folder / "livekit.log").open("wb") as log:
        server = subprocess.Popen(
            [str(binary.path)],
            env=os.environ | {"LIVEKIT_CONFIG": json.dumps(config)},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        await_true(lambda: answers(f"http://{LOOPBACK}:{port}/"), "the plain LiveKit is up", 15)
        yield LiveKitEndpoint(
            url=f"ws://{LOOPBACK}:{port}",
            api_key="devkey",
            api_secret=SecretStr("secret"),
            embedded=False,
            version="plain",
        )
    finally:
        server.kill()  # asked kindly, it waits for those who are still in its rooms
        server.wait(10)


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:
            return answer.status == 200
    except OSError:
        return False


def certificate_for(host: str, folder: Path) -> tuple[Path, Path]:
    """Write a certificate that signs itself, and its key, and return both files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "eloquence test")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - DAY)
        .not_valid_after(now + DAY)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = folder / "certificate.pem", folder / "key.pem"
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate_file, key_file


@contextmanager
def behind_tls(port: int, certificate: Path, key: Path) -> Generator[int]:
    """Take TLS off what comes to the yielded port, and pass it on to `port`."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    loop = asyncio.new_event_loop()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection(LOOPBACK, port)
        await asyncio.gather(pump(reader, inner_writer), pump(inner_reader, writer))

    async def begin() -> asyncio.Server:
        return await asyncio.start_server(pass_on, LOOPBACK, 0, ssl=context)

    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(begin(), loop).result(5)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:

        async def end() -> None:
            server.close()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(end(), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()
