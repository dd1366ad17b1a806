"""The command line `tienglang`. One file a noun; each command exits with a code that scripts may rely on.

0    done; for `say --wait`: every loudspeaker finished and none was measured silent
1    something broke that should not; `doctor`: something is in trouble
2    wrong usage or settings
3    `say --wait`: not every loudspeaker did; they are named
4    refused: the code and the sentence are told
5    no server runs here, or it went away
130  interrupted by Ctrl-C
"""

from __future__ import annotations

import click

from controller.cli.airings import airings
from controller.cli.alarms import alarms
from controller.cli.audit import audit
from controller.cli.backup import backup, restore
from controller.cli.clock import clock
from controller.cli.config import config
from controller.cli.doctor import doctor
from controller.cli.keys import keys
from controller.cli.nodes import nodes
from controller.cli.policy import policy
from controller.cli.programmes import programmes
from controller.cli.say import say
from controller.cli.serve import serve
from controller.cli.tonight import tonight
from controller.cli.units import units
from controller.cli.users import users


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="tienglang", prog_name="tienglang")
def tienglang() -> None:
    """Tiếng Làng: xã nói một lần, mọi loa cần nói đều nói đúng lúc.

    \b
    Mỗi lệnh có --json (cho máy đọc) và --english. Hướng dẫn: docs/lenh.md
    Each command knows --json and --english. Guide: docs/lenh.md
    """


for _command in (
    serve,
    say,
    airings,
    tonight,
    programmes,
    policy,
    nodes,
    units,
    alarms,
    doctor,
    clock,
    keys,
    config,
    users,
    audit,
    backup,
    restore,
):
    tienglang.add_command(_command)


def main() -> None:
    """What the console script runs."""
    tienglang(prog_name="tienglang")
