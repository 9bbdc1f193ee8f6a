"""The served demonstration, as its demo.json says it: whom to be, and what there is to ask for."""

import json
import os
import urllib.request

FILE = json.load(open(os.environ["GRIDVAULT_DEMO"], encoding="utf-8"))
URL = FILE["url"]
TASK = next(t for t in FILE["tasks"] if t["open"])
CASE = next(t for t in FILE["tasks"] if t["open"] and t.get("ticket"))


def caller(role, department=None):
    """The first of that role; a service goes by its kind."""
    for one in FILE["callers"]:
        if role in (one["role"], one["name"]) and department in (None, one["department"]):
            return one
    raise KeyError(role)


def everybody():
    """One of each role and department."""
    first = {}
    for one in FILE["callers"]:
        first.setdefault((one["role"], one["department"]), one)
    return list(first.values())


def sign_in(resident):
    """A session of that resident's."""
    code = next(r["code"] for r in FILE["residents"] if r["id"] == resident)
    body = json.dumps({"code": code}).encode()
    asked = urllib.request.Request(f"{URL}/v1/sessions", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(asked) as answer:
        return json.load(answer)["token"]
