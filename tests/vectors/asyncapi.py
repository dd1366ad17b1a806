"""docs/asyncapi.json: the topics and tables of docs/wire.md for machines (AsyncAPI 3.0). Imports nothing of ours."""

from __future__ import annotations

import json
import re

from tests.vectors.known import Json
from tests.vectors.story import BODY, STORY
from tests.vectors.tables import ABSENT, OPENS_WITH, REQUIRED, WIRE, Field, Topic, read, refusals, titles, topics

PATH = WIRE.with_name("asyncapi.json")
TEXT = WIRE.read_text()
TABLES, PATTERNS = read(TEXT)
TITLES, REFUSALS, TOPICS = titles(TEXT), refusals(TEXT), topics(TEXT)

MQTT = {"bindingVersion": "0.2.0"}
PARAMETERS = {
    "unit": ("the unit that is spoken to: a place in the tree", "x01480"),
    "village": ("the unit that is a node's village", "x01480-1"),
    "node": ("the node that is spoken to, or speaks", "x01480-1-l1"),
    "session": ("a live session, named by its order", "ses-1"),
}

ABOUT = """\
The contract between a controller and a loudspeaker ("node"), as the node sees it: it receives what the controller sends, and
sends what the controller receives. A controller is the same with `receive` and `send` exchanged. Written by
`tests/vectors/make.py` from the tables of `wire.md` beside it, which is the contract: its numbered duties say what a node and a
controller must do with these messages.

Nothing is retained, sessions are clean, and no acknowledgement of MQTT proves anything. What is published is a seal: a JWS in
compact form (RFC 7515), `application/jose`, at most 16 384 bytes. The schema of a message's payload is the schema of the JWS's
payload; `x-seal` says which protected header and key it demands. `x-refused-unless` are rules by which a receiver refuses a
message whose members are all right by themselves. Whole numbers are written without fraction and exponent, and no member twice:
JSON Schema can't say so, and `wire.md` does."""


def document() -> str:
    """The whole file."""
    whole = {
        "asyncapi": "3.0.0",
        "id": "urn:tienglang:wire:1",
        "info": {
            "title": "Tiếng Làng: the contract with a loudspeaker",
            "version": "1.0.0",
            "description": ABOUT,
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/jose",
        "servers": {"plain": _server("mqtt", 1883), "tls": _server("mqtts", 8883)},
        "channels": {_name(topic): _channel(topic) for topic in TOPICS},
        "operations": dict(_operation(topic) for topic in TOPICS if topic.typs),
        "components": {
            "messages": {typ: _message(typ) for typ in (*OPENS_WITH, "plan-body")},
            "schemas": {table: _schema(table) for table in TABLES if table not in ("claims", "said")},
            "securitySchemes": {
                "account": {"type": "userPassword", "description": "The broker's, if it asks. What counts is the seal."}
            },
        },
    }
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def _server(protocol: str, port: int) -> Json:
    will = {"topic": "tl/1/node/{node}/state", "qos": 1, "retain": False}
    return {
        "host": f"broker.example:{port}",
        "protocol": protocol,
        "protocolVersion": "3.1.1",
        "description": f"An example: `{protocol}://broker.example:{port}`. Any broker of MQTT 3.1.1 serves.",
        "security": [{"$ref": "#/components/securitySchemes/account"}],
        "bindings": {
            "mqtt": {
                "clientId": "{node}",
                "cleanSession": True,
                "keepAlive": 60,
                "lastWill": will | {"message": "a sealed tl-state: online false, the coming connection, counter 2^53-1"},
            }
            | MQTT
        },
    }


# ── channels and operations ──


def _name(topic: Topic) -> str:
    """`unitOrder`, `nodeInbox`, `live`: an address without its prefix and parameters."""
    first, *more = [level for level in topic.address.split("/")[2:] if not level.startswith("{")]
    return first + "".join(level.capitalize() for level in more)


def _channel(topic: Topic) -> Json:
    names = re.findall(r"\{([a-z]+)\}", topic.address)
    channel = {
        "address": topic.address,
        "description": f"From {_one(topic.sender)} to {_one(topic.receiver)}.",
        "messages": {typ: {"$ref": f"#/components/messages/{typ}"} for typ in topic.typs},
        "parameters": {name: _parameter(*PARAMETERS[name]) for name in names},
    }
    return channel if topic.typs else channel | {"description": f"{channel['description']} Not settled in this version."}


def _one(end: str) -> str:
    return {"controller": "the controller", "node": "a node"}.get(end, end)


def _parameter(what: str, example: str) -> Json:
    return {"description": f"{what}; an id, `{PATTERNS['id']}`", "examples": [example]}


def _operation(topic: Topic) -> tuple[str, Json]:
    action = "send" if topic.sender == "node" else "receive"
    name = _name(topic)
    operation: Json = {
        "action": action,
        "channel": {"$ref": f"#/channels/{name}"},
        "messages": _among(topic, topic.typs),
        "bindings": {"mqtt": {"qos": 1, "retain": False} | MQTT},
    }
    if "tl-ask" in topic.typs:
        inbox = next(each for each in TOPICS if "tl-answer" in each.typs)
        operation["reply"] = {"channel": {"$ref": f"#/channels/{_name(inbox)}"}, "messages": _among(inbox, ("tl-answer",))}
    return f"{action}{name[0].upper()}{name[1:]}", operation


def _among(topic: Topic, typs: tuple[str, ...]) -> list[Json]:
    return [{"$ref": f"#/channels/{_name(topic)}/messages/{typ}"} for typ in typs]


# ── messages ──


def _message(typ: str) -> Json:
    title, said = TITLES[typ]
    message: Json = {"name": typ, "title": title, "payload": {"$ref": f"#/components/schemas/{typ}"}, "examples": _examples(typ)}
    if said:
        message["description"] = said
    if typ in REFUSALS:
        message["x-refused-unless"] = REFUSALS[typ]
    if typ == "plan-body":
        return message | {"contentType": "application/json"}
    if typ in ("tl-ask", "tl-answer"):
        message["correlationId"] = {"location": "$message.payload#/nonce"}
    return message | {"contentType": "application/jose", "x-seal": _seal(typ)}


def _examples(typ: str) -> list[Json]:
    found = [BODY] if typ == "plan-body" else [step.message for step in STORY if step.typ == typ]
    return [{"payload": payload} for payload in found]


def _seal(typ: str) -> Json:
    if OPENS_WITH[typ] == "said":
        alg, kid, key = "HS256", r"^[a-z0-9-]{1,36}\.[1-9][0-9]{0,8}$", "the node's own key of that generation"
    elif typ == "tl-trust":
        alg, kid, key = "Ed25519", "^root$", "the root, pinned in the node at set-up"
    else:
        alg, kid, key = "Ed25519", _whole("kid"), "a key of the trust document, whose use, units, classes and time allow it"
    header = {"alg": {"const": alg}, "kid": {"type": "string", "pattern": kid}, "typ": {"const": typ}}
    return {
        "form": "compact JWS (RFC 7515)",
        "key": key,
        "protected": {"type": "object", "properties": header, "required": list(header), "additionalProperties": False},
    }


# ── schemas ──


def _schema(table: str) -> Json:
    """A table as JSON Schema (draft 7). Members of later versions are allowed, and ignored."""
    title, said = TITLES[table]
    about = {"title": title, "description": said} if said else {"title": title}
    return about | {
        "type": "object",
        "properties": {field.name: _property(field) for field in TABLES[table]},
        "required": [field.name for field in TABLES[table] if field.default == REQUIRED],
        "additionalProperties": True,
    }


def _property(field: Field) -> Json:
    schema = _kind(field)
    if field.default == ABSENT:
        schema = {"anyOf": [schema, {"type": "null"}]}
    elif "$ref" in schema:
        schema = {"allOf": [schema]}  # beside a $ref, draft 7 reads nothing
    if field.meaning:
        schema["description"] = field.meaning
    if field.unit:
        schema["x-unit"] = field.unit
    if field.default not in (REQUIRED, ABSENT):
        schema["default"] = json.loads(field.default)
    return schema


def _kind(field: Field) -> Json:
    match field.kind:
        case "integer":
            return {"type": "integer", "minimum": field.low, "maximum": field.high}
        case "boolean":
            return {"type": "boolean"}
        case "one of":
            return {"type": "string", "enum": list(field.words)}
        case "object":
            return {"$ref": f"#/components/schemas/{field.table}"}
        case "list":
            assert field.item is not None
            return {"type": "array", "items": _kind(field.item), "minItems": field.low, "maxItems": field.high}
        case text:
            return {"type": "string", "pattern": _whole(text)}


def _whole(text: str) -> str:
    """The pattern of a named text. It covers the whole; in ECMA 262, JSON Schema's dialect, `$` lets no line end pass."""
    return f"^(?:{PATTERNS[text]})$"
