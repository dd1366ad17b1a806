"""Where a broker is, as one URL: what a node's `Provision.broker` and TIENGLANG_MQTT_URL carry.

    mqtt[s]://[USER[:PASSWORD]@]HOST[:PORT][?ca=FILE]

USER and PASSWORD are percent-encoded. `ca` names a PEM file of the authority that signed the broker's certificate, for
`mqtts` only; without it the machine's own authorities count.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit

PORTS = {"mqtt": 1883, "mqtts": 8883}
"""The registered ports, by scheme."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerAddress:
    """A broker, and who we are to it. `user` None is nobody in particular."""

    host: str
    port: int
    tls: bool = False
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: str | None = None


def parse_broker(url: str) -> BrokerAddress:
    """The address in `url`; ValueError (with a reason in English) if it is none."""
    parts = urlsplit(url)
    if parts.scheme not in PORTS:
        raise ValueError("begins with mqtt:// or mqtts://")
    if not parts.hostname:
        raise ValueError("names no host")
    if parts.path not in ("", "/") or parts.fragment:
        raise ValueError("has something after the port")
    tls = parts.scheme == "mqtts"
    return BrokerAddress(
        host=parts.hostname,
        port=parts.port or PORTS[parts.scheme],
        tls=tls,
        user=None if parts.username is None else unquote(parts.username),
        password=None if parts.password is None else unquote(parts.password),
        ca_file=_ca_file(parts.query, tls),
    )


def without_user(url: str) -> str:
    """The same URL without user and password: what others may be told."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _ca_file(query: str, tls: bool) -> str | None:
    if not query:
        return None
    try:
        fields = parse_qsl(query, strict_parsing=True)
    except ValueError:
        raise ValueError("has a malformed part after the question mark") from None
    if [name for name, _ in fields] != ["ca"] or not fields[0][1]:
        raise ValueError("knows only ca=FILE after the question mark")
    if not tls:
        raise ValueError("a ca file is for mqtts:// only")
    return fields[0][1]
