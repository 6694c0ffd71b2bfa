"""A test of one's own: ``eloquence --test examples/my_test.py:run_custom_test``.

The function gets a client that is in a fresh room already, a synthesizer, and a logger. Whatever it
says with the client is recorded at the other end, measured, judged, archived and reported as for the built-in
tests; what it returns stands in the result under ``details``. It is called again if the room could not
be had, never once audio is out.
"""

from __future__ import annotations

import asyncio

from eloquence_pipeline import LiveKitTestClient, PipelineLogger, VoiceSynthesizer

EXERCISE = (
    "Inspirez lentement, puis dites : « Bonjour à tous, merci d'être venus. »",
    "Très bien. Reprenez, un peu plus lentement cette fois.",
    "Entendez-vous la différence entre les deux ?",
)


async def run_custom_test(
    client: LiveKitTestClient,
    synthesizer: VoiceSynthesizer,
    logger: PipelineLogger,
    packets: int = len(EXERCISE),
    interval_ms: int = 1000,
) -> dict[str, object]:
    """Say an exercise, with a pause in which the learner would speak.

    The parameters after the logger are options of the command line, which this test understands because it
    has parameters of these names: ``--packets`` and ``--interval``.
    """
    # Before the first sound: synthesis while audio is being sent takes processor time away from it.
    clips = [await synthesizer.generate_audio(text, "exercise") for text in EXERCISE[:packets]]
    send_ms: list[float] = []
    for clip in clips:
        sent = await client.send_audio_file(clip.audio_path, clip)
        logger.info(f"dit : {sent.text}")
        send_ms.append(sent.send_ms)
        await asyncio.sleep(interval_ms / 1000)
    return {"sentences": len(clips), "slowest_send_ms": max(send_ms)}
