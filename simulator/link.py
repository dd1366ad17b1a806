"""One node's MQTT connection (3.1.1, clean session), many to a process. The only file that imports gmqtt.

A Link lives as long as one connection: who wants another makes another, so that nothing of the old one (packet ids,
unacknowledged messages) leaks into the new. gmqtt's own reconnecting is switched off: the fleet paces that itself. gmqtt
acknowledges a message before it hands it over; the contract lets acknowledgements mean nothing, so that is fine.
"""

from __future__ import annotations

import asyncio
import resource
import ssl
from collections.abc import Callable
from functools import partial
from typing import Any

from gmqtt import Client, Message, Subscription
from gmqtt.mqtt.connection import MQTTConnection
from gmqtt.mqtt.constants import MQTTv311
from gmqtt.mqtt.handler import MQTTError
from gmqtt.mqtt.protocol import MQTTProtocol

from controller.protocol.address import BrokerAddress
from firmware_bridge.events import Publish

CONNECT_TIMEOUT_S = 20.0
"""From the first packet to CONNACK. A broker in the storm of 9,000 others needs seconds; one that never answers is given up."""

LOOPBACK_SOURCES = 8
"""127.0.0.1 to 127.0.0.8: each gives about 28,000 ports (Linux), and closed ones wait a minute before they are free again."""


class LinkError(Exception):
    """No connection came of it: refused, timed out, or cut while opening."""


def source_of(broker: BrokerAddress, index: int) -> str | None:
    """The local address of connection number `index`: spread over loopback ones, None elsewhere (the system chooses)."""
    return f"127.0.0.{1 + index % LOOPBACK_SOURCES}" if broker.host.startswith("127.") else None


class Link:
    """One connection. `on_message(topic, payload)` and, once, `on_lost()` are called in the loop's thread.

    `on_lost` is called for an opened link that ended without our asking; not for `cut` and `close`.
    """

    __slots__ = ("_client", "_on_lost", "_on_message", "_open")

    def __init__(self, client_id: str, *, on_message: Callable[[str, bytes], None], on_lost: Callable[[], None]) -> None:
        self._on_message = on_message
        self._on_lost = on_lost
        self._open = False
        self._client = _Client(client_id)
        self._client.on_message = self._message
        self._client.on_disconnect = self._lost

    @property
    def is_open(self) -> bool:
        """Connected, and neither end has closed it."""
        return self._open

    async def connect(
        self, broker: BrokerAddress, *, keepalive_s: int, will: Publish | None = None, source: str | None = None
    ) -> None:
        """Open it; LinkError when nothing comes of it. A will is published by the broker if the link ends without a word."""
        client = self._client
        client.source = (source, 0) if source else None
        client.will(will)
        if broker.user is not None:
            client.set_auth_credentials(broker.user, broker.password)
        secure = ssl.create_default_context(cafile=broker.ca_file) if broker.tls else False
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await client.connect(broker.host, broker.port, ssl=secure, keepalive=keepalive_s, version=MQTTv311)
        except (OSError, TimeoutError, MQTTError) as error:
            client.abort()
            raise LinkError(str(error) or type(error).__name__) from None
        except asyncio.CancelledError:
            client.abort()
            raise
        if not client.is_connected:
            raise LinkError("cut while opening")
        self._open = True

    def subscribe(self, topics: tuple[str, ...], drop: tuple[str, ...] = ()) -> None:
        """Listen to `topics` with QoS 1 and no longer to `drop`; nothing happens on a link that is not open."""
        if not self._open:
            return
        if drop:
            self._client.unsubscribe(list(drop))
        if topics:
            self._client.subscribe([Subscription(topic, qos=1) for topic in topics])
        self._client.subscriptions.clear()  # kept there for gmqtt's resubscribing, which a Link never does

    def publish(self, topic: str, payload: bytes) -> None:
        """Say it with QoS 1; lost, and no error, on a link that is not open."""
        if self._open:
            self._client.publish(topic, payload, qos=1)

    def cut(self) -> None:
        """End it without DISCONNECT, as a power cut does: the broker publishes the will."""
        self._open = False
        self._client.abort()

    async def close(self) -> None:
        """End it politely: no will."""
        if self._open:
            self._open = False
            await self._client.disconnect()

    def _message(self, _client: object, topic: str, payload: bytes, _qos: int, _properties: object) -> None:
        if self._open:
            self._on_message(topic, payload)

    def _lost(self, _client: object, _packet: object, _error: object = None) -> None:
        if self._open:
            self._open = False
            self._client.abort()
            self._on_lost()


def raise_file_limit() -> None:
    """Allow as many open files as this user may have: each connection is one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class _Client(Client):  # type: ignore[misc]  # gmqtt ships no types
    """gmqtt's client from a chosen source address, without its reconnecting."""

    def __init__(self, client_id: str) -> None:
        super().__init__(client_id, clean_session=True)
        self.source: tuple[str, int] | None = None

    def will(self, will: Publish | None) -> None:
        self._will_message = Message(will.topic, will.payload, qos=1) if will else None

    def abort(self) -> None:
        """Drop the socket without a word, and gmqtt's keepalive timer with it."""
        connection = self._connection
        if connection is not None:
            connection._keep_connection_callback.cancel()
            connection._transport.abort()

    async def reconnect(self, delay: bool = False) -> None:
        """Nothing: who wants another connection makes another Link. What waits for CONNACK is woken to see that none comes."""
        self._connack_received.set()

    async def _create_connection(self, host: str, port: int, ssl: Any, clean_session: bool, keepalive: int) -> Any:
        # As in gmqtt 0.8.0, plus the source address, which it does not offer.
        self._connack_received.clear()
        self._connection_lost.clear()
        factory = partial(MQTTProtocol, connection_state=self._connection_state, id_generator=self._package_handler.id_generator)
        transport, protocol = await asyncio.get_running_loop().create_connection(
            factory, host, port, ssl=ssl or None, local_addr=self.source
        )
        return MQTTConnection(
            transport, protocol, clean_session, keepalive, package_handler=self._package_handler, logger=self._logger
        )
