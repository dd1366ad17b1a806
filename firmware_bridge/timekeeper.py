"""What time it is, and how sure: UTC out of the node's monotonic clock and the controller's answers. Pure; whole ms.

An answer to our own question bounds the truth (Cristian 1989): question and answer took `rtt - (t3 - t2)` on the way, and
however that splits into there and back, the middle is wrong by at most half. The bound grows as cheap crystals drift; more
slowly once answers hours apart have told how fast ours goes, so that what waits through days without a link still begins in
step (docs/adr/0012). A trusted clock is bettered by small steps; a jump is believed only when three answers agree on it.
"""

from __future__ import annotations

ROUND_TRIP_MS = 4_000
"""A longer round trip proves too little: half of it would be the error."""

DRIFT_PPM = 100
"""Twice the worst of a crystal without compensation at -10..60 degC."""

LEARN_MS = 7_200_000
"""Two good answers so far apart tell the pace of our crystal: their errors are 5 ppm of two hours, and less of more."""

LEARN_U_MS = 50
"""An answer less sure than this teaches nothing."""

WANDER_PPM = 8
"""A crystal whose mean pace is known still goes with the weather: twice what one in a box does between night and noon."""

ANEW_MS = 172_800_000
"""What was learned is of the last two days at most: the seasons move a crystal too."""

RTC_U_MS = 30_000
"""An RTC that may be more wrong than this is not trusted."""

STEP_MS = 60_000
"""A trusted clock moves further than this only by AGREEING answers within AGREE_WITHIN_MS."""

AGREEING = 3
AGREE_WITHIN_MS = 600_000
AGREE_MS = 1_000
"""Answers agree if they differ by no more than this beside their own bounds."""

PENDING_MAX = 3
"""Questions that may still be answered: a slow answer to the one before counts, while its round trip allows."""

GOOD_U_MS = 20
"""Sure enough: neighbours that differ by this are heard as one. Above it we ask again soon, a few times."""

BETTER_TRIES = 5
IN_STEP_U_MS = 100
"""A worse clock begins behind the downbeat, out of step with its neighbours: it goes on asking, ever more rarely."""

SLOWER_MS = 30_000
UNANSWERED_MS = (2_000, 5_000, 15_000, 60_000)
BETTER_MS = (2_000, 10_000)
STEADY_MS = 600_000
"""In 10 minutes 100 ppm add 60 ms."""


class Timekeeper:
    """One node's idea of UTC. Monotonic moments are arguments; nothing here reads a clock."""

    __slots__ = (
        "_anchor",
        "_drift_ppm",
        "_offset",
        "_pace_ppb",
        "_pending",
        "_stamp",
        "_strangers",
        "_tries",
        "_u",
        "_younger",
        "ask_ms",
        "is_answered",
        "is_confirmed",
        "is_trusted",
    )

    def __init__(self) -> None:
        self.is_trusted = False
        self.is_answered = False  # in this connection
        self.is_confirmed = False  # the newest answer of this boot agreed with it
        self.ask_ms: int | None = None
        self._offset: int | None = None  # UTC minus monotonic at `_stamp`
        self._u = 0
        self._stamp = 0
        self._pace_ppb = 0  # how fast that difference grows, as far as learned
        self._drift_ppm = DRIFT_PPM  # and how far from it the crystal may be
        self._anchor: tuple[int, int, int] | None = None
        self._younger: tuple[int, int, int] | None = None
        self._pending: tuple[tuple[str, int], ...] = ()
        self._strangers: tuple[tuple[int, int, int], ...] = ()
        self._tries = 0

    def utc(self, now_ms: int) -> int:
        """UTC as we believe it, trusted or not; 0 without any idea."""
        return max(0, now_ms + self._offset_at(now_ms)) if self._offset is not None else 0

    def monotonic(self, utc_ms: int) -> int:
        """The node's monotonic moment of a moment in UTC."""
        if not self._pace_ppb:
            return utc_ms - (self._offset or 0)
        passed_ms = utc_ms - (self._offset or 0) - self._stamp
        return self._stamp + passed_ms - passed_ms * self._pace_ppb // (1_000_000_000 + self._pace_ppb)

    def error(self, now_ms: int) -> int:
        """The bound of our error in ms; -1 untrusted."""
        if not self.is_trusted:
            return -1
        return self._u - (-(now_ms - self._stamp) * self._drift_ppm // 1_000_000)

    def boot(self, rtc_ms: int | None, rtc_u_ms: int, now_ms: int) -> None:
        """Power came; take the RTC's word if there is one."""
        if rtc_ms is None:
            return
        self._set(rtc_ms - now_ms, max(0, rtc_u_ms), now_ms)
        self.is_trusted = 0 <= rtc_u_ms <= RTC_U_MS

    # ── asking ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def connected(self, now_ms: int) -> None:
        """The link is up: ask at once."""
        self._tries = 0
        self.is_answered = False
        self.ask_ms = now_ms

    def disconnected(self) -> None:
        """The link is down: nobody to ask."""
        self.ask_ms = None

    def asked(self, nonce: str, now_ms: int, jitter: int) -> None:
        """A question left; `jitter` is 0..255. Sets when to ask again if nobody answers."""
        self._pending = (*self._pending, (nonce, now_ms))[-PENDING_MAX:]
        wait = UNANSWERED_MS[min(self._tries, len(UNANSWERED_MS) - 1)]
        self._tries += 1
        self.ask_ms = now_ms + wait + wait * jitter // 1024

    def answered(self, nonce: str, t2: int, t3: int, now_ms: int) -> str:
        """An answer came: "ignored", "taken", "stranger" (it would move us far, we wait for more), or "moved"."""
        asked_ms = dict(self._pending).get(nonce)
        if asked_ms is None:
            return "ignored"
        self._pending = tuple(pair for pair in self._pending if pair[0] != nonce)
        way = now_ms - asked_ms - (t3 - t2)
        if now_ms - asked_ms > ROUND_TRIP_MS or t3 < t2 or way < 0:
            return "ignored"
        self.is_answered = True
        return self._judge(((t2 - asked_ms) + (t3 - now_ms)) // 2, (way + 1) // 2 + 1, now_ms)

    def has_asked(self, nonce: str | None) -> bool:
        """Is this the nonce of a question of ours that nobody has answered?"""
        return any(known == nonce for known, _ in self._pending)

    def plan_next(self, now_ms: int, jitter: int, *, content: bool) -> None:
        """After an answer: when to ask again. `content`: nothing else but a better clock could be wanted."""
        if not content:
            return  # as if unanswered: documents are missing
        slower = min(SLOWER_MS << max(0, self._tries - BETTER_TRIES - 1), STEADY_MS)
        if (self._strangers or self.error(now_ms) > GOOD_U_MS) and self._tries <= BETTER_TRIES:
            low, high = BETTER_MS
            self.ask_ms = now_ms + low + (high - low) * jitter // 256
        elif self.error(now_ms) > IN_STEP_U_MS and slower < STEADY_MS:
            self.ask_ms = now_ms + slower + slower * jitter // 1024
        else:
            self._tries = 0
            self.ask_ms = now_ms + STEADY_MS - STEADY_MS * jitter // 2560

    def _judge(self, offset: int, u: int, now_ms: int) -> str:
        if not self.is_trusted or self._offset is None:
            self._set(offset, u, now_ms)
            self.is_trusted = self.is_confirmed = True
            self._tries = 1
            return "taken"
        off_ms = abs(offset - self._offset_at(now_ms))
        if off_ms > STEP_MS:
            return self._stranger(offset, u, now_ms)
        self._strangers = ()
        self.is_confirmed = True
        if off_ms > u + self.error(now_ms):
            self._unlearn()  # no crystal does that whose pace we know
        if u <= self.error(now_ms):
            self._set(offset, u, now_ms)
            self._learn(offset, u, now_ms)
        return "taken"

    def _stranger(self, offset: int, u: int, now_ms: int) -> str:
        kin = [
            (at, their, bound)
            for at, their, bound in self._strangers
            if now_ms - at <= AGREE_WITHIN_MS and abs(their - offset) <= AGREE_MS + bound + u
        ]
        self._strangers = (*kin, (now_ms, offset, u))
        self.is_confirmed = len(self._strangers) >= AGREEING
        if not self.is_confirmed:
            return "stranger"
        self._strangers = ()
        self._unlearn()
        self._set(offset, u, now_ms)
        return "moved"

    def _offset_at(self, now_ms: int) -> int:
        return (self._offset or 0) + (now_ms - self._stamp) * self._pace_ppb // 1_000_000_000

    def _learn(self, offset: int, u: int, now_ms: int) -> None:
        """Two answers of this boot, far apart, tell how fast our crystal goes: then its error grows more slowly."""
        if u > LEARN_U_MS:
            return
        here = (now_ms, offset, u)
        since_ms, first, first_u = self._anchor = self._anchor or here
        passed_ms = now_ms - since_ms
        if passed_ms < LEARN_MS:
            return
        pace_ppb = (offset - first) * 1_000_000_000 // passed_ms
        if abs(pace_ppb) > DRIFT_PPM * 1000:
            self._unlearn()
            return
        self._pace_ppb = pace_ppb
        self._drift_ppm = min(DRIFT_PPM, WANDER_PPM - (-(u + first_u) * 1_000_000 // passed_ms))
        if passed_ms >= ANEW_MS // 2:
            self._younger = self._younger or here
        if passed_ms >= ANEW_MS:
            self._anchor, self._younger = self._younger, None

    def _unlearn(self) -> None:
        """Our crystal is any crystal again. What was learned may have been a lie: the controller's clock was set."""
        self._pace_ppb, self._drift_ppm = 0, DRIFT_PPM
        self._anchor = self._younger = None

    def _set(self, offset: int, u: int, now_ms: int) -> None:
        self._offset, self._u, self._stamp = offset, u, now_ms
