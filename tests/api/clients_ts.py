"""Runs the compiled use of the TypeScript client with a demonstration's tokens."""

import subprocess
from pathlib import Path

from street import CASE, FILE, TASK, URL, caller

code = next(r["code"] for r in FILE["residents"] if r["id"] == TASK["resident"])
known = [caller("hotline_12345")["token"], caller("privacy_officer")["token"], CASE["premises"], caller("grid_chief")["assignment"]]
program = Path(__file__).parents[2] / "target/api/ts/tests/api/clients.js"
subprocess.run(["node", str(program), URL, code, *known], check=True)
