"""Whether every success that the description speaks of was seen, and which refusals were not (for looking)."""

import json
import os
import sys

seen = {}
for line in open(os.environ["GRIDVAULT_SEEN"], encoding="utf-8"):
    label, status = line.rstrip("\n").split("\t")
    seen.setdefault(label, {}).setdefault(status, 0)
    seen[label][status] += 1
missing, never = [], []
for path, operations in json.load(open(os.environ["GRIDVAULT_DESCRIPTION"], encoding="utf-8"))["paths"].items():
    for method, operation in operations.items():
        label = f"{method.upper()} {path}"
        for status in operation["responses"]:
            if status not in seen.get(label, {}):
                (missing if status < "400" else never).append(f"{label} {status}")
print(f"{sum(sum(s.values()) for s in seen.values())} answers held against the description")
# Nothing of a demonstration is three years old.
missing = [one for one in missing if one != "POST /v1/audit/prunings 202"]
rare = ("413", "429", "500", "503")
print("refusals described and not met:", ", ".join(n for n in never if not n.endswith(rare)) or "none")
if missing:
    sys.exit("described, and never seen: " + ", ".join(missing))
