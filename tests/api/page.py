"""Runs docs/integrate.md as it is printed: every shell block in one shell, each answer held against the one below it, then the Python."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
HOME = Path(os.environ["GRIDVAULT_DEMO"]).parents[1]
PAGE = (ROOT / "docs/integrate.md").read_text(encoding="utf-8")
MARK = "--8<--"


def differs(shown, got, at=""):
    """Where an answer is not as shown: `…` is anything, and what is not shown may be there."""
    if shown == "…":
        return None
    if isinstance(shown, dict) and isinstance(got, dict):
        for name, member in shown.items():
            if name not in got:
                return f"{at}/{name} is missing"
            if said := differs(member, got[name], f"{at}/{name}"):
                return said
        return None
    if isinstance(shown, list) and isinstance(got, list) and len(shown) == len(got):
        return next(filter(None, (differs(s, g, f"{at}/{i}") for i, (s, g) in enumerate(zip(shown, got)))), None)
    return None if shown == got else f"{at} is {got!r}, not {shown!r}"


def run(command, text):
    env = {**os.environ, "PATH": f"{ROOT / 'target/debug'}:{os.environ['PATH']}"}
    done = subprocess.run(command, input=text, cwd=HOME, env=env, capture_output=True, text=True, check=False)
    if done.returncode or done.stderr:
        sys.exit(f"docs/integrate.md does not run ({done.returncode}): {done.stderr}{done.stdout[-2000:]}")
    return done.stdout


def main():
    (HOME / "gridvault-demo").symlink_to(os.environ["GRIDVAULT_DEMO"].removesuffix("/demo.json"))
    blocks = re.findall(r"^```sh\n(.*?)^```\n```json\n(.*?)^```\n", PAGE, re.M | re.S)
    assert len(blocks) == PAGE.count("```sh\n") == 6, "each shell block has its answer below it"
    said = run(["bash", "-eu"], "".join(f"{command}\necho '{MARK}'\n" for command, _ in blocks)).split(MARK)
    for (command, shown), got in zip(blocks, said, strict=False):
        difference = differs(json.loads(shown), json.loads(got))
        if difference:
            sys.exit(f"docs/integrate.md: {difference}\n{command}{got}")
    (program,) = re.findall(r"^```python\n(.*?)^```\n", PAGE, re.M | re.S)
    printed = run(["python3", "-"], program)
    shown = re.findall(r"`([^`]+)`", re.search(r"^Prints among others (.*)$", PAGE, re.M)[1])
    for line in shown:
        assert line in printed.splitlines(), f"docs/integrate.md: {line!r} is not in {printed}"
    names = json.loads((ROOT / "docs/openapi.json").read_text())["components"]["schemas"]["ProblemName"]["enum"]
    told = re.findall(r"^\| `([a-z-]+)` \| \d+ \|", PAGE, re.M)
    assert sorted(told) == sorted(name.rsplit(":", 1)[1] for name in names), "the table of refusals is not the list of them"
    print(f"docs/integrate.md: {len(blocks)} steps, the Python and {len(told)} refusals are as printed")


main()
