"""`tienglang-sim`: a fleet of simulated loudspeakers, a world in virtual time, and the demo."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import logging
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import msgspec
import uvloop

from controller.protocol.keys import Provision
from simulator import faults
from simulator.control import Control
from simulator.fleet import Fleet, Settings
from simulator.link import raise_file_limit

FAULT_OPTIONS = ("offline", "slow_fetch", "full_disk", "dead_horn", "wrong_clock", "drift", "cut_in_sound")
CONTROL_NAME = "control.sock"


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """A province on one machine: the real loudspeaker software, simulated poles."""


def fault_options(command: Any) -> Any:
    """One option a fault: WHO is "all", a share as "10%", or ids "a,b"; "=VALUE" sets how bad it is."""
    for name in reversed(FAULT_OPTIONS):
        usual = faults.DEFAULTS[name]
        value = "" if usual is True else f"[={usual}]"
        command = click.option(f"--{name.replace('_', '-')}", name, metavar=f"WHO{value}", help=HELP[name])(command)
    return command


HELP = {
    "offline": "No MQTT and no HTTP.",
    "slow_fetch": "HTTP at so many bytes a second.",
    "full_disk": "No clip can be stored.",
    "dead_horn": "The line stays silent: heard is false.",
    "wrong_clock": "An RTC so many ms ahead at boot.",
    "drift": "A crystal so many ppm fast.",
    "cut_in_sound": "Power goes once in the middle of a sound.",
}

COLLECT = (5_000, 20, 20)
"""Garbage collection: the whole heap, 0.3 s with 9,000 nodes, only after two million new objects and not in each burst."""


@main.command("fleet")
@click.option("--nodes", "nodes_file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True,
              help="What `tienglang nodes provision --json` printed.")  # fmt: skip
@click.option("--home", type=click.Path(file_okay=False, path_type=Path), default=Path("var/fleet"), show_default=True,
              help="What the nodes remember through a power cut.")  # fmt: skip
@click.option("--broker", help="mqtt://host:port, instead of the one the nodes were provisioned with.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of jitter and of lots.")
@click.option("--heard", type=click.Choice(["measured", "none"]), default="measured", show_default=True,
              help="Do boards measure the line?")  # fmt: skip
@click.option("--retry-max", type=float, default=60.0, show_default=True, help="Longest wait before reconnecting, s.")
@click.option("--back", type=float, default=5.0, show_default=True, help="How long a power cut lasts, s.")
@click.option("--wav", type=click.Path(file_okay=False, path_type=Path), help="Write what horns sound into this folder.")
@click.option("--wav-nodes", default="", metavar="WHO", help='Whose horns: "a,b", "10%", "all".')
@click.option(
    "--sound-log", type=click.Path(dir_okay=False, path_type=Path), help="Append each sound's begin and end, as JSON lines."
)
@click.option("--control", type=click.Path(path_type=Path), help=f"Socket of the control channel; default HOME/{CONTROL_NAME}.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line once all are connected, and one at the end.")
@fault_options
def fleet(nodes_file: Path, as_json: bool, **options: Any) -> None:
    """Run the loudspeakers of NODES in this process until Ctrl-C. Stopping it is a power cut: they remember."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("gmqtt").setLevel(logging.ERROR)  # it warns of each lost link, which is what a fleet is for
    raise_file_limit()
    try:
        provisions = read_nodes(nodes_file)
        settings = settings_of(provisions, options)
        wanted = wanted_faults(provisions, options)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    control = options["control"] or settings.home / CONTROL_NAME
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_run(provisions, settings, wanted, control, as_json))


@main.command("conform", add_help_option=False, context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def conform(ctx: click.Context, arguments: tuple[str, ...]) -> None:
    """Does a loudspeaker, or a controller, keep the contract? docs/conform.md tells how to use it."""
    from simulator.conform.cli import conform as kit  # the fleet needs nothing of what this loads

    kit.main(list(arguments), prog_name=ctx.command_path)


@main.command("world", add_help_option=False, context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def world(ctx: click.Context, arguments: tuple[str, ...]) -> None:
    """A month of a province in virtual time: does everything sound when it should? docs/mo-phong.md tells how to use it."""
    from simulator.world.cli import world as virtual  # the fleet needs nothing of what this loads

    virtual.main(list(arguments), prog_name=ctx.command_path)


@main.command("demo")
@click.pass_context
def demo(ctx: click.Context) -> None:
    """Start a controller with two communes and forty loudspeakers, until Ctrl-C. Data stays in TIENGLANG_HOME (./var)."""
    from simulator.demo import run  # the fleet, which the demo starts, needs nothing of what this loads

    ctx.exit(run(click.echo))


def read_nodes(path: Path) -> list[Provision]:
    """The provisions in a file; ValueError (msgspec's) if it is no list of them."""
    return msgspec.json.decode(path.read_bytes(), type=list[Provision])


def settings_of(provisions: Sequence[Provision], options: dict[str, Any]) -> Settings:
    """The fleet's settings from the options of `fleet`; ValueError for a strange node."""
    ids = [provision.node for provision in provisions]
    broker = options["broker"] or (provisions[0].broker if provisions else None)
    return Settings(
        home=options["home"],
        broker=broker,
        seed=options["seed"],
        heard=options["heard"] == "measured",
        retry_max_s=options["retry_max"],
        back_s=options["back"],
        wav=options["wav"],
        wav_nodes=faults.chosen(options["wav_nodes"], ids, f"{options['seed']}/wav"),
        sound_log=options["sound_log"],
    )


def wanted_faults(provisions: Sequence[Provision], options: dict[str, Any]) -> list[tuple[str, tuple[str, ...], int | None]]:
    """(fault, nodes, value) of each fault option given; ValueError for a strange node or value."""
    ids = [provision.node for provision in provisions]
    wanted = []
    for name in FAULT_OPTIONS:
        if options[name]:
            who, value = faults.parse(options[name])
            wanted.append((name, faults.chosen(who, ids, f"{options['seed']}/{name}"), value))
    return wanted


async def _run(
    provisions: list[Provision],
    settings: Settings,
    wanted: list[tuple[str, tuple[str, ...], int | None]],
    control: Path,
    as_json: bool,
) -> None:
    gc.disable()  # until all are there: what is being made is not garbage, and looking through it again and again takes seconds
    stop = asyncio.Event()
    for sign in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    fleet = Fleet(provisions, settings)
    for name, nodes, value in wanted:
        fleet.fault(name, nodes, value=value)
    async with fleet, Control(fleet, control, stop.set, settings.seed):
        ready = asyncio.create_task(_tell_when_ready(fleet, control, as_json))
        await stop.wait()
        ready.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await ready
        _say("stopped", fleet, control, as_json)


async def _tell_when_ready(fleet: Fleet, control: Path, as_json: bool) -> None:
    await fleet.connected(timeout_s=None)
    gc.collect()
    gc.freeze()  # the nodes live as long as the process: looking through them again would stall it for tenths of a second
    gc.set_threshold(*COLLECT)
    gc.enable()
    _say("ready", fleet, control, as_json)


def _say(what: str, fleet: Fleet, control: Path, as_json: bool) -> None:
    stats = fleet.stats()
    if as_json:
        click.echo(json.dumps({what: True, "control": str(control), "stats": stats}))
    else:
        click.echo(f"{what}: {stats['connected']} of {stats['nodes']} loudspeakers connected, {stats['rss'] // 1_000_000} MB")
