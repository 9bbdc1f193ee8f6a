"""The Python client, used: sign in, self, a task, a lookup, a refusal."""

import uuid
from datetime import UTC, datetime, timedelta

import gridvault_types as types
from gridvault import Gridvault, Refused, at
from street import CASE, FILE, TASK, URL, caller

code = next(r["code"] for r in FILE["residents"] if r["id"] == TASK["resident"])
resident = Gridvault(URL).sign_in(code)
assert resident.own()["capacities"][0]["role"] == "resident"
hotline = Gridvault(URL, caller("hotline_12345")["token"], language="en")
(capacity,) = hotline.own()["capacities"]
offered = capacity["purposes"]["case_handling"]["fields"]
assert offered["person.name"]["outcome"] == "masked"

now = datetime.now(UTC)
new: types.NewTask = {
    "source": "python",
    "number": "1",
    "kind": "case",
    "purpose": "case_handling",
    "assignees": [caller("grid_chief")["assignment"]],
    "opens": now.isoformat(),
    "closes": (now + timedelta(days=1)).isoformat(),
    "case": {"kind": "public_order", "place": CASE["premises"], "reporter": {"name": "张小三", "phone": "12055510123"}},
}
task = hotline.open_task(new)
assert hotline.open_task(new) == task
asked: types.LookupRequest = {
    "ticket": task["ticket"],
    "fields": ["person.name", "case.reporter_phone"],
    "purpose": "case_handling",
    "task": task["id"],
}
found = hotline.look_up(asked)
assert found["fields"]["case.reporter_phone"] == {"outcome": "clear", "value": "12055510123", "rule": "R-016"}
assert found["fields"]["person.name"].get("form") == "M-name"
try:
    hotline.look_up({**asked, "ticket": str(uuid.uuid4())})
    raise SystemExit("what is not there is refused")
except Refused as refused:
    assert (refused.name, refused.problem["title"]) == ("not-found", "there is no such record")
    assert len(refused.request_id) == 32
hotline.close_task(task["id"], "done")
try:
    hotline.close_task(task["id"], "done")
    raise SystemExit("a closed task is not closed again")
except Refused as refused:
    assert refused.name == "conflict"
officer = Gridvault(URL, caller("privacy_officer")["token"])
page: types.People = officer.ask("GET", "/v1/people", limit=2)
posts: types.Posts = officer.ask("GET", at("/v1/people/{}/assignments", page["people"][0]["id"]))
assert len(page["people"]) == 2 and posts["assignments"] and page["next"]
print("the Python client does what it says")
