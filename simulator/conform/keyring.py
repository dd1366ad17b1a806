"""The keys of one run, and the hands that seal with them: good ones, and all the bad ones that a node must see through."""

from __future__ import annotations

from base64 import urlsafe_b64encode

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from controller.domain.airing import Klass
from controller.protocol import seal
from controller.protocol.codec import TYP_OF, encode
from controller.protocol.keys import ROOT_KID, to_text
from controller.protocol.messages import FromController, TrustKey, Use
from simulator.conform.identity import COMMUNE, OTHER_VILLAGE

HOUR_MS = 3_600_000
YEAR_MS = 365 * 24 * HOUR_MS


class Keyring:
    """Keys by kid. New ones in each run: what an earlier run revoked stays revoked."""

    def __init__(self, root: Ed25519PrivateKey, now_ms: int) -> None:
        self._private: dict[str, Ed25519PrivateKey] = {ROOT_KID: root}
        self._run = f"{now_ms:x}"
        self._now_ms = now_ms
        self.trusted: dict[str, TrustKey] = {}
        self.revoked: tuple[str, ...] = ()
        for use in (Use.PLAN, Use.ORDER, Use.EMERGENCY, Use.CONFIG, Use.ANSWER):
            self.add(use.value, use)
        for use in (Use.PLAN, Use.ORDER, Use.CONFIG):
            self.add(f"elsewhere-{use}", use, units=(OTHER_VILLAGE,))
            self.add(f"doomed-{use}", use)
        for use in (Use.PLAN, Use.ORDER):
            self.add(f"urgent-{use}", use, classes=(Klass.PRIORITY,))
        self.add("commune-order", Use.ORDER, units=(COMMUNE,))
        self.add("past-order", Use.ORDER, exp=now_ms - HOUR_MS)
        self.add("coming-order", Use.ORDER, nbf=now_ms + HOUR_MS)

    def add(
        self,
        name: str,
        use: Use,
        *,
        nbf: int = 0,
        exp: int | None = None,
        units: tuple[str, ...] = (),
        classes: tuple[Klass, ...] = (),
    ) -> str:
        """Make a key; its kid. It is trusted from the next trust document on."""
        kid = self.kid(name)
        private = self._private[kid] = Ed25519PrivateKey.generate()
        x = to_text(private.public_key().public_bytes_raw())
        until = self._now_ms + YEAR_MS if exp is None else exp
        self.trusted[kid] = TrustKey(kid=kid, use=use, x=x, nbf=nbf, exp=until, units=units, classes=classes)
        return kid

    def stranger(self, name: str) -> str:
        """Make a key that no trust document names; its kid."""
        kid = self.kid(name)
        self._private[kid] = Ed25519PrivateKey.generate()
        return kid

    def kid(self, name: str) -> str:
        """The kid of a key by its name in this run."""
        return ROOT_KID if name == ROOT_KID else f"{name}-{self._run}"

    def private(self, kid: str) -> Ed25519PrivateKey:
        """The private half."""
        return self._private[kid]

    def seal(self, message: FromController, kid: str) -> bytes:
        """Seal it with the key of this kid."""
        return seal.sign(TYP_OF[type(message)], kid, self._private[kid], encode(message))

    def raw(self, header: bytes, payload: bytes, kid: str) -> bytes:
        """A true signature over any header and any payload."""
        head = b64(header) + b"." + b64(payload)
        return head + b"." + b64(self._private[kid].sign(head))


def b64(raw: bytes) -> bytes:
    """Base64url without padding."""
    return urlsafe_b64encode(raw).rstrip(b"=")
