"""The task that mints an access token."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE
from pydantic import SecretStr

from eloquence_pipeline.models import Side
from eloquence_pipeline.settings import load_settings
from eloquence_pipeline.transport.tokens import mint_token as mint

JOIN_MARGIN_SECONDS = 60


# A token is never persisted or cached; the credentials are read here, so that no parameter holds them.
@task(
    name="mint token",
    task_run_name="mint token: {identity}",
    persist_result=False,
    cache_policy=NO_CACHE,
)
async def mint_token(side: Side, room: str, identity: str, duration_seconds: float) -> SecretStr:
    """Mint a token for one participant of one room, good for the length of the test and a minute."""
    settings = load_settings()
    return mint(
        api_key=settings.api_key,
        api_secret=settings.api_secret,
        room=room,
        identity=identity,
        sides={side},
        valid_for_seconds=int(duration_seconds) + JOIN_MARGIN_SECONDS,
    )
