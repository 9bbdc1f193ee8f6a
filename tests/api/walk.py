"""One good request through every door: the example of the description, with ids that are there. What comes back is held against
the description. Then every text of every body is a canary, which no refusal and no line of the log may repeat."""

import copy
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from datetime import UTC, datetime, timedelta

import schemathesis
from schemathesis.checks import CHECKS as KNOWN
from schemathesis.checks import load_all_checks

import hooks
import street
from street import CASE, FILE, TASK, caller, everybody, sign_in

schema = schemathesis.openapi.from_path(os.environ["GRIDVAULT_DESCRIPTION"])
schema.config.update(base_url=street.URL)
load_all_checks()
hooks.exchanging = False
CHECKS = [KNOWN.get_one(name) for name in (
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
    "response_schema_conformance", "every_refusal_is_a_problem", "every_member_is_described", "what_the_description_allows_is_understood")]

steward, officer, auditor = caller("data_steward"), caller("privacy_officer"), caller("auditor")
chief, hotline, circle = caller("grid_chief"), caller("hotline_12345"), caller("service_circle")
police = caller("dispatched_officer", "police")
resident = {"token": sign_in(TASK["resident"])}
spare = [r["id"] for r in FILE["residents"] if r["id"] not in {t.get("resident") for t in FILE["tasks"]}][-2:]
home = next(p["id"] for p in FILE["premises"] if p["area"] == police["area"])


def example(label):
    body = operation(label).definition.raw.get("requestBody")
    return copy.deepcopy(next(iter(body["content"].values()))["example"]) if body else None


def operation(label):
    method, path = label.split(" ")
    return schema[path][method]


def ask(label, who, expected, body=None, query=None, headers=None, **path):
    """Asks, holds the answer against the description, and gives what it says."""
    of = operation(label)
    headers = {**(headers or {}), **({"Authorization": f"Bearer {who['token']}"} if who else {})}
    more = {} if body is None else {"body": body, "media_type": next(iter(of.definition.raw["requestBody"]["content"]))}
    case = of.Case(path_parameters=path, query=query or {}, headers=headers, **more)
    response = case.call()
    case.validate_response(response, checks=CHECKS)
    if response.status_code != expected:
        sys.exit(f"{label} as {(who or {}).get('name', 'somebody')}: {response.status_code}, not {expected}: {response.text}")
    return json.loads(response.content) if response.content.startswith(b"{") else response.content


def good(label, who, expected, changes=None, **more):
    """Asks with the description's example, its ids exchanged."""
    body = example(label)
    if body is not None:
        body.update({**exchanged(body), **(changes or {})})
    return ask(label, who, expected, body, **more)


def exchanged(body):
    ids = {"resident": TASK["resident"], "residents": [TASK["resident"]], "task": TASK["id"], "assignment": TASK["assignment"],
           "assignees": [TASK["assignment"]], "premises": TASK["premises"], "place": TASK["premises"]}
    return {name: ids[name] for name in body if name in ids}


def walk():
    for label in ("GET /healthz", "GET /readyz", "GET /openapi.json", "GET /docs", "GET /verify"):
        ask(label, None, 200)
    code = next(r["code"] for r in FILE["residents"] if r["id"] == TASK["resident"])
    ended = good("POST /v1/sessions", None, 201, {"code": code})
    ask("DELETE /v1/sessions/current", ended, 204)
    for who in [*everybody(), resident]:
        ask("GET /v1/self", who, 200)
        ask("GET /v1/areas", who, 200)
    ask("GET /v1/catalog", hotline, 200)
    known = operation("GET /v1/catalog").Case(headers={"Authorization": f"Bearer {hotline['token']}"}).call().headers["etag"][0]
    ask("GET /v1/catalog", hotline, 304, headers={"If-None-Match": known})

    good("POST /v1/lookups", chief, 200)
    good("POST /v1/lookups", chief, 403, {"fields": ["person.id_no"]})
    good("POST /v1/lookups", chief, 403, {"task": None, "basis": None})
    good("POST /v1/lookups", chief, 404, {"resident": str(uuid.uuid4())})
    good("POST /v1/lookups/batch", chief, 200)
    good("POST /v1/lookups/batch", chief, 200, {"residents": [TASK["resident"], str(uuid.uuid4())], "fields": ["person.name", "person.id_no"]})
    good("POST /v1/searches", chief, 200)
    good("POST /v1/verifications", hotline, 200, {"resident": CASE["resident"], "purpose": "case_handling", "task": CASE["id"], "assignment": None})
    lines = ask("GET /v1/me/lookups", resident, 200, query={"limit": 1})
    ask("GET /v1/me/lookups", resident, 200, query={"after": lines["lookups"][0]["id"]})
    good("PUT /v1/me/consents/{purpose}", resident, 200, purpose="home_visit_care")
    good("POST /v1/audit/queries", auditor, 200)
    asked = {"actor": chief["holder"], "role": "grid_chief", "outcome": "clear", "task": TASK["id"]}
    good("POST /v1/audit/queries", officer, 200, asked)
    good("POST /v1/audit/queries", officer, 400, {**asked, "live": True})
    good("POST /v1/audit/queries", officer, 200, {"live": True})
    counted = {"count_by": ["day", "grid", "role", "purpose"], "purpose": "home_visit_care", "from": "2026-01-01"}
    ask("POST /v1/audit/queries", auditor, 200, counted)

    made = good("POST /v1/residents", steward, 201, headers={"Idempotency-Key": "walk-1"})["id"]
    assert good("POST /v1/residents", steward, 201, headers={"Idempotency-Key": "walk-1"})["id"] == made
    good("POST /v1/residents", steward, 409)
    registering = {"source": "walk", "number": "1", "kind": "registration", "purpose": "floating_population_registration",
                   "premises": [home], "residents": [], "assignees": [police["assignment"]]}
    task = good("POST /v1/tasks", steward, 201, registering)["id"]
    good("POST /v1/tasks", steward, 200, registering)
    collected = {"premises": home, "purpose": "floating_population_registration", "task": task}
    good("POST /v1/residents", police, 202, collected, query={"assignment": police["assignment"]})
    good("PATCH /v1/residents/{id}", steward, 204, id=made)
    seen = next(t for t in FILE["tasks"] if t["open"] and t["assignment"] == police["assignment"] and t.get("resident"))
    number = {"fields": {"person.id_no": "990106194901010013"}, "purpose": seen["purpose"], "task": seen["id"]}
    ask("PATCH /v1/residents/{id}", police, 202, number, id=seen["resident"], query={"assignment": seen["assignment"]})
    # Of age, as all are whom a home visit is for; whose age is not known counts as a child.
    visited = next(t["resident"] for t in FILE["tasks"] if t["open"] and t["purpose"] == TASK["purpose"] and t["resident"] != TASK["resident"])
    good("POST /v1/residents/{id}/consents", steward, 201, id=visited)
    good("POST /v1/residents/{id}/consents", steward, 403, id=made)
    good("POST /v1/residents/{id}/erasure", steward, 202, id=spare[0])
    good("PATCH /v1/residents/{id}/erasure", officer, 204, id=spare[0])
    good("PATCH /v1/premises/{id}", steward, 204, id=FILE["premises"][-1]["id"])
    good("PATCH /v1/tasks/{id}", steward, 204, id=task)

    good("POST /v1/imports", steward, 200, query={"kind": "areas", "dry_run": "true"})
    proposal = good("POST /v1/areas", steward, 202)["proposal"]
    ask("GET /v1/proposals", officer, 200)
    ask("GET /v1/proposals/{id}", officer, 200, id=proposal)
    ask("POST /v1/proposals/{id}/refuse", officer, 204, id=proposal)
    proposal = good("POST /v1/people", steward, 202)["proposal"]
    person = ask("POST /v1/proposals/{id}/confirm", officer, 200, id=proposal)["people"][0]["id"]
    ask("GET /v1/proposals/{id}/codes", officer, 403, id=proposal)
    ask("GET /v1/proposals/{id}/codes", steward, 200, id=proposal)
    page = ask("GET /v1/people", officer, 200, query={"limit": 2})
    ask("GET /v1/people", officer, 200, query={"after": page["next"]})
    post = ask("GET /v1/people/{id}/assignments", officer, 200, id=person)["assignments"][0]["id"]
    proposal = good("POST /v1/people/{id}/assignments", steward, 202, {"scheme": "social_grid", "role": "grid_informant"}, id=person)["proposal"]
    ask("POST /v1/proposals/{id}/refuse", steward, 204, id=proposal)
    good("PATCH /v1/assignments/{id}", steward, 204, id=post)

    ask("GET /v1/services", officer, 200)
    # An agreement has to end in days to come, whenever this runs.
    today = datetime.now(UTC)
    agreement = {"agreement": {**example("POST /v1/services")["agreement"], "from": today.isoformat(), "to": (today + timedelta(days=90)).isoformat()}}
    service = good("POST /v1/services", officer, 201, {"kind": "hotline_96005", **agreement})["id"]
    confirm = {"confirmed": True}
    ask("PATCH /v1/services/{id}", officer, 403, confirm, id=service)
    ask("PATCH /v1/services/{id}", steward, 204, confirm, id=service)
    good("POST /v1/services/{id}/agreements", officer, 201, agreement, id=service)
    ask("PATCH /v1/services/{id}", steward, 204, confirm, id=service)
    ask("POST /v1/services/{id}/tokens", officer, 201, id=service)
    ask("PATCH /v1/services/{id}", steward, 204, confirm, id=service)
    token = ask("GET /v1/services/{id}/tokens", officer, 200, id=service)["tokens"][0]["id"]
    ask("DELETE /v1/tokens/{token}", officer, 204, token=token)
    good("PATCH /v1/services/{id}", officer, 204, id=service)
    ask("GET /v1/areas/check", officer, 200)
    consents(visited)
    authority()
    oversight()
    notices()
    log(lines["lookups"][0]["id"])


def authority():
    """Letters of delegation, tasks by the dozen, rosters, what was granted and used."""
    today = datetime.now(UTC)
    when = lambda days, hours=0: (today + timedelta(days=days, hours=hours)).isoformat()
    letter = {"person": chief["holder"], "areas": [chief["area"]], "from": when(0), "to": when(300)}
    made = good("POST /v1/letters", steward, 201, letter)["id"]
    good("POST /v1/letters", steward, 409, letter)
    good("POST /v1/letters", steward, 400, {**letter, "to": when(400)})
    good("PATCH /v1/letters/{id}", steward, 403, id=made)
    good("PATCH /v1/letters/{id}", officer, 204, id=made)
    ask("GET /v1/letters", officer, 200)
    ask("GET /v1/letters", steward, 200, query={"expiring": 366})
    ask("POST /v1/letters/{id}/revoke", officer, 204, id=made)
    task = {**example("POST /v1/tasks/batch")["tasks"][0], "residents": [TASK["resident"]], "assignees": [TASK["assignment"]]}
    batch = {"tasks": [task, {**task, "number": "none", "residents": [str(uuid.uuid4())]}]}
    answers = ask("POST /v1/tasks/batch", hotline, 200, batch)["tasks"]
    assert [answer["status"] for answer in answers] == [201, 400], answers
    ask("GET /v1/tasks", chief, 200, query={"assignment": TASK["assignment"]})
    page = ask("GET /v1/tasks", officer, 200, query={"limit": 2})
    ask("GET /v1/tasks", officer, 200, query={"after": page["next"]})
    shift = {"assignment": police["assignment"], "from": when(1), "to": when(1, 8)}
    made = good("POST /v1/rosters", steward, 201, shift)["id"]
    good("POST /v1/rosters", steward, 400, {**shift, "to": when(9)})
    good("PATCH /v1/rosters/{id}", steward, 403, id=made)
    good("PATCH /v1/rosters/{id}", officer, 204, id=made)
    ask("GET /v1/rosters", auditor, 200)
    good("PATCH /v1/rosters/{id}", officer, 204, {"confirmed": False, "ended": True}, id=made)
    ask("GET /v1/assignments/usage", auditor, 200, query={"days": 7})


def consents(other):
    """What a resident consented to, how it stands, its receipt, and who speaks for whom."""
    mine = ask("GET /v1/me/consents", resident, 200)
    mine = next(c["event"] for c in mine["consents"] if c["purpose"] == "home_visit_care")
    for page in ("", "/page"):
        ask(f"GET /v1/me/consents/{{id}}/receipt{page}", resident, 200, id=mine)
        ask(f"GET /v1/consents/{{id}}/receipt{page}", officer, 200, id=mine)
        ask(f"GET /v1/consents/{{id}}/receipt{page}", auditor, 404, id=mine)
    own = {"state": "given", "confirm": True}
    ask("PUT /v1/me/consents/{purpose}", resident, 409, own, purpose="home_visit_care")
    ask("GET /v1/residents/{id}/consents", chief, 200, id=TASK["resident"], query={"assignment": chief["assignment"]})
    ask("GET /v1/residents/{id}/consents", chief, 404, id=str(uuid.uuid4()), query={"assignment": chief["assignment"]})
    sheet = {"purpose": "service_matching", "state": "given", "method": "signature", "basis_kind": "separate"}
    recorded = ask("POST /v1/residents/{id}/consents", steward, 201, {**sheet, "evidence": "0c" * 32}, id=other)["id"]
    ask("POST /v1/residents/{id}/consents", steward, 400, {**sheet, "evidence": "0c" * 32}, id=other)
    good("PATCH /v1/consents/{id}", steward, 403, id=recorded)
    good("PATCH /v1/consents/{id}", caller("window_clerk"), 200, id=recorded)
    ask("PATCH /v1/consents/{id}", officer, 409, {"code": "12345678"}, id=recorded)
    found = ask("POST /v1/audit/queries", officer, 200, {"kinds": ["auth.refused"], "newest_first": True, "limit": 1})
    refused = found["entries"][0]["public"]["seq"]
    good("POST /v1/consents/{id}/invalidate", officer, 400, {"finding": refused}, id=recorded)
    good("POST /v1/consents/{id}/invalidate", steward, 403, id=recorded)
    back = {"purpose": "service_matching", "state": "withdrawn", "method": "signature"}
    ask("POST /v1/residents/{id}/consents", steward, 201, back, id=other)
    ask("POST /v1/residents/{id}/consents", steward, 409, {**back, "state": "requested"}, id=other)
    found = ask("POST /v1/audit/queries", officer, 200, {"kinds": ["finding.raised"], "newest_first": True, "limit": 1})
    behind = {"finding": found["entries"][0]["public"]["seq"]}
    good("POST /v1/consents/{id}/invalidate", officer, 201, behind, id=mine)
    letter = {"kind": "proxy", "relation": "20", "proof": "letter", "number": "walk-1", "purposes": ["home_visit_care"]}
    today = datetime.now(UTC)
    term = {"from": today.isoformat(), "to": (today + timedelta(days=300)).isoformat()}
    mandate = ask("POST /v1/residents/{id}/mandates", steward, 201, {**letter, **term}, id=TASK["resident"])["id"]
    good("POST /v1/residents/{id}/mandates", steward, 400, {"person": other}, id=TASK["resident"])
    good("PATCH /v1/mandates/{id}", steward, 403, id=mandate)
    good("PATCH /v1/mandates/{id}", officer, 204, id=mandate)
    ask("PATCH /v1/mandates/{id}", resident, 204, {"ended": True}, id=mandate)
    good("PATCH /v1/residents/{id}/capacity", steward, 204, id=other)
    good("PATCH /v1/residents/{id}/capacity", officer, 204, {"doubted": False}, id=other)


def oversight():
    """Emergencies, demands and the account of minors' data."""
    post = {"assignment": TASK["assignment"]}
    declared = good("POST /v1/emergencies", chief, 201, query=post)
    rescue = {"resident": TASK["resident"], "fields": ["person.name"], "purpose": "emergency_rescue", "task": None,
              "basis": {"kind": "emergency", "ref": declared["id"]}}
    good("POST /v1/lookups", chief, 200, rescue)
    good("POST /v1/emergencies", chief, 404, {"place": str(uuid.uuid4())}, query=post)
    good("PATCH /v1/emergencies/{id}", officer, 409, id=declared["id"])
    good("POST /v1/emergencies/{id}/review", officer, 409, id=declared["id"])
    ask("POST /v1/emergencies/{id}/end", chief, 204, id=declared["id"], query=post)
    good("POST /v1/emergencies/{id}/review", officer, 204, id=declared["id"])
    ask("GET /v1/emergencies", officer, 200, query={"limit": 1})
    ask("GET /v1/emergencies", caller("grid_supervisor"), 200)
    everywhere = caller("dispatched_officer", "urban_management")
    many = {"event": "119-1", "reason": "fire", "residents": [r["id"] for r in FILE["residents"][:21]]}
    many = ask("POST /v1/emergencies", everywhere, 201, many)["id"]
    good("PATCH /v1/emergencies/{id}", officer, 204, id=many)
    until = {"embargo_until": (datetime.now(UTC) + timedelta(days=90)).isoformat()}
    demand = good("POST /v1/demands", officer, 201, until)["id"]
    good("PATCH /v1/demands/{id}", officer, 403, id=demand)
    good("PATCH /v1/demands/{id}", steward, 204, id=demand)
    ask("GET /v1/demands", auditor, 200)
    good("POST /v1/lookups", officer, 200, {"purpose": "legal_request", "task": demand, "assignment": None,
                                            "basis": {"kind": "legal_request", "ref": demand}})
    ask("GET /v1/audit/minors", officer, 200, query={"year": datetime.now(UTC).year})


def notices():
    """Notices, what residents are told, and a resident who signs in at the window."""
    clerk, told = caller("window_clerk"), spare[1]
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    made = good("POST /v1/notices", steward, 201, {"valid_from": tomorrow})["id"]
    ask("GET /v1/notices/proposed", officer, 200)
    ask("GET /v1/notices/{id}", None, 404, id=made)
    good("PATCH /v1/notices/{id}", steward, 403, id=made)
    good("PATCH /v1/notices/{id}", officer, 204, id=made)
    ask("GET /v1/notices/{id}", None, 200, id=made)
    ask("GET /v1/notices/{id}", None, 200, id=made, query={"print": "large", "lang": "zh-CN"})
    general = next(n["id"] for n in ask("GET /v1/notices", None, 200)["notices"] if n["state"] == "in_force")
    good("POST /v1/residents/{id}/informed", clerk, 201, {"notice": general}, id=told)
    good("POST /v1/residents/{id}/informed", clerk, 400, {"notice": made}, id=told)
    ask("GET /v1/residents/{id}/informed", officer, 200, id=told)
    ask("GET /v1/notices/coverage", auditor, 200)
    task = good("POST /v1/tasks", steward, 201, {"source": "window", "kind": "application", "purpose": "window_service",
                "residents": [told], "assignees": [clerk["assignment"]]})["id"]
    good("POST /v1/residents/{id}/codes", clerk, 403, {"task": task}, id=told)
    ask("PATCH /v1/tasks/{id}", officer, 204, {"confirmed": True}, id=task)
    code = good("POST /v1/residents/{id}/codes", clerk, 201, {"task": task}, id=told)["code"]
    own = ask("POST /v1/sessions", None, 201, {"code": code})
    dues = [d["id"] for d in ask("GET /v1/notices/due", officer, 200)["dues"] if d["resident"] == told]
    good("POST /v1/notices/messages", clerk, 403, {"dues": dues})
    good("POST /v1/notices/messages", officer, 200, {"dues": dues})
    letter = good("POST /v1/notices/letters", officer, 200, {"dues": dues}).decode()
    sent = letter.split("确认码 ")[1].split("，")[0]
    good("POST /v1/me/factors", own, 400)
    good("POST /v1/me/factors", own, 201, {"code": sent})
    ask("GET /v1/me", own, 200)
    ask("GET /v1/me/notices", own, 200)
    ask("DELETE /v1/me/factors", own, 204)


def log(line):
    """The public log, once a checkpoint has been published; the demonstration's are 10 seconds apart."""
    of = {"tenant": FILE["tenant"]}
    for _ in range(60):
        if ask("GET /v1/me/lookups", resident, 200)["lookups"][-1]["proof"] == "ready":
            break
        time.sleep(0.5)
    size = int(urllib.request.urlopen(f"{street.URL}/log/{of['tenant']}/checkpoint").read().split(b"\n")[1])
    for label in ("checkpoint", "checkpoints", "keys.json", "witnesses.json"):
        ask(f"GET /log/{{tenant}}/{label}", None, 200, **of)
    ask("GET /log/{tenant}/checkpoints/{size}", None, 200, **of, size=size)
    ask("GET /log/{tenant}/checkpoint", None, 404, tenant="elsewhere")
    ask("GET /log/{tenant}/tile/{tile}", None, 200, **of, tile="0/000")
    ask("GET /log/{tenant}/tile/{tile}", None, 404, **of, tile="0/x001/000")
    for label in ("GET /log/{tenant}/tile/entries/{n}", "GET /log/{tenant}/private/{n}"):
        ask(label, auditor, 200, **of, n="000")
        ask(label, steward, 403, **of, n="000")
    ask("GET /v1/me/lookups/{lookup}/proof", resident, 200, lookup=line)
    ask("GET /v1/audit/entries/{seq}", auditor, 200, seq=3)
    good("POST /v1/audit/prunings", officer, 409)
    ask("GET /v1/audit/entries/{seq}/proof", auditor, 200, seq=3)


CANARIES = ["金丝雀", "990106195503020024", "12099995555", "gv-canary-7731"]


def places(value, at=()):
    """Where the texts of a body are."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield from places(member, (*at, name))
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from places(item, (*at, i))
    elif isinstance(value, str):
        yield at


def planted(body, at, canary):
    out = copy.deepcopy(body)
    inner = out
    for step in at[:-1]:
        inner = inner[step]
    if at[-1:] == ("?",):
        inner[canary] = canary
    else:
        inner[at[-1]] = canary
    return out


def canaries():
    tried = 0
    for path, method, raw in ((p, m, o) for p, of in schema.raw_schema["paths"].items() for m, o in of.items()):
        label = f"{method.upper()} {path}"
        if label in ("POST /v1/sessions", "DELETE /v1/sessions/current"):
            continue
        body = example(label)
        everywhere = [*places(body), ("?",), *((at[0], "?") for at in places(body) if len(at) > 1 and isinstance(at[1], str))] if body else []
        for canary in CANARIES:
            names = [part["name"] for part in raw.get("parameters", []) if part["in"] == "path"]
            asked = [{"body": planted(body, at, canary)} for at in everywhere]
            asked += [{"query": {canary: canary}}, *({"query": {p["name"]: canary}} for p in raw.get("parameters", []) if p["in"] == "query")]
            for one in asked:
                send(label, {name: canary for name in names}, canary, **one)
                send(label, {name: TASK["id"] if name == "id" else canary for name in names}, canary, **one)
                tried += 2
    return tried


def send(label, path, canary, body=None, query=None):
    of = operation(label)
    more = {} if body is None else {"body": body, "media_type": next(iter(of.definition.raw["requestBody"]["content"]))}
    case = of.Case(path_parameters=path, query=query or {}, headers={"Authorization": f"Bearer {steward['token']}"}, **more)
    response = case.call()
    case.validate_response(response, checks=CHECKS[:-1])
    text = response.content.decode()
    if canary in text or (not canary.isascii() and json.dumps(canary)[1:-1] in text):
        sys.exit(f"{label} repeats what was sent: {text}")


# Bodies that no schema speaks of, and what they are refused with.
ROUGH = [
    (b"", 400), (b"{", 400), (b"null", 400), (b"[]", 400), (b'"gv-canary-7731"', 400), (b"\xff\xfe{}", 400), (b"\x00", 400),
    (b"[" * 100_000, 400), (b'{"a":' * 20_000, 400), (b'{"gv-canary-7731": 1}', 400), (b'{"task": 1e999}', 400),
    (b'{"purpose": "' + b"x" * 200_000 + b'"}', 400), (b" " * 300_000, 413), (b'{"purpose":"\\u0000","purpose":"\\ud800"}', 400),
]


def rough():
    tried = 0
    for path, of in schema.raw_schema["paths"].items():
        for method, raw in of.items():
            label = f"{method.upper()} {path}"
            body = json.dumps(example(label)).encode() if example(label) else None
            if body and path != "/v1/imports":
                for bad, expected in ROUGH:
                    raw_send(label, path, bad, {expected})
                    tried += 1
                for kind in (None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "???"):
                    raw_send(label, path, body, {200, 201, 202, 204, 400, 401, 403, 404, 409}, kind)
                    tried += 1
            for bad in ("0", "%00", "%ff", "..%2f..", "金丝雀", "x" * 6000, TASK["id"][:-1] + "g"):
                if "{id}" in path:
                    raw_send(label, path.replace("{id}", urllib.parse.quote(bad, safe="%")), body, {404})
                    tried += 1
    return tried


def raw_send(label, path, body, expected, kind="application/json"):
    """As it stands, by a client that heeds no description."""
    path = path.replace("{id}", str(uuid.uuid4())).replace("{purpose}", "home_visit_care").replace("{token}", "none")
    path += {"/v1/imports": "?kind=areas&dry_run=true"}.get(path, "")
    asked = urllib.request.Request(street.URL + path, body, {"Authorization": f"Bearer {officer['token']}"}, method=label.split()[0])
    if kind:
        asked.add_header("Content-Type", kind)
    try:
        answer = urllib.request.urlopen(asked)
    except urllib.error.HTTPError as error:
        answer = error
    text = answer.read()
    if answer.status not in expected:
        sys.exit(f"{label} {path[:80]} with {(body or b'')[:40]}: {answer.status}, not {expected}: {text[:200]}")
    if answer.status >= 400:
        problem = json.loads(text)
        assert answer.headers["content-type"] == "application/problem+json" and problem["type"] in hooks.NAMES, (label, text)
    assert b"canary" not in text, (label, text)


if __name__ == "__main__":
    walk()
    print(f"{rough()} requests of a client that heeds no description, each refused as it should be")
    print(f"every door's example does what the description says; {canaries()} canaries sent, none came back")
    with open(os.environ["GRIDVAULT_LOG"], encoding="utf-8") as log:
        text = log.read()
    assert "answered" in text, "the server's log is not where it was looked for"
    found = [canary for canary in CANARIES if canary in text]
    assert not found, f"the server's log repeats {found}"
