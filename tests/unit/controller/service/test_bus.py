from __future__ import annotations

import threading

from controller.service.bus import LocalBus


def test_watchers_hear_every_change_while_they_watch_and_none_after() -> None:
    bus, heard = LocalBus(), list[tuple[str, str]]()
    with bus.watching(lambda kind, name: heard.append((kind, name))):
        bus.airing_changed(["a", "b"])
        bus.bulletin_changed("c")
    bus.airing_changed(["d"])
    assert heard == [("airing", "a"), ("airing", "b"), ("bulletin", "c")]


def test_a_watcher_may_leave_while_others_are_told() -> None:
    bus, heard = LocalBus(), list[str]()

    def leave(_kind: str, _name: str) -> None:
        second.__exit__(None, None, None)

    first = bus.watching(leave)
    second = bus.watching(lambda _, name: heard.append(name))
    with first:
        second.__enter__()
        bus.bulletin_changed("a")
    bus.bulletin_changed("b")
    assert heard == ["a"]


def test_letters_wake_whom_main_pointed_it_at_and_nobody_before() -> None:
    bus, woken = LocalBus(), threading.Event()
    bus.outbox_filled()
    bus.on_outbox = woken.set
    bus.outbox_filled()
    assert woken.is_set()


def test_any_thread_may_tell_while_others_come_and_go() -> None:
    bus, count = LocalBus(), list[int]()

    def tell() -> None:
        for _ in range(300):
            bus.bulletin_changed("a")

    def come_and_go() -> None:
        for _ in range(300):
            with bus.watching(lambda _, __: None):
                pass

    with bus.watching(lambda _, __: count.append(1)):
        threads = [threading.Thread(target=work) for work in (tell, tell, come_and_go, come_and_go)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(count) == 600
