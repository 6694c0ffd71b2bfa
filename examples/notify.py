"""Let Prefect tell people: put the automations of automations.yaml into the server of PREFECT_API_URL.

The address that is called, of a chat or of anything that takes JSON, is read from the variable NOTIFY_URL,
because such addresses are secrets; Prefect keeps it in a block. Calling this again brings all up to date.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import yaml
from prefect import get_client
from prefect.blocks.webhook import Webhook
from prefect.events.schemas.automations import AutomationCore
from prefect.types import SecretDict
from pydantic import SecretStr

BLOCK = "eloquence-notify"
AUTOMATIONS = Path(__file__).with_name("automations.yaml")


async def install(url: str) -> None:
    """Keep the address in a block, and create or update each automation by its name."""
    headers = SecretDict({"Content-Type": "application/json"})
    await Webhook(url=SecretStr(url), headers=headers).asave(BLOCK, overwrite=True)
    async with get_client() as client:
        block = await client.read_block_document_by_name(BLOCK, "webhook")
        text = AUTOMATIONS.read_text(encoding="utf-8").replace("WEBHOOK", str(block.id))
        contents: list[dict[str, Any]] = yaml.safe_load(text)["automations"]
        for content in contents:
            automation = AutomationCore.model_validate(content)
            known = await client.read_automations_by_name(automation.name)
            if known:
                await client.update_automation(known[0].id, automation)
            else:
                await client.create_automation(automation)
            print(f"{automation.name}: {'updated' if known else 'created'}")


if __name__ == "__main__":
    if not (address := os.environ.get("NOTIFY_URL", "")):
        sys.exit("set NOTIFY_URL to the address that is to be called")
    asyncio.run(install(address))
