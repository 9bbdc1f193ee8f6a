#!/usr/bin/env python3
"""Shows a good export, mutations of it and rightly signed forgeries to both verifiers, to see what each does with them.

What each must do is stated with the trial, and an acceptance where one is due is checked like a refusal:

- verify.py refuses whatever changes what is said of the log. It accepts lines of unknown keys and good lines repeated
  in a note; a cosignature or a published checkpoint left out (nothing says which there were); blanks in keys.json and
  witnesses.json; another key in witnesses.json while --witness is given; parts removed (length 0), but it has to count
  them; and an older whole state of the log, which only --against shows.
- verify.go promises tile/, the checkpoints and the log's signatures on them, no more. So it accepts changes in
  private/, keys.json, witnesses.json and further files beside them, whatever entries say, cosignatures that fail, and a
  bad line of the log's key behind a good one (Go's note package reads the first only).
"""
import argparse
import io
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from random import Random
from typing import NamedTuple

import forge
import generate
import verify
from generate import Files
from mutations import EXPORT, PROOF, ProofSort
from trial import ACCEPT, REFUSE, UNASKED, UNPROVEN, USAGE, Trial


class Good(NamedTuple):
    export: Files
    proofs: Files
    logs: tuple[str, ...]
    witnesses: tuple[str, ...]


def random_trials(good: Good, rng: Random) -> Iterator[tuple[str, Trial | None]]:
    """One of each sort; None where in many tries nothing was changed."""
    def first(make: Callable[[], Trial | None], unchanged: Files) -> Trial | None:
        trials = (make() for _ in range(50))
        return next((trial for trial in trials if trial and (trial.files != unchanged or trial.logs)), None)

    for name, sort in EXPORT.items():
        trial = first(lambda sort=sort: sort(rng, good.export), good.export)  # type: ignore[misc]
        if trial and not trial.go:
            changed = {name for name, _ in trial.files.items() ^ good.export.items()}
            promised = any(name == "checkpoint" or name.startswith(("tile/", "checkpoints/")) for name in changed)
            trial = trial._replace(go=REFUSE if promised else ACCEPT)
        yield f"export: {name}", trial
    def of_any_proof(sort: ProofSort) -> Trial | None:
        target = rng.choice(sorted(good.proofs))
        trial = sort(rng, good.proofs, target)
        return trial and trial._replace(proof=target, go=trial.go or REFUSE)

    for name, proof_sort in PROOF.items():
        yield f"proof: {name}", first(lambda sort=proof_sort: of_any_proof(sort), good.proofs)  # type: ignore[misc]


def all_trials(good: Good, seed: int, rounds: int) -> Iterator[tuple[str, Trial | None]]:
    rng = Random(seed)
    unchanged = Trial(good.export, ACCEPT, ACCEPT)
    yield "unchanged", unchanged
    for name in good.proofs:
        yield "unchanged", Trial(good.proofs, ACCEPT, ACCEPT, proof=name)
    for name, trial in forge.trials(rng):
        yield f"forged {name}", trial
    for _ in range(rounds):
        yield from random_trials(good, rng)
    yield "unchanged", unchanged


class Stage:
    """A directory that takes on one set of files after the other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.present: Files = {}

    def show(self, files: Files) -> None:
        for name in self.present.keys() - files.keys():
            (self.folder / name).unlink()
        generate.write({name: raw for name, raw in files.items() if self.present.get(name) != raw}, self.folder)
        self.present = files


def ask_python(arguments: list[str]) -> tuple[str, str]:
    with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as fault:
        try:
            code = verify.main(arguments)
        except SystemExit as stop:  # by argparse
            code = int(stop.code or 0)
        except Exception as error:  # a crash is no refusal
            return f"crashed with {error!r}", ""
    if code == 1 and re.fullmatch("not whole: .+\n", fault.getvalue()) is None:
        return "refused without saying why", fault.getvalue()
    return {0: ACCEPT, 1: REFUSE, 2: USAGE, 3: UNPROVEN}.get(code, f"exit {code}"), out.getvalue() + fault.getvalue()


def ask_go(arguments: list[str]) -> tuple[str, str]:
    try:
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=60)
    except subprocess.TimeoutExpired:
        return "no answer", ""
    if done.returncode == 1 and not done.stderr.startswith("not whole: "):
        return "refused without saying why", done.stderr
    return {0: ACCEPT, 1: REFUSE}.get(done.returncode, f"exit {done.returncode}"), done.stdout + done.stderr


class Asker:
    def __init__(self, good: Good, go: list[str], folder: Path) -> None:
        self.good, self.go, self.folder = good, go, folder
        self.stages: dict[str, Stage] = {}

    def __call__(self, trial: Trial) -> Iterator[tuple[str, str, str]]:
        """For each verifier: its name, its verdict, and what is wrong with that."""
        mode = "proof" if trial.proof else "export"
        stage = self.stages.setdefault(mode, Stage(self.folder / mode))
        stage.show(trial.files)
        path = str(stage.folder / trial.proof)
        stage.folder.mkdir(exist_ok=True)
        logs = self.good.logs if trial.logs is None else trial.logs
        witnesses = self.good.witnesses if trial.witnesses is None else trial.witnesses
        options = [f"--key={key}" for key in logs] + [f"--witness={key}" for key in witnesses]
        if trial.against:
            (self.folder / "against").write_bytes(trial.against)
            options.append(f"--against={self.folder / 'against'}")
        verdict, printed = ask_python([mode, path, *options])
        wrong = verdict != trial.python or not re.search(trial.says, printed)
        due = f"should be {trial.python} saying {trial.says!r}"
        yield "verify.py", verdict, f"{due}: {printed.strip()}" if wrong else ""
        if self.go and trial.go != UNASKED:
            verdict, printed = ask_go([*self.go, mode, path, *logs])
            wrong = verdict != trial.go or trial.says.startswith("redacted") and trial.says not in printed
            yield "verify.go", verdict, f"should be {trial.go}: {printed.strip()}" if wrong else ""


def find_holes(trials: list[tuple[str, Trial | None]], ask: Asker) -> int:
    """Takes one check after the other out of verify.py: each has to be missed by a trial."""
    source = Path(verify.__file__).read_text()
    lines = [number for number, line in enumerate(source.splitlines(), 1) if line.lstrip().startswith("need(")]
    need, missed = verify.need, 0
    for hole in lines:
        def leaky(condition: object, fault: str, hole: int = hole) -> None:
            if sys._getframe(1).f_lineno != hole:
                need(condition, fault)

        verify.need = leaky
        if not any(wrong for _, trial in trials if trial for _, _, wrong in ask(trial)):
            missed += 1
            print(f"not missed: line {hole}: {source.splitlines()[hole - 1].strip()}")
    verify.need = need
    print(f"{len(lines)} checks of verify.py taken out one by one, {missed} not missed")
    return missed


def read(folder: Path) -> Files:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("export", type=Path, help="small, but of several tiles, with removed parts")
    parser.add_argument("proofs", type=Path, help="directory of proof files")
    parser.add_argument("--key", action="append", required=True)
    parser.add_argument("--witness", action="append", required=True)
    parser.add_argument("--go", nargs="+", help="command of the Go verifier")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5, help="mutations of each sort")
    parser.add_argument("--skip", action="append", default=[], metavar="sort", help="that this export has no place for")
    parser.add_argument("--holes", action="store_true", help="instead see that every check of verify.py is needed")
    given = parser.parse_args()
    good = Good(read(given.export), read(given.proofs), tuple(given.key), tuple(given.witness))
    made: dict[str, Counter[str]] = {}
    failures = []
    with tempfile.TemporaryDirectory() as folder:
        ask = Asker(good, [] if given.holes else given.go, Path(folder))
        trials = all_trials(good, given.seed, given.rounds)
        if given.holes:
            return 1 if find_holes(list(trials), ask) else 0
        for name, trial in trials:
            tally = made.setdefault(name, Counter())
            for verifier, verdict, wrong in ask(trial) if trial else ():
                tally[f"{verifier} {verdict}"] += 1
                if wrong:
                    failures.append(f"{name}: {verifier} {verdict}, {wrong}")
    for name, tally in made.items():
        print(f"{name}: {', '.join(f'{count} {what}' for what, count in sorted(tally.items())) or 'none made'}")
        if not tally and name not in given.skip:
            failures.append(f"{name}: none made")
    total = sum(made.values(), Counter[str]())
    print(f"{len(made)} sorts: {', '.join(f'{count} {what}' for what, count in sorted(total.items()))}")
    print(*(f"FAILED {failure}" for failure in failures), sep="\n", end="\n" * bool(failures), file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
