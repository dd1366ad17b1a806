"""A node's own monotonic clock, on its own crystal. Pure; whole ms."""

from __future__ import annotations


class Crystal:
    """Shows 0 at `boot_ms` and goes `drift_ppm` fast (negative: slow)."""

    __slots__ = ("_boot_ms", "_drift_ppm")

    def __init__(self, boot_ms: int, drift_ppm: int) -> None:
        self._boot_ms = boot_ms
        self._drift_ppm = drift_ppm

    def own_ms(self, moment_ms: int) -> int:
        """What it shows at a moment (UTC ms)."""
        passed_ms = moment_ms - self._boot_ms
        return passed_ms + passed_ms * self._drift_ppm // 1_000_000

    def moment_ms(self, own_ms: int) -> int:
        """The first moment (UTC ms) at which it shows this."""
        return self._boot_ms - (-own_ms * 1_000_000 // (1_000_000 + self._drift_ppm))
