from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

import pytest

from controller.mqtt.buffered import READ, UNSENT, BufferedSocket

Pair = tuple[BufferedSocket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.settimeout(10)
    buffered = BufferedSocket(ours)
    yield buffered, theirs
    buffered.close()
    theirs.close()


def test_it_hands_out_in_small_pieces_what_one_read_brought(pair: Pair) -> None:
    ours, theirs = pair
    theirs.sendall(b"abcdef")
    assert (ours.recv(1), ours.recv(2), ours.has_read) == (b"a", b"bc", True)
    assert (ours.recv(100), ours.has_read) == (b"def", False)


def test_nothing_there_is_said_as_a_socket_says_it(pair: Pair) -> None:
    ours, theirs = pair
    with pytest.raises(BlockingIOError):
        ours.recv(1)
    theirs.sendall(b"x")
    assert ours.recv(1) == b"x"
    with pytest.raises(BlockingIOError):
        ours.recv(1)


def test_the_end_of_the_other_side_is_told_after_what_it_said_last(pair: Pair) -> None:
    ours, theirs = pair
    theirs.sendall(b"bye")
    theirs.close()
    assert [ours.recv(2), ours.recv(2), ours.recv(2), ours.recv(2)] == [b"by", b"e", b"", b""]
    assert not ours.has_read


def test_a_read_takes_no_more_than_its_bound(pair: Pair) -> None:
    ours, theirs = pair
    theirs.setblocking(False)
    sent = theirs.send(bytes(3 * READ))
    assert sent > READ
    assert len(ours.recv(10 * READ)) == READ


def test_what_is_sent_waits_for_flush_and_goes_in_one_piece(pair: Pair) -> None:
    ours, theirs = pair
    assert (ours.send(b"ab"), ours.send(bytearray(b"cd")), ours.has_unsent) == (2, 2, True)
    ours.flush()
    assert not ours.has_unsent
    assert theirs.recv(100) == b"abcd"


def test_a_kernel_that_takes_only_a_part_gets_the_rest_later_in_order(pair: Pair) -> None:
    ours, theirs = pair
    said = bytes(range(256)) * 4096
    ours.send(said)
    came = bytearray()
    ours.flush()
    assert ours.has_unsent
    while len(came) < len(said):
        came += theirs.recv(1 << 20)
        ours.flush()
    assert bytes(came) == said
    assert not ours.has_unsent


def test_the_sender_is_told_to_wait_when_too_much_waits_already(pair: Pair) -> None:
    ours, theirs = pair
    sent = 0
    with contextlib.suppress(BlockingIOError):
        while sent < 100 * UNSENT:
            sent += ours.send(bytes(64_000))
    assert UNSENT < sent <= 2 * UNSENT + READ
    came = 0
    while came < sent:
        came += len(theirs.recv(1 << 20))
        ours.flush()
    assert ours.send(b"more") == 4


def test_writing_to_somebody_who_is_gone_is_an_error_and_closing_is_not(pair: Pair) -> None:
    ours, theirs = pair
    theirs.close()
    ours.send(b"x")
    with pytest.raises(OSError, match="Broken pipe"):
        ours.flush()
    ours.send(b"x")
    ours.close()


def test_closing_writes_what_the_kernel_takes(pair: Pair) -> None:
    ours, theirs = pair
    ours.send(b"goodbye")
    ours.close()
    assert theirs.recv(100) == b"goodbye"
