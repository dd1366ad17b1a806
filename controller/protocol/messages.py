"""Every message between the controller and a loudspeaker, as frozen values. `docs/wire.md` is the contract; this is its shape.

Times and lengths are whole ms (UTC where they are moments), gains whole 0.1 dB. A name that Python keeps for itself is
spelt `klass`, `from_seq`; on the wire it is `class`, `from`. Members that a receiver does not know are ignored, so that a
later minor version may add some; members that it knows are checked, all of them, before anything is done.

    from the controller   Order  PlanHead (-> PlanBody)  Config  Trust  Answer     sealed with Ed25519
    from a node           State  Receipts  Health  Ask                             sealed with HS256
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from controller.domain.airing import MAX_DURATION_MS, Klass
from controller.domain.delivery import Evidence

Id = Annotated[str, Meta(pattern=r"^[a-z0-9-]{1,36}\Z")]
Kid = Annotated[str, Meta(pattern=r"^[A-Za-z0-9._-]{1,64}\Z")]
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
Life = Annotated[str, Meta(pattern=r"^[0-9a-f]{16}\Z")]
Nonce = Annotated[str, Meta(pattern=r"^[0-9a-f]{16,32}\Z")]
Key32 = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{43}\Z")]
Language = Annotated[str, Meta(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}\Z")]
Ms = Annotated[int, Meta(ge=0, le=2**53 - 1)]
Count = Annotated[int, Meta(ge=0, le=2**53 - 1)]
Rev = Annotated[int, Meta(ge=1, le=2**31 - 1)]
Rank = Annotated[int, Meta(ge=0, le=9)]
Gain = Annotated[int, Meta(ge=-600, le=120)]  # -60 dB is silence on any horn; +12 dB is all that a prepared clip may need
Duration = Annotated[int, Meta(ge=1, le=MAX_DURATION_MS)]
Grace = Annotated[int, Meta(ge=0, le=MAX_DURATION_MS)]
Minute = Annotated[int, Meta(ge=0, le=1440)]
Why = Annotated[str, Meta(pattern=r"^[a-z0-9.-]{0,40}\Z")]
ClipSize = Annotated[int, Meta(ge=1, le=64_000_000)]  # an hour at 128 kbit/s; what a node's small disk can still promise
Url = Annotated[str, Meta(pattern=r"^https?://[!-~]{1,200}\Z")]


ON_THE_WIRE = {"klass": "class", "from_seq": "from", "from_minute": "from", "to_minute": "to"}


class _Value(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False, rename=ON_THE_WIRE.get):
    """Frozen, slotted, keyword-only; what equals its default is not sent."""


# ── from the controller ──────────────────────────────────────────────────────────────────────────────────────────────


class Kind(StrEnum):
    """What an order asks for. A cancel is `stop`: before the sound a tombstone, within it a cut."""

    PLAY = "play"
    STOP = "stop"
    LIVE = "live"
    VOLUME = "volume"
    TEST = "test"
    RESTART = "restart"


class Claims(_Value, frozen=True, kw_only=True):
    """Who speaks to whom, and for how long that is true. `aud` is a unit's or a node's id."""

    iss: Id
    aud: Id
    iat: Ms
    exp: Ms


class LiveSession(_Value, frozen=True, kw_only=True):
    """A live order's session: its topic's name and the Ed25519 key that signs its packets."""

    session: Id
    key: Key32


class Order(Claims, frozen=True, kw_only=True):
    """An instruction to act now. `play` and `live` name their sound and window; `stop` needs only the airing and its rev."""

    id: Id
    airing: Id
    rev: Rev
    kind: Kind
    start: Ms = 0
    grace: Grace = 0
    duration: Annotated[int, Meta(ge=0, le=MAX_DURATION_MS)] = 0
    klass: Klass = Klass.NORMAL
    rank: Rank = 0
    sha256: Sha256 | None = None
    size: Annotated[int, Meta(ge=0, le=64_000_000)] = 0
    gain: Gain = 0
    language: Language = "vi"
    live: LiveSession | None = None


class PlanHead(Claims, frozen=True, kw_only=True):
    """A village's newest plan by name: its body is fetched over HTTP by hash."""

    version: Count
    sha256: Sha256
    size: Annotated[int, Meta(ge=1, le=4_000_000)]


class PlanItem(_Value, frozen=True, kw_only=True):
    """One coming airing of a plan; never an emergency."""

    airing: Id
    rev: Rev
    start: Ms
    grace: Grace
    duration: Duration
    klass: Klass
    rank: Rank
    sha256: Sha256
    size: ClipSize
    gain: Gain = 0
    language: Language = "vi"


class PlanBody(_Value, frozen=True, kw_only=True):
    """What a village will hear until `valid_until`. Not sealed: the sealed head names its hash."""

    village: Id
    version: Count
    valid_until: Ms
    items: Annotated[tuple[PlanItem, ...], Meta(max_length=2000)]


class Hours(_Value, frozen=True, kw_only=True):
    """Local minutes of the day in which sound is allowed, [from, to), on ISO weekdays (1 is Monday)."""

    from_minute: Minute
    to_minute: Minute
    days: Annotated[tuple[Annotated[int, Meta(ge=1, le=7)], ...], Meta(max_length=7)] = (1, 2, 3, 4, 5, 6, 7)


class Ceiling(_Value, frozen=True, kw_only=True):
    """The loudest gain allowed in local minutes [from, to)."""

    from_minute: Minute
    to_minute: Minute
    gain: Gain


class Policy(_Value, frozen=True, kw_only=True):
    """When a node may sound, in its own local time (`utc_offset` minutes). An emergency passes hours, never its ceiling."""

    utc_offset: Annotated[int, Meta(ge=-840, le=840)] = 420
    hours: Annotated[tuple[Hours, ...], Meta(max_length=50)] = ()
    max_duration: Annotated[int, Meta(ge=0, le=MAX_DURATION_MS)] = MAX_DURATION_MS


class Held(_Value, frozen=True, kw_only=True):
    """A clip that a node keeps always."""

    sha256: Sha256
    size: ClipSize


class Config(Claims, frozen=True, kw_only=True):
    """How a node lives: where it stands in the tree (root first), what it may sound, what it keeps, whom it fetches from."""

    version: Count
    path: Annotated[tuple[Id, ...], Meta(min_length=1, max_length=12)]
    since: Ms
    policy: Policy = Policy()
    ceilings: Annotated[tuple[Ceiling, ...], Meta(max_length=50)] = ()
    hold: Annotated[tuple[Held, ...], Meta(max_length=64)] = ()
    bases: Annotated[tuple[Url, ...], Meta(max_length=4)] = ()
    health_s: Annotated[int, Meta(ge=10, le=3600)] = 60


class Use(StrEnum):
    """What a key may seal. `answer` is apart from `config`: the key that is used all day may not open the night."""

    PLAN = "plan"
    ORDER = "order"
    EMERGENCY = "emergency"
    CONFIG = "config"
    ANSWER = "answer"
    LIVE = "live"


class TrustKey(_Value, frozen=True, kw_only=True):
    """One key that nodes obey, and how far: `units` empty is the whole tree, `classes` empty is none but what `use` needs."""

    kid: Kid
    use: Use
    x: Key32
    nbf: Ms
    exp: Ms
    units: Annotated[tuple[Id, ...], Meta(max_length=64)] = ()
    classes: Annotated[tuple[Klass, ...], Meta(max_length=3)] = ()


class Trust(Claims, frozen=True, kw_only=True):
    """The keys that nodes obey, sealed by the offline root. `aud` is a root unit of the tree or `all`."""

    version: Count
    keys: Annotated[tuple[TrustKey, ...], Meta(max_length=32)]
    revoked: Annotated[tuple[Kid, ...], Meta(max_length=64)] = ()


class Floors(_Value, frozen=True, kw_only=True):
    """The newest versions the controller ever made for this node: it obeys nothing older."""

    trust: Count
    config: Count
    plan: Count


class Answer(Claims, frozen=True, kw_only=True):
    """To an ask: the controller's clock when it came (`t2`) and left (`t3`). Without a nonce: only `upto`, no time."""

    life: Life
    upto: Count
    nonce: Nonce | None = None
    t2: Ms = 0
    t3: Ms = 0
    floors: Floors | None = None


# ── from a node ──────────────────────────────────────────────────────────────────────────────────────────────────────


class Said(_Value, frozen=True, kw_only=True):
    """What every message of a node opens with: who, by which key, in which memory, when (and how sure: `u` ms, -1 untrusted)."""

    node: Id
    generation: Annotated[int, Meta(ge=1, le=999_999_999)]  # nine digits of its kid
    life: Life
    t: Ms
    u: Annotated[int, Meta(ge=-1, le=2**53 - 1)]


class Versions(_Value, frozen=True, kw_only=True):
    """The versions of the documents a node holds; 0 is none."""

    trust: Count = 0
    config: Count = 0
    plan: Count = 0


class NodeState(Said, frozen=True, kw_only=True):
    """Birth, will and change of presence, ordered by (boot, connection, counter)."""

    boot: Count
    connection: Count
    counter: Count
    online: bool
    versions: Versions = Versions()
    reason: Why = ""


class ReceiptState(StrEnum):
    """What a node can say became of an airing: the node's words of `controller.domain.delivery.Word`."""

    ACCEPTED = "accepted"
    CACHED = "cached"
    STARTED = "started"
    FINISHED = "finished"
    REFUSED = "refused"
    FAILED = "failed"
    MISSED = "missed"
    CUT = "cut"
    CANCELLED = "cancelled"


class Receipt(_Value, frozen=True, kw_only=True):
    """One numbered word about one airing; kept by the node until a sealed `upto` covers it."""

    seq: Annotated[int, Meta(ge=1, le=2**53 - 1)]
    airing: Id
    rev: Rev
    state: ReceiptState
    at: Ms
    why: Why = ""
    evidence: Evidence | None = None


class Receipts(Said, frozen=True, kw_only=True):
    """Receipts, oldest first. `from_seq` is the oldest the node still holds: all below were covered by an `upto`."""

    from_seq: Annotated[int, Meta(ge=1, le=2**53 - 1)]
    items: Annotated[tuple[Receipt, ...], Meta(min_length=1, max_length=64)]


class Health(Said, frozen=True, kw_only=True):
    """Telemetry. What is not measured is left out. Temperature in 0.1 degC, volts in 0.1 V, signal in dBm, line in 0.1 dBFS."""

    uptime_s: Count
    playing: Id | None = None
    disk_free: Count | None = None
    clips: Count | None = None
    receipts: Count | None = None
    refused_seals: Count = 0
    temperature: Annotated[int, Meta(ge=-1000, le=2000)] | None = None
    mains: Annotated[int, Meta(ge=0, le=5000)] | None = None
    battery: Annotated[int, Meta(ge=0, le=1000)] | None = None
    signal: Annotated[int, Meta(ge=-200, le=0)] | None = None
    line: Annotated[int, Meta(ge=-2000, le=0)] | None = None


class Ask(Said, frozen=True, kw_only=True):
    """A question for the clock, the floors, and whatever is owed; answered in the node's inbox."""

    nonce: Nonce
    versions: Versions = Versions()
    from_seq: Annotated[int, Meta(ge=1, le=2**53 - 1)] = 1


FromController = Order | PlanHead | Config | Trust | Answer
FromNode = NodeState | Receipts | Health | Ask
