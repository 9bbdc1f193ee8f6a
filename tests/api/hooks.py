"""What schemathesis is told beside the description: ids that are there, how JSON lines are written, and what holds of every refusal."""

import hashlib
import json
import os
import re
import uuid

import schemathesis
from street import CASE, FILE, TASK, caller

DESCRIPTION = open(os.environ["GRIDVAULT_DESCRIPTION"], encoding="utf-8").read()
DOCUMENT = json.loads(DESCRIPTION)
NAMES = set(re.findall(r"urn:gridvault:problem:[a-z-]+", DESCRIPTION))
SEEN = open(os.environ["GRIDVAULT_SEEN"], "a", encoding="utf-8")

# Codes that say that the shape is wrong: never of what the description allows.
SHAPE = {"not_understood", "trailing", "repeated", "from_1_to_64", "from_1_to_500", "from_1_to_8", "identifier", "word_unknown"}

# What it may be depends on another member.
DEPENDS = {"/value"}

RESIDENTS = [r["id"] for r in FILE["residents"]][10:]
PREMISES = [p["id"] for p in FILE["premises"]]
POSTS = [c["assignment"] for c in FILE["callers"] if c.get("assignment")]
REAL = {
    "resident": RESIDENTS + [TASK["resident"]],
    "residents": RESIDENTS,
    "premises": PREMISES,
    "place": PREMISES,
    "record": RESIDENTS,
    "ticket": [CASE["ticket"]],
    "tickets": [CASE["ticket"]],
    "task": [t["id"] for t in FILE["tasks"]],
    "actor": [c["holder"] for c in FILE["callers"]],
    "assignment": POSTS,
    "assignees": POSTS,
    "on_behalf_of": POSTS,
}
PATHS = {"residents": RESIDENTS, "premises": PREMISES, "services": [caller("hotline_12345")["holder"]],
         "people": [caller("grid_chief")["holder"]]}
# The walk has ids of its own.
exchanging = True
# What these end, the rest of the run would miss.
SPARED = {"PATCH /v1/assignments/{id}", "PATCH /v1/services/{id}", "POST /v1/residents/{id}/erasure", "DELETE /v1/tokens/{token}"}


def is_id(value):
    try:
        return isinstance(value, str) and len(value) == 36 and bool(uuid.UUID(value))
    except ValueError:
        return False


def real(value, known):
    """Of every two ids one that is there, always the same one for the same id."""
    if not known or not is_id(value):
        return value
    number = int.from_bytes(hashlib.sha256(value.encode()).digest()[:4], "big")
    return known[number // 2 % len(known)] if number % 2 else value


def with_real_ids(value, known=()):
    if isinstance(value, dict):
        return {name: with_real_ids(member, REAL.get(name, ())) for name, member in value.items()}
    if isinstance(value, list):
        return [with_real_ids(item, known) for item in value]
    # To a schema 5.0 is an integer; nobody writes one so.
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return real(value, known)


@schemathesis.hook
def before_call(ctx, case, kwargs):
    label = case.operation.label
    if not exchanging:
        return
    if isinstance(case.body, (dict, list)):
        case.body = with_real_ids(case.body)
    if isinstance(case.path_parameters, dict) and is_id(case.path_parameters.get("id")):
        given = case.path_parameters["id"]
        if label in SPARED:
            given = str(uuid.uuid5(uuid.NAMESPACE_URL, given))
        case.path_parameters["id"] = real(given, PATHS.get(case.path.split("/")[2], ()) if label not in SPARED else ())


@schemathesis.hook
def after_call(ctx, case, response):
    SEEN.write(f"{case.operation.label}\t{response.status_code}\n")
    SEEN.flush()


@schemathesis.serializer("application/jsonl")
def json_lines(ctx, value):
    lines = value if isinstance(value, list) else [value]
    return "\n".join(json.dumps(line) for line in lines).encode()


def strings(value):
    if isinstance(value, dict):
        for name, member in value.items():
            yield name
            yield from strings(member)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)
    elif isinstance(value, str):
        yield value


def refusal(response):
    """What holds of every refusal; gives its members."""
    kind = response.headers.get("content-type", [""])[0]
    assert kind == "application/problem+json", f"a refusal that is no problem: {kind}"
    problem = json.loads(response.content)
    assert problem["type"] in NAMES, f"a name that is not in the list: {problem['type']}"
    assert problem["status"] == response.status_code, "the problem's status is another"
    assert ("errors" in problem) == (problem["type"].endswith(":invalid-request")), "a pointer for each fault, and for nothing else"
    if response.status_code == 429:
        assert int(response.headers["retry-after"][0]) > 0, "429 without a time to wait"
    if response.status_code == 401:
        assert response.headers["www-authenticate"] == ["Bearer"], "401 without its challenge"
    return problem


@schemathesis.check
def every_refusal_is_a_problem(ctx, response, case):
    assert re.fullmatch("[0-9a-f]{32}", response.headers["x-request-id"][0]), "no request id"
    # Hashes and checkpoints are anybody's, and may be kept; nothing else is.
    public = response.status_code == 200 and case.path.startswith("/log/") and "entries" not in case.path and "private" not in case.path
    assert public or response.headers["cache-control"] == ["no-store"], "an answer that may be kept"
    if response.status_code < 400:
        return
    refusal(response)
    # Nothing that was sent comes back, unless it is a word of the description's or could be a misspelt one.
    text = response.content.decode()
    for sent in strings(case.body if isinstance(case.body, (dict, list)) else []):
        if len(sent) >= 5 and not re.fullmatch("[a-z_.]+", sent) and sent not in DESCRIPTION and json.dumps(sent, ensure_ascii=False)[1:-1] in text:
            raise AssertionError(f"the refusal repeats what was sent: {sent!r}")


@schemathesis.check
def what_the_description_allows_is_understood(ctx, response, case):
    good = case.meta is not None and case.meta.generation.mode.is_positive
    if response.status_code == 400 and good:
        wrong = [e for e in json.loads(response.content)["errors"] if e["code"] in SHAPE and e["pointer"] not in DEPENDS]
        assert not wrong, f"described, and not understood: {wrong}"


def undescribed(shape, value, at=""):
    """Members of an answer that the description does not have: a client would never learn of them."""
    while "$ref" in shape:
        shape = resolved(shape["$ref"])
    if "anyOf" in shape:
        found = [undescribed(one, value, at) for one in shape["anyOf"]]
        return min(found, key=len)
    if isinstance(value, list):
        return [name for i, item in enumerate(value) for name in undescribed(shape.get("items", {}), item, f"{at}/{i}")]
    if not isinstance(value, dict) or shape.get("additionalProperties") is True or not shape:
        return []
    known, rest = shape.get("properties", {}), shape.get("additionalProperties")
    out = []
    for name, member in value.items():
        if name in known or rest:
            out += undescribed(known.get(name, rest), member, f"{at}/{name}")
        else:
            out.append(f"{at}/{name}")
    return out


def resolved(reference):
    found = DOCUMENT
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    return found


@schemathesis.check
def every_member_is_described(ctx, response, case):
    operation = DOCUMENT["paths"][case.path].get(case.method.lower(), {"responses": {}})
    answer = operation["responses"].get(str(response.status_code), {})
    if "$ref" in answer:
        answer = resolved(answer["$ref"])
    said = str(response.headers.get("content-type"))
    for kind, content in answer.get("content", {}).items():
        if kind.endswith("json") and kind in said and "schema" in content:
            more = undescribed(content["schema"], json.loads(response.content))
            assert not more, f"not described: {more}"
