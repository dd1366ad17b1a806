"""The answer first: one sentence for each way an airing can stand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.domain.airing import Airing, Klass, Mode
from controller.domain.delivery import Evidence, State
from controller.service.ports import Delivery
from controller.service.reports import NodeReport, Report, VillageReport, standings, tally
from controller.web.headline import headlines, name_order, names_of

AIRING = Airing(
    id="a",
    bulletin="b",
    mode=Mode.NOW,
    rev=1,
    units=("x",),
    start_ms=0,
    grace_ms=0,
    duration_ms=1,
    klass=Klass.NORMAL,
    rank=1,
    sha256="0" * 64,
    size=1,
    gain=0,
    language="vi",
    created_ms=0,
)


def report(*states: State | Evidence, cancelled: bool = False) -> Report:
    """One village in which loudspeaker n stands at the n-th state; an evidence is a finished one's."""
    rows = []
    for number, each in enumerate(states, 1):
        state, evidence = (State.FINISHED, each) if isinstance(each, Evidence) else (each, None)
        delivery = Delivery(airing="a", node=f"n{number}", village="v", state=state, why="", evidence=evidence, at_ms=0)
        rows.append(NodeReport(node=f"n{number}", name=f"Lũng Vài {number}", delivery=delivery))
    airing = replace(AIRING, cancelled_ms=1) if cancelled else AIRING
    sums = tally(standings(rows))
    village = VillageReport(village="v", name="Lũng Vài", commune="", tally=sums, nodes=tuple(rows))
    return Report(airing=airing, title="t", tally=sums, villages=(village,))


S, E = State, Evidence


@pytest.mark.parametrize(
    ("standing", "vi"),
    [
        (report(), "Không có cụm loa nào."),
        (report(S.PLANNED, S.PUBLISHED), "Đã gửi tới 2 cụm loa, đang chờ trả lời."),
        (report(S.CACHED, S.PUBLISHED), "1 trên 2 cụm loa đã sẵn sàng."),
        (report(S.CACHED, S.ACCEPTED), "Cả 2 cụm loa đã sẵn sàng."),
        (report(S.STARTED, S.STARTED), "Cả 2 cụm loa đang phát."),
        (report(S.STARTED, S.CACHED), "1 trên 2 cụm loa đang phát; 1 chưa tới lượt."),
        (report(S.FINISHED, S.STARTED, S.MISSED), "1 trên 3 cụm loa đã phát xong; 1 đang phát; im lặng: Lũng Vài 3."),
        (report(S.FINISHED), "Cụm loa đã phát xong."),
        (report(S.FINISHED, E.HEARD), "Cả 2 cụm loa đã phát xong."),
        (report(E.HEARD, E.SILENT), "1 trên 2 cụm loa đã phát xong; im lặng: Lũng Vài 2."),
        (
            report(*[S.UNKNOWN] * 12),
            (
                "0 trên 12 cụm loa đã phát xong; "
                "im lặng: Lũng Vài 1, Lũng Vài 2, Lũng Vài 3, Lũng Vài 4, Lũng Vài 5 và 7 cụm loa khác."
            ),
        ),
        (report(S.CANCELLING, S.CANCELLED, cancelled=True), "Đang dừng; có thể vẫn phát: Lũng Vài 1."),
        (report(S.CANCELLED, S.CANCELLED, cancelled=True), "Đã huỷ, không cụm loa nào phát."),
        (
            report(S.CUT, S.FINISHED, S.CANCELLED, cancelled=True),
            "Đã dừng; 1 cụm loa dừng giữa chừng; 1 trên 3 cụm loa đã phát xong.",
        ),
    ],
)
def test_the_sentence(standing: Report, vi: str) -> None:
    said = headlines(standing, names_of(standing))
    assert said["vi"] == vi
    assert said["en"].endswith(".")


def test_names_are_in_the_order_people_read_them() -> None:
    names = ["Đâu Cọ", "Lũng Vài 10", "Lũng Vài 2", "Bản Rạ", "Êa", "Khào A"]
    assert sorted(names, key=name_order) == ["Bản Rạ", "Đâu Cọ", "Êa", "Khào A", "Lũng Vài 2", "Lũng Vài 10"]
