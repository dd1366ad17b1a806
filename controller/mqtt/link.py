"""The link to the broker: the only file that imports paho. One thread owns the client; others hand it what to publish.

paho's own loop is `select()`, which dies past file descriptor 1,024, so a selector drives it here. The link keeps no
memory: clean sessions, nothing retained. What was handed over and not acknowledged when the link fell is forgotten, and
whoever handed it over is told so (`done(False)`): the outbox offers it again, a node asks again.
"""

from __future__ import annotations

import logging
import random
import selectors
import socket
import ssl
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing, suppress

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode

from controller.mqtt.buffered import BufferedSocket
from controller.protocol.address import parse_broker
from controller.protocol.topics import SUBSCRIPTIONS
from scheduler.clock import Clock

log = logging.getLogger(__name__)

KEEPALIVE_S = 30
"""A dead 4G path is noticed in 45 s; pings cost the controller nothing."""

RETRY_S = (0.5, 30.0)
"""First and longest wait between tries to connect; each wait is drawn between half of it and all of it."""

MISC_S = 0.2
"""How often paho's housekeeping (pings, a lost PINGRESP) runs while nothing comes or goes."""

INFLIGHT = 100
"""Publishes without a PUBACK at a time: paho looks through all of them at each PUBACK, and brokers mind more."""

STALLED_MS = 30_000
"""A broker that lets us wait so long for a SUBACK or any PUBACK serves nobody, whatever it answers to pings: begin anew."""

MAX_PACKET = 65_536
"""Bytes kept of a packet that comes: four times the contract's longest message, the contract's own limit of a link."""

MAX_WAITING = 50_000
"""Messages that wait to be published: five to each of 10,000 nodes. Beyond it those that will be asked for again are dropped."""

HEAR_QOS = 0
"""Between broker and controller an acknowledgement proves nothing (law 8): custody is the sealed `upto`. At QoS 1 a default
Mosquitto lets 20 messages be on the way and drops what is behind the next 1,000; at QoS 0 the stream just flows."""

STANDBY_S = 0.1
"""How soon a link that may not be up looks whether it may."""

Done = Callable[[bool], None]
OnMessage = Callable[[str, bytes], None]


class _Client(mqtt.Client):
    """paho over a BufferedSocket: `_create_socket` is where paho itself wraps its socket for websockets.

    Between reads it keeps no more than MAX_PACKET of a packet: paho would gather the 256 MB that the protocol allows. What
    is cut is far above our 16 kB and is not believed anyway.
    """

    buffered: BufferedSocket

    def _packet_read(self) -> MQTTErrorCode:
        result = super()._packet_read()
        del self._in_packet["packet"][MAX_PACKET:]
        return result

    def _create_socket(self) -> mqtt.SocketLike:
        sock = super()._create_socket()
        assert isinstance(sock, socket.socket)  # only websockets give something else
        # An answer tells the time: kept back by the kernel for 40 ms (Nagle's algorithm) it makes clocks wrong by half of that.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffered = BufferedSocket(sock)
        return self.buffered


class Link:
    """Connects, stays connected, publishes and hands on what comes. `publish` may be called from any thread."""

    def __init__(
        self,
        url: str,
        *,
        client_id: str,
        on_message: OnMessage,
        clock: Clock,
        seed: int | None = None,
        subscriptions: Sequence[str] = SUBSCRIPTIONS,
        may_be_up: Callable[[], bool] = lambda: True,
    ) -> None:
        """`on_message(topic, payload)` runs in the link's thread and must only enqueue.

        `may_be_up` is asked before each publish and several times a second: while it says no, there is no connection.
        """
        self._broker = parse_broker(url)
        self._client_id = client_id
        self._on_message = on_message
        self._clock = clock
        self._subscriptions = subscriptions
        self._may_be_up = may_be_up
        self._random = random.Random(seed)
        self._waiting: deque[tuple[str, bytes, Done | None]] = deque()
        self._inflight: dict[int, Done] = {}
        self._moved_ms = 0  # when the broker last acknowledged something, or owed us nothing
        self._wake_in, self._wake_out = socket.socketpair()
        self._wake_in.setblocking(False)
        self._wake_out.setblocking(False)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mqtt-link", daemon=True)
        self.up_since_ms: int | None = None
        """Since when (monotonic ms) the link is up and subscribed; None while it is down."""
        self.trouble: str | None = None
        """Why it was not up the last time that it was not."""

    def start(self) -> None:
        """Begin to connect; never fails, never gives up."""
        self._thread.start()

    def stop(self) -> None:
        """Disconnect and end the thread."""
        self._closing.set()
        self._wake()
        self._thread.join(timeout=10)
        self._wake_in.close()
        self._wake_out.close()

    def publish(self, messages: Iterable[tuple[str, bytes]], done: Done | None = None) -> None:
        """Publish (topic, payload) pairs. With `done`: at QoS 1, and `done(taken)` is called once for each, in the link's thread.

        Without: at QoS 0, for what the other side will ask for again.
        """
        if done is not None or len(self._waiting) < MAX_WAITING:
            self._waiting.extend((topic, payload, done) for topic, payload in messages)
            self._wake()

    def _wake(self) -> None:
        with suppress(OSError):  # its buffer is full: it is awake; or it is closed
            self._wake_out.send(b"\0")

    def _run(self) -> None:
        wait_s = RETRY_S[0]
        while not self._closing.is_set():
            if not self._may_be_up():
                self._forget()
                self._closing.wait(STANDBY_S)
                continue
            try:
                self._session()
            except OSError as error:
                self.trouble = str(error)
                log.warning("broker %s:%s: %s", self._broker.host, self._broker.port, error)
            except Exception:
                log.exception("the link fell over; it starts again")
            if self.up_since_ms is not None:
                wait_s = RETRY_S[0]
            self._forget()
            self._closing.wait(wait_s * self._random.uniform(0.5, 1.0))
            wait_s = min(wait_s * 2, RETRY_S[1])
        self._forget()

    def _session(self) -> None:
        """One connection from beginning to end."""
        client = self._client()
        client.connect(self._broker.host, self._broker.port, keepalive=KEEPALIVE_S)
        self._moved_ms = self._clock.monotonic_ms()
        with closing(client.buffered) as sock, selectors.DefaultSelector() as selector:
            selector.register(sock, selectors.EVENT_READ, "broker")
            selector.register(self._wake_in, selectors.EVENT_READ, "wake")
            while client.socket() is not None and self._goes_on():
                self._turn(client, sock, selector)
                self._check_stalled()
            if not self._goes_on():
                client.disconnect()

    def _goes_on(self) -> bool:
        return self._may_be_up() and not self._closing.is_set()

    def _turn(self, client: _Client, sock: BufferedSocket, selector: selectors.BaseSelector) -> None:
        waits = client.want_write() or sock.has_unsent
        selector.modify(sock, selectors.EVENT_READ | (selectors.EVENT_WRITE if waits else 0), "broker")
        for key, mask in selector.select(MISC_S):
            if key.data == "wake":
                self._drain()
                continue
            if mask & selectors.EVENT_WRITE:
                sock.flush()
                client.loop_write()
            if mask & selectors.EVENT_READ:
                client.loop_read()
                while sock.has_read and client.socket() is not None:
                    client.loop_read()
        if self.up_since_ms is not None:
            self._send(client)
        client.loop_misc()
        sock.flush()

    def _check_stalled(self) -> None:
        """ConnectionError when the broker owes us an acknowledgement for too long."""
        now_ms = self._clock.monotonic_ms()
        if self.up_since_ms is not None and not self._inflight:
            self._moved_ms = now_ms
        elif now_ms - self._moved_ms > STALLED_MS:
            raise ConnectionError("it acknowledges nothing")

    def _drain(self) -> None:
        with suppress(BlockingIOError):
            while self._wake_in.recv(4096):
                pass

    def _send(self, client: _Client) -> None:
        while self._waiting and len(self._inflight) < INFLIGHT and not client.want_write() and self._may_be_up():
            topic, payload, done = self._waiting.popleft()
            info = client.publish(topic, payload, qos=1 if done else 0)
            if info.rc != mqtt.MQTT_ERR_SUCCESS:
                _tell(done, False)
                return
            if done:
                self._inflight[info.mid] = done

    def _client(self) -> _Client:
        client = _Client(CallbackAPIVersion.VERSION2, client_id=self._client_id, clean_session=True, protocol=mqtt.MQTTv311)
        client.max_inflight_messages_set(INFLIGHT)
        if self._broker.user is not None:
            client.username_pw_set(self._broker.user, self._broker.password)
        if self._broker.tls:
            client.tls_set_context(ssl.create_default_context(cafile=self._broker.ca_file))
        client.on_connect = self._connected
        client.on_subscribe = self._subscribed
        client.on_publish = self._published
        client.on_message = self._came
        return client

    def _connected(self, client: mqtt.Client, _data: object, _flags: object, code: ReasonCode, _props: object) -> None:
        if code.is_failure:
            self.trouble = str(code)
            log.warning("broker refused us: %s", code)
            return
        client.subscribe([(topic, HEAR_QOS) for topic in self._subscriptions])

    def _subscribed(self, _client: mqtt.Client, _data: object, _mid: int, codes: list[ReasonCode], _props: object) -> None:
        if any(code.is_failure for code in codes):
            log.error("broker refused our subscriptions: %s", codes)
        self.up_since_ms = self._clock.monotonic_ms()
        log.info("link is up: %s:%s", self._broker.host, self._broker.port)

    def _came(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        with suppress(UnicodeDecodeError):  # a topic that is no text is none of ours
            self._on_message(message.topic, bytes(message.payload))

    def _published(self, _client: mqtt.Client, _data: object, mid: int, _code: object, _props: object) -> None:
        self._moved_ms = self._clock.monotonic_ms()
        _tell(self._inflight.pop(mid, None), True)

    def _forget(self) -> None:
        """The link is down: what no broker acknowledged counts as not published."""
        self.up_since_ms = None
        lost: list[Done | None] = [*self._inflight.values()]
        self._inflight.clear()
        while self._waiting:  # others may be adding to it: no iterating, no clearing
            lost.append(self._waiting.popleft()[2])
        for done in lost:
            _tell(done, False)


def _tell(done: Done | None, taken: bool) -> None:
    if done is not None:
        done(taken)
