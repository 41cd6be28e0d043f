"""The command line: `gateway demo · serve · check · schema · token · key · journey · sandbox`."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

app = typer.Typer(
    name="gateway",
    help="Journey Gateway: one customer, every system, one journey.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
keys = typer.Typer(help="API keys of third-party tools.", no_args_is_help=True)
app.add_typer(keys, name="key")

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

ConfigOption = Annotated[
    Path,
    typer.Option("--config", "-c", envvar="GATEWAY_CONFIG", help="The configuration file."),
]
USAGE_ERROR = 2


@app.command()
def demo(
    host: Annotated[str, typer.Option(help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port of the gateway; 0 takes any free one.")] = 8000,
    sandbox_port: Annotated[int, typer.Option(help="Port of the imitated vendors; 0 takes any free one.")] = 0,
    depth: Annotated[int, typer.Option(min=10, max=100_000, help="Interactions of the deep customer.")] = 200,
) -> None:
    """Serve imitated vendors and the gateway beside them: no account, no configuration."""
    from gateway.demo.serve import curl, serve_demo

    def say(address: str, viewers: list[dict[str, str]]) -> None:
        for viewer in viewers:
            out.print(f"[bold]{viewer['name']}[/bold] ({viewer['kind']}): {viewer['description']}")
            out.print(viewer["token"], style="dim")
        out.print("\nAsk who is calling, as Anna:\n")
        out.print(curl(address, viewers[0]["token"]), markup=False)
        out.print(f"\n[bold]Journey Gateway[/bold] answers at [cyan]{address}/graphql[/cyan]; Ctrl-C stops it.")
        sys.stdout.flush()

    _run(serve_demo(host, port, sandbox_port, depth, say), port)


@app.command()
def serve(
    config: ConfigOption = Path("gateway.toml"),
    host: Annotated[str, typer.Option(help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 takes any free one.")] = 8000,
) -> None:
    """Serve the configured sources."""
    from gateway.logs import configure_logs
    from gateway.serving import Assembled, assemble, listen, make_server

    assembled: Assembled = _configured(lambda: assemble(config, os.environ))
    configure_logs(assembled.configuration.settings.gateway.log_level)

    async def listening() -> None:
        with listen(host, port) as bound:
            address = f"http://{host}:{bound.getsockname()[1]}"
            await make_server(assembled.app, lambda: err.print(f"Listening at {address}")).serve(sockets=[bound])

    _run(listening(), port)


@app.command()
def check(
    config: ConfigOption = Path("gateway.toml"),
    source: Annotated[str | None, typer.Option(help="Only this source.")] = None,
    customer: Annotated[
        str | None,
        typer.Option(help="Show what the source tells of them: a number, an e-mail address, SOURCE:ID or cookie:ID."),
    ] = None,
    rows: Annotated[int, typer.Option(min=1, max=50, help="How many interactions to show.")] = 3,
) -> None:
    """Read the configuration and ask every source a harmless question; or show what one makes of a customer."""
    from gateway.checking import check_sources, tell_of
    from gateway.reload import Configuration
    from gateway.terminal import draw_told

    configuration: Configuration = _configured(lambda: Configuration(config, os.environ))
    settings = configuration.settings
    section = next((section for section in settings.sources if section.name == source), None)
    if source is not None:
        _check_known("source", [source], {section.name for section in settings.sources})
    if customer is not None:
        if section is None:
            err.print("Say which source to ask with --source.")
            raise typer.Exit(USAGE_ERROR)
        raise typer.Exit(draw_told(out, asyncio.run(tell_of(settings, section, customer, rows))))
    results = asyncio.run(check_sources(settings, source))
    for name, vendor, problem, milliseconds in results:
        mark = "[green]works[/green]" if problem is None else f"[red]{problem}[/red]"
        out.print(f"{name:<20} {vendor:<18} {mark} ({milliseconds:.0f} ms)")
    if not results:
        out.print("No source is configured.")
    raise typer.Exit(1 if any(problem for _, _, problem, _ in results) else 0)


@app.command()
def schema() -> None:
    """Print the GraphQL schema, as in schema.graphql."""
    from gateway.graph.schema import print_schema

    sys.stdout.write(print_schema())


@app.command()
def token(
    subject: Annotated[str, typer.Argument(help="Who the token is for.")],
    role: Annotated[list[str] | None, typer.Option(help="A role; may be repeated.")] = None,
    division: Annotated[list[str] | None, typer.Option(help='A division, or "*"; may be repeated.')] = None,
    profile: Annotated[list[str] | None, typer.Option(help="An allowed work profile; the first is active.")] = None,
    kind: Annotated[str, typer.Option(help="AGENT, SUPERVISOR or SERVICE.")] = "AGENT",
    minutes: Annotated[int, typer.Option(min=1, max=720, help="How long it lives.")] = 60,
    config: ConfigOption = Path("gateway.toml"),
) -> None:
    """Print a token of the gateway's own, for trying things out."""
    from gateway.reload import Configuration
    from gateway.viewer.issuer import LocalIssuer

    settings = _configured(lambda: Configuration(config, os.environ)).settings
    _check_known("role", role, settings.roles)
    _check_known("division", division, {*settings.divisions, settings.gateway.home_division, "*"})
    _check_known("profile", profile, settings.work_profiles)
    claims: dict[str, Any] = {"roles": role or [], "divisions": division or [], "kind": kind}
    if profile:
        claims |= {"work_profiles": profile, "work_profile": profile[0]}
    issuer = LocalIssuer(settings.gateway.secret.get_secret_value())
    out.print(issuer.mint(subject, claims, timedelta(minutes=minutes)), markup=False)


@keys.command("new")
def new_key(
    key_id: Annotated[str, typer.Argument(help="Its id: small letters, digits and hyphens.")],
    name: Annotated[str, typer.Option(help="Whose it is, for people.")] = "",
    role: Annotated[list[str] | None, typer.Option(help="A role; may be repeated.")] = None,
    division: Annotated[list[str] | None, typer.Option(help='A division, or "*"; may be repeated.')] = None,
) -> None:
    """Make an API key: it is shown this once, with the lines to configure it."""
    from gateway.viewer import keys as api_keys

    try:
        key, digest = api_keys.new_key(key_id)
    except ValueError as error:
        err.print(f"[red]{error}[/red]")
        raise typer.Exit(USAGE_ERROR) from None
    out.print("The key, shown this once; hand it over safely:\n")
    out.print(key, markup=False, style="bold")
    out.print("\nAdd to gateway.toml:\n")
    lines = {"id": key_id, "name": name or key_id, "hashes": [digest], "roles": role or [], "divisions": division or []}
    out.print("[[auth.keys]]", markup=False)
    for field, value in lines.items():
        out.print(f"{field} = {json.dumps(value, ensure_ascii=False)}", markup=False)


@app.command()
def journey(
    key: Annotated[str, typer.Argument(help="A phone number, an e-mail address, or SOURCE:ID.")],
    url: Annotated[str, typer.Option(help="Where the gateway is.")] = "http://127.0.0.1:8000",
    viewer_token: Annotated[
        str | None, typer.Option("--token", envvar="GATEWAY_TOKEN", help="A viewer's token or API key.")
    ] = None,
    work_profile: Annotated[str | None, typer.Option(help="The work profile to look through.")] = None,
    first: Annotated[int, typer.Option(min=1, max=200, help="How many rows.")] = 20,
) -> None:
    """Draw a customer's journey in the terminal."""
    from gateway.terminal import draw_journey

    raise typer.Exit(asyncio.run(draw_journey(out, err, url, viewer_token, work_profile, key, first)))


@app.command()
def sandbox(
    host: Annotated[str, typer.Option(help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port.")] = 8100,
    seed: Annotated[int, typer.Option(help="Another seed, another population.")] = 1,
    people: Annotated[int, typer.Option(min=20, max=999, help="How many people.")] = 60,
    depth: Annotated[int, typer.Option(min=10, max=100_000, help="Interactions of the deep customer.")] = 200,
    latency_ms: Annotated[float, typer.Option(min=0, help="Of every vendor.")] = 0,
    rate_limits: Annotated[bool, typer.Option(help="Enforce each vendor's calls a minute.")] = False,
) -> None:
    """Serve the imitated vendors alone."""
    from sandbox.app import SandboxSettings
    from sandbox.serve import serve as serve_sandbox

    err.print(f"Imitated vendors at http://{host}:{port}")
    settings = SandboxSettings(rate_limits=rate_limits, latency_ms=latency_ms, goes_on=True)
    serve_sandbox(host, port, seed, depth, people=people, settings=settings)


def _configured(make: Any) -> Any:
    """What `make` makes of the configuration; or every fault on its own line, and exit code 2."""
    from gateway.settings import SettingsError

    try:
        return make()
    except SettingsError as error:
        for fault in error.faults:
            err.print(str(fault), markup=False)
        raise typer.Exit(USAGE_ERROR) from None


def _check_known(what: str, given: list[str] | None, known: Any) -> None:
    for name in given or ():
        if name not in known:
            err.print(f"{name}: no {what} of that name is configured.", markup=False)
            raise typer.Exit(USAGE_ERROR)


def _run(serving: Coroutine[Any, Any, None], port: int) -> None:
    import uvloop

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serving)
    except KeyboardInterrupt:
        pass
    except OSError as error:
        err.print(f"Cannot listen on port {port}: {error.strerror}. Choose another with --port.", markup=False)
        raise typer.Exit(USAGE_ERROR) from None


def main() -> None:
    app()
