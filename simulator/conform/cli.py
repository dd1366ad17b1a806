"""`tienglang-sim conform`: is a loudspeaker, or a controller, what docs/wire.md says? docs/conform.md tells how to use it."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

import click
import msgspec
import uvloop

from controller.protocol.keys import Provision
from scheduler.clock import SystemClock
from simulator.conform import identity as identities
from simulator.conform import report
from simulator.conform.book import Absent, Untried, Verdict
from simulator.conform.desk import Hands
from simulator.conform.office import Office, OfficeError
from simulator.conform.run import Wanted, run, run_controller
from simulator.link import LinkError

FILE = click.Path(dir_okay=False, path_type=Path)


def numbers(_ctx: click.Context, _param: click.Parameter, text: str) -> frozenset[int]:
    """The duties in "53,54"."""
    try:
        return frozenset(int(number) for number in text.split(",") if number.strip())
    except ValueError:
        raise click.BadParameter("numbers of duties, as 53,54") from None


@click.group("conform", invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--provision", type=FILE, help="What `conform new` wrote, and the node was set up with.")
@click.option("--node-id", help="The node under test; checked against the file.")
@click.option("--broker", help="mqtt[s]://HOST:PORT, as the kit reaches it, instead of the file's.")
@click.option("--listen", metavar="HOST:PORT", help="Where the kit serves files, instead of the file's.")
@click.option("--only", default="", callback=numbers, metavar="53,54", help="Only the checks of these duties.")
@click.option("--quick/--long", default=True, show_default=True, help="Long: also what takes minutes.")
@click.option("--sound-log", type=FILE, help="JSON lines, one as a sound begins and one as it ends: proof of silence.")
@click.option("--power", metavar="COMMAND", help="Cuts and restores the node's power: run with `off` or `on` behind it.")
@click.option("--wipe", metavar="COMMAND", help="Empties the node's disk, while its power is off.")
@click.option("--json", "as_json", is_flag=True, help="One line of JSON instead of a table.")
@click.pass_context
def conform(ctx: click.Context, /, **options: Any) -> None:
    """Try ONE loudspeaker against the duties of docs/wire.md, playing its controller. Exit code 0: nothing is broken.

    \b
    tienglang-sim conform new --node-id loa-1 --broker mqtt://192.168.1.9 --listen 192.168.1.9:8090 -o loa-1.json
    (set the node up with loa-1.json; keep its power off)
    tienglang-sim conform --provision loa-1.json
    """
    if ctx.invoked_subcommand is not None:
        return
    if options["provision"] is None:
        raise click.UsageError("--provision is missing; `tienglang-sim conform new` writes one")
    logging.getLogger("gmqtt").setLevel(logging.ERROR)
    try:
        who = identities.read(options["provision"], options["broker"], options["listen"], options["node_id"])
    except (OSError, ValueError) as error:
        raise click.UsageError(str(error)) from None
    hands = Hands(power=options["power"], wipe=options["wipe"], sound_log=options["sound_log"])
    wanted = Wanted(only=options["only"], is_long=not options["quick"])
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            verdicts = runner.run(run(who, SystemClock(), hands, wanted, _tell))
        except (Absent, Untried, LinkError, OSError) as error:
            raise click.ClickException(_why(error)) from None
    _end(ctx, verdicts, options["as_json"], hears=hands.sound_log is not None)


@conform.command("new")
@click.option("--node-id", required=True, help="Its name: small letters, digits, hyphens.")
@click.option("--broker", required=True, help="mqtt[s]://HOST:PORT, as the node reaches it.")
@click.option("--listen", required=True, metavar="HOST:PORT", help="Where the kit will serve files, as the node reaches it.")
@click.option("-o", "--output", type=FILE, required=True, help="The file to write; its .kit beside it is the kit's own.")
def new(node_id: str, broker: str, listen: str, output: Path) -> None:
    """Make a fresh root, master and node key, and write what a node is set up with."""
    try:
        identities.write(output, identities.new(node_id, broker, listen))
    except (OSError, ValueError) as error:
        raise click.UsageError(str(error)) from None
    click.echo(f"{output}: set the node up with this, and keep its power off. Keep {output}.kit: it holds the keys.", err=True)


@conform.command("controller")
@click.option("--api", required=True, metavar="URL", help="The controller's address, as http://127.0.0.1:8080.")
@click.option("--token", required=True, help="A token of its API.")
@click.option("--provision", type=FILE, required=True, help="What it gave out for ONE node that does not run.")
@click.option("--only", default="", callback=numbers, metavar="83,84", help="Only the checks of these duties.")
@click.option("--quick/--long", default=True, show_default=True, help="Long: also what takes minutes.")
@click.option("--json", "as_json", is_flag=True, help="One line of JSON instead of a table.")
@click.pass_context
def controller(ctx: click.Context, /, **options: Any) -> None:
    """Try a controller, playing one of its nodes. It airs some short sounds in that node's village: not for a village in use."""
    logging.getLogger("gmqtt").setLevel(logging.ERROR)
    try:
        provisions = msgspec.json.decode(options["provision"].read_bytes(), type=list[Provision])
        provision = provisions[0]
    except (OSError, ValueError, IndexError) as error:
        raise click.UsageError(f"no node in {options['provision']}: {error}") from None
    wanted = Wanted(only=options["only"], is_long=not options["quick"])
    office = Office(options["api"], options["token"])
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            verdicts = runner.run(run_controller(provision, office, SystemClock(), wanted, _tell))
        except (Absent, LinkError, OSError, OfficeError) as error:
            raise click.ClickException(_why(error)) from None
    _end(ctx, verdicts, options["as_json"], hears=True)


def _tell(line: str) -> None:
    click.echo(line, err=True)


def _end(ctx: click.Context, verdicts: list[Verdict], as_json: bool, *, hears: bool) -> None:
    click.echo(report.for_machines(verdicts) if as_json else report.for_people(verdicts, hears=hears))
    ctx.exit(0 if report.is_good(verdicts) else 1)


def _why(error: Exception) -> str:
    if isinstance(error, Absent):
        return f"nobody answered for {error}: is it on, set up with this file, and at this broker?"
    return f"the kit can't reach what it needs, or can't listen: {error}"
