"""The command line: `gateway demo · serve · migrate · ingest · harvest · audit · erase · export · purge · check ·
schema · token · key · journey`, and `sandbox`."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console

T = TypeVar("T")

app = typer.Typer(
    name="gateway",
    help="Journey Gateway: one customer, every system, one journey.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
keys = typer.Typer(help="API keys of third-party tools.", no_args_is_help=True)
app.add_typer(keys, name="key")
ingest = typer.Typer(help="Deliveries of webhooks that wait, or that nobody understood.", no_args_is_help=True)
app.add_typer(ingest, name="ingest")

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
    gc.disable()  # as in `serve`
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
    gc.disable()  # a start leaves no garbage, and is a tenth slower when it is searched for; serving begins with it
    from gateway.logs import configure_logs
    from gateway.serving import Assembled, assemble, listen, make_server

    assembled: Assembled = _configured(lambda: assemble(config, os.environ))
    configure_logs(assembled.configuration.settings.gateway.log_level)

    async def listening() -> None:
        if assembled.gateway.store is not None:
            await assembled.gateway.store.open()
        with listen(host, port) as bound:
            address = f"http://{host}:{bound.getsockname()[1]}"
            await make_server(assembled.app, lambda: err.print(f"Listening at {address}")).serve(sockets=[bound])

    _run(listening(), port)


@app.command()
def migrate(config: ConfigOption = Path("gateway.toml")) -> None:
    """Bring the store to the shape of this version. Nothing else may use it meanwhile."""
    from gateway.ingest.commands import migrate_store
    from gateway.reload import Configuration

    configuration: Configuration = _configured(lambda: Configuration(config, os.environ))
    _stored(migrate_store(configuration.settings, config.parent))
    out.print("The store has the shape of this version.")


@ingest.command("list")
def list_deliveries(
    config: ConfigOption = Path("gateway.toml"),
    everything: Annotated[bool, typer.Option("--all", help="Also those that only wait.")] = False,
) -> None:
    """Show deliveries that were set aside, without what they say. The gateway may run meanwhile."""
    from gateway.ingest.commands import waiting_deliveries
    from gateway.reload import Configuration
    from gateway.terminal import draw_waiting

    configuration: Configuration = _configured(lambda: Configuration(config, os.environ))
    draw_waiting(out, _stored(waiting_deliveries(configuration.settings, config.parent, everything=everything)))


@ingest.command("replay")
def replay_deliveries(
    ids: Annotated[list[int] | None, typer.Argument(help="Their numbers, as `gateway ingest list` shows them.")] = None,
    source: Annotated[str | None, typer.Option(help="All that were set aside of this source.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All that were set aside.")] = False,
    config: ConfigOption = Path("gateway.toml"),
) -> None:
    """Let deliveries that were set aside be read once more; the running gateway does, within a second."""
    from gateway.ingest.commands import replay
    from gateway.reload import Configuration

    configuration: Configuration = _configured(lambda: Configuration(config, os.environ))
    if bool(ids) + (source is not None) + every != 1:
        err.print("Give numbers, --source or --all.")
        raise typer.Exit(USAGE_ERROR)
    count = _stored(replay(configuration.settings, config.parent, ids or None, source))
    out.print(f"{count} will be read again.")
    raise typer.Exit(0 if count else 1)


@app.command()
def harvest(
    config: ConfigOption = Path("gateway.toml"),
    once: Annotated[bool, typer.Option("--once", help="End when all that has changed is copied.")] = False,
    source: Annotated[str | None, typer.Option(help="Only this source.")] = None,
) -> None:
    """Copy what has changed at the sources that `[harvest]` names into the journal, from where it stopped."""
    from gateway.harvest.command import harvest as harvest_sources
    from gateway.logs import configure_logs
    from gateway.reload import Configuration

    configuration: Configuration = _configured(lambda: Configuration(config, os.environ))
    settings = configuration.settings
    named = settings.harvest.sources
    if source is not None and source not in named:
        err.print(f"{source}: `[harvest] sources` does not name it.", markup=False)
        raise typer.Exit(USAGE_ERROR)
    if not named:
        err.print("Nothing is harvested: name sources in `[harvest] sources`.", markup=False)
        raise typer.Exit(USAGE_ERROR)
    configure_logs(settings.gateway.log_level)
    asked = named if source is None else (source,)
    try:
        is_whole = _stored(harvest_sources(settings, config.parent, asked, once=once))
    except KeyboardInterrupt:
        is_whole = True
    raise typer.Exit(0 if is_whole else 1)


@app.command()
def audit(
    config: ConfigOption = Path("gateway.toml"),
    customer: Annotated[
        list[str] | None, typer.Option(help="Only about them: an id, a number, an e-mail address or SOURCE:ID.")
    ] = None,
    subject: Annotated[str | None, typer.Option(help="Only what this viewer did.")] = None,
    since: Annotated[datetime | None, typer.Option(help="Only from then on, UTC.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="The last so many.")] = 100,
    verify: Annotated[bool, typer.Option("--verify", help="Prove that none was changed or taken out.")] = False,
    anchor: Annotated[str | None, typer.Option(help="With --verify: what it printed before; it must be there.")] = None,
) -> None:
    """Show who looked at whom; this is put on record as well. Or prove that the record is whole."""
    from gateway.errors import RateLimitedError
    from gateway.privacy import commands
    from gateway.reload import Configuration
    from gateway.store.audit import BrokenChain
    from gateway.terminal import draw_audit

    configuration: Configuration = _configured(lambda: Configuration(config, os.environ))
    settings, folder = configuration.settings, config.parent
    if verify:
        try:
            known = None if anchor is None else commands.Anchor.read(anchor)
        except ValueError:
            err.print("Give the anchor as SEQ:CHAIN, as --verify prints it.")
            raise typer.Exit(USAGE_ERROR) from None
        proved = _stored(commands.verify(settings, folder, known))
        if proved.broken_at is not None:
            err.print(f"Entry {proved.broken_at} is not what was appended.", style="red")
        elif not proved.matches:
            err.print("The record does not hold the anchor: entries were cut off.", style="red")
        elif proved.last is None:
            out.print("Nothing is on record yet.")
        else:
            out.print(f"Whole, up to {proved.last}", markup=False)
        raise typer.Exit(0 if proved.is_whole else 1)
    utc = None if since is None else since.replace(tzinfo=UTC) if since.tzinfo is None else since
    try:
        shown = _stored(
            commands.audit(settings, folder, customers=customer or (), subject=subject, since=utc, limit=limit)
        )
    except (BrokenChain, RateLimitedError, commands.UnknownCustomerError) as error:
        err.print(str(error) or "That is no key of a customer.", markup=False)
        raise typer.Exit(1) from None
    draw_audit(out, shown)


KeyArgument = Annotated[str, typer.Argument(help="An id of the API, a number, an e-mail address or SOURCE:ID.")]
ReasonOption = Annotated[str, typer.Option(prompt=True, help="Why; it goes on record. No personal data.")]


@app.command()
def erase(key: KeyArgument, reason: ReasonOption, config: ConfigOption = Path("gateway.toml")) -> None:
    """Forget everything that the gateway itself stores on a customer. It may run meanwhile."""
    from gateway.privacy import commands

    receipt = _of_customer(config, lambda settings, folder: commands.erase(settings, folder, key, reason))
    out.print(f"Erased at {receipt.erased_at.isoformat()}:")
    for store, records in receipt.stores.items():
        out.print(f"{store:<12} {records}", markup=False)


@app.command()
def export(key: KeyArgument, reason: ReasonOption, config: ConfigOption = Path("gateway.toml")) -> None:
    """Print everything that the gateway itself stores on a customer, as JSON."""
    from gateway.privacy import commands

    found = _of_customer(config, lambda settings, folder: commands.export(settings, folder, key, reason))
    out.print(json.dumps(found, ensure_ascii=False, indent=2), markup=False)


@app.command()
def purge(config: ConfigOption = Path("gateway.toml")) -> None:
    """Delete what is older than its source and channel allow; a running gateway does this by itself."""
    from gateway.privacy import commands
    from gateway.reload import Configuration

    configuration: Configuration = _configured(lambda: Configuration(config, os.environ))
    for source, count in _stored(commands.purge(configuration.settings, config.parent)).items():
        out.print(f"{source:<20} {count}", markup=False)


def _of_customer(config: Path, work: Callable[[Any, Path], Coroutine[Any, Any, T]]) -> T:
    """What comes of it; exit code 1 where the key leads to nobody or to several."""
    from gateway.privacy import commands
    from gateway.privacy.erasure import SeveralPeopleError
    from gateway.reload import Configuration

    configuration: Configuration = _configured(lambda: Configuration(config, os.environ))
    try:
        return _stored(work(configuration.settings, config.parent))
    except SeveralPeopleError:
        err.print("Several customers have this key: give one of them by the id of the API.")
    except commands.UnknownCustomerError:
        err.print("That is no key of a customer.")
    raise typer.Exit(1)


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


def _stored(work: Coroutine[Any, Any, T]) -> T:
    """What comes of it; or, where the store is at fault, the sentence about it and exit code 2."""
    from gateway.store.errors import StoreError

    try:
        return asyncio.run(work)
    except StoreError as error:
        err.print(str(error), markup=False)
        raise typer.Exit(USAGE_ERROR) from None


def _check_known(what: str, given: list[str] | None, known: Any) -> None:
    for name in given or ():
        if name not in known:
            err.print(f"{name}: no {what} of that name is configured.", markup=False)
            raise typer.Exit(USAGE_ERROR)


def _run(serving: Coroutine[Any, Any, None], port: int) -> None:
    import uvloop

    from gateway.store.errors import StoreError

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends as by Ctrl-C: what was begun is put away
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serving)
    except KeyboardInterrupt:
        pass
    except StoreError as error:
        err.print(str(error), markup=False)
        raise typer.Exit(USAGE_ERROR) from None
    except OSError as error:
        err.print(f"Cannot listen on port {port}: {error.strerror}. Choose another with --port.", markup=False)
        raise typer.Exit(USAGE_ERROR) from None


def main() -> None:
    app()
