"""What `up`, `deploy`, `status` and `down` do: the servers in the background, and the worker."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from importlib import import_module

from rich.console import Console
from rich.table import Table

from eloquence_pipeline.errors import ConfigurationError, ExitCode
from eloquence_pipeline.reporting.console import printer, waiting
from eloquence_pipeline.reporting.json_lines import JsonConsole
from eloquence_pipeline.servers import (
    Endpoints,
    ServiceStatus,
    down,
    runs_without_worker,
    status,
    up,
    up_worker,
)
from eloquence_pipeline.settings import Settings, load_settings
from flows.environment import exported
from flows.prefect_settings import PREFECT_ENVIRONMENT, users_own_prefect_api
from flows.targets import names_own_livekit


def services_up(console: Console) -> ExitCode:
    """Start what the settings do not name, register the deployments, start a worker; print all addresses."""
    settings = load_settings()
    before = [service.name for service in status(settings) if service.in_background]
    own_api = users_own_prefect_api()
    with exported(PREFECT_ENVIRONMENT), ThreadPoolExecutor(1) as pool:
        importing = pool.submit(import_module, "flows.registration")
        try:
            with waiting(console, "getting the servers ready") as progress:
                endpoints = up(
                    settings,
                    livekit=not names_own_livekit(settings),
                    s3=not settings.storage.is_users_own,
                    prefect=not own_api,
                    progress=progress,
                )
                registration = importing.result()
                api_url = endpoints.prefect.api_url if endpoints.prefect else own_api
                # On a server of the user's own, other machines may have runs.
                living = runs_without_worker(settings) if endpoints.prefect else None
                progress("registering the deployments")
                registration.register(api_url, living)
                progress("starting the worker")
                up_worker(settings, api_url, pool=registration.POOL, progress=progress)
        except BaseException:
            down(settings, keep=before)
            raise
    _print_addresses(console, settings, endpoints, api_url)
    return ExitCode.PASSED


def _print_addresses(console: Console, settings: Settings, endpoints: Endpoints, api_url: str) -> None:
    own = settings.targets.get(settings.target)
    livekit = endpoints.livekit.url if endpoints.livekit else settings.livekit_url or (own.url if own else "")
    s3 = endpoints.s3.endpoint_url if endpoints.s3 else settings.storage.endpoint_url or "AWS"
    prefect = endpoints.prefect.ui_url if endpoints.prefect else api_url.removesuffix("/api")
    for name, address in {"LiveKit": livekit, "S3": s3, "Prefect": prefect, "Worker": api_url}.items():
        console.print(f"{name:<9} {address}", highlight=False, soft_wrap=True)


def register_deployments(console: Console, pool: str = "") -> ExitCode:
    """Register the deployments with the user's own Prefect server, or with the one in the background.

    Parameters
    ----------
    pool
        Another work pool, for load cells.
    """
    with exported(PREFECT_ENVIRONMENT), waiting(console, "registering the deployments"):
        registration = import_module("flows.registration")
        api_url = _prefect_api()
        registration.register(api_url)
        if pool:
            registration.register_load_cells(api_url, pool)
    console.print(
        "registered; a worker carries them out: prefect worker start --pool eloquence --type process"
    )
    if pool:
        console.print(f"load cells are carried out by the workers of {pool} as well", soft_wrap=True)
    return ExitCode.PASSED


def _prefect_api() -> str:
    if own := users_own_prefect_api():
        return own
    running = [one for one in status(load_settings()) if one.name == "prefect" and one.running]
    if not running:
        raise ConfigurationError(
            "no Prefect server is named, and none runs in the background",
            remedy="set PREFECT_API_URL, or start one: eloquence up",
        )
    return f"{running[0].url}/api"


def services_status(console: Console) -> ExitCode:
    """Print a row a server."""
    services = status(load_settings())
    if isinstance(console, JsonConsole):
        for service in services:
            console.write("server", service.name, content=service.model_dump())
        return ExitCode.PASSED
    table = Table()
    for title in ("Server", "State", "Address", "PID", "Version", "Users"):
        table.add_column(title, overflow="fold", no_wrap=title == "Address")
    for service in services:
        table.add_row(*_service_cells(service))
    console.print(table)
    return ExitCode.PASSED


def _service_cells(service: ServiceStatus) -> tuple[str, ...]:
    if not service.running:
        return service.name, "stopped", "", "", "", ""
    return (
        service.name,
        f"running, {service.uptime_seconds / 60:.0f} min",
        service.url,
        str(service.pid),
        service.version,
        str(service.users),
    )


def services_down(console: Console) -> ExitCode:
    """Stop the servers in the background."""
    stopped = down(load_settings(), progress=printer(console))
    console.print(f"stopped: {', '.join(stopped)}" if stopped else "nothing was running")
    return ExitCode.PASSED
