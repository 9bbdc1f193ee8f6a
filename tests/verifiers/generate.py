#!/usr/bin/env python3
"""Makes a synthetic export with keys of its own, and proof files for some of its entries.

Hashes and proofs follow the recursive definitions of RFC 6962, so that they share nothing with a verifier's loops.
"""
import argparse
import json
import random
from base64 import b64encode
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

LOG, WITNESS = b"\x01", b"\x04"
START = datetime(2026, 3, 1, 7)
Members = dict[str, Any]
Parts = list[tuple[bytes, bytes]]
Files = dict[str, bytes]


class Signer(NamedTuple):
    name: str
    id: bytes
    verifier: str
    secret: Ed25519PrivateKey


def new_signer(name: str, type: bytes) -> Signer:
    secret = Ed25519PrivateKey.generate()
    public = type + secret.public_key().public_bytes_raw()
    return Signer(name, key_id(name, public), verifier_text(name, public), secret)


def key_id(name: str, public: bytes) -> bytes:
    return sha256(name.encode() + b"\n" + public).digest()[:4]


def verifier_text(name: str, public: bytes) -> str:
    """Of a public key with its type before it."""
    return f"{name}+{key_id(name, public).hex()}+{b64encode(public).decode()}"


def signature_line(signer: Signer, raw: bytes) -> bytes:
    return f"— {signer.name} {b64encode(signer.id + raw).decode()}\n".encode()


def sign(text: bytes, logs: Collection[Signer], witnesses: Collection[Signer] = (), time: int = 1_772_350_000) -> bytes:
    lines = [signature_line(log, log.secret.sign(text)) for log in logs]
    for witness in witnesses:
        message = b"cosignature/v1\ntime %d\n" % time + text
        lines.append(signature_line(witness, time.to_bytes(8, "big") + witness.secret.sign(message)))
    return text + b"\n" + b"".join(lines)


# Entries

def canonical(value: Members) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def private_members(rng: random.Random, kind: str) -> Members:
    task = rng.randbytes(16).hex()
    return {
        "salt": rng.randbytes(16).hex(),
        "actor": {name: rng.randbytes(16).hex() for name in ("id", "assignment", "session")},
        "subject": {"type": rng.choice(["person", "premises", "ticket"]), "tag": rng.randbytes(16).hex()},
        "basis_ref": task, "task": task,
        "facts": {"rev": rng.randrange(1, 9000), "record_rev": rng.randrange(1, 40), "relation": "assigned",
                  "duty": "on", "posture": "normal", "task_state": "open", "age_class": "adult", "flags": []},
        "state": {f"{kind.partition('.')[0]}/{task}": f"{rng.randrange(1, 40)}:{rng.randbytes(32).hex()}"},
        "request": rng.randbytes(16).hex(),
        "detail": {"fields": rng.randrange(1, 12), "word": "Straße \"7b\""},
    }


def public_members(rng: random.Random, origin: str, seq: int, at: datetime) -> Members:
    kind = rng.choice(["lookup", "lookup", "lookup", "search", "verification", "consent.given", "task.opened"])
    entry: Members = {
        "v": 1, "log": origin, "seq": seq, "at": at.isoformat(timespec="microseconds") + "Z",
        "salt": rng.randbytes(16).hex(), "kind": kind if seq else "log.created",
        "who": {"type": "person", "role": "nurse", "department": "home-care", "area": "north", "through": "portal"},
        "action": "read", "purpose": "care", "basis": "task",
        "fields": [["allowed", "care.basic", "full", ["name", "address", "phone"]],
                   ["denied", "care.health", "no_consent", ["diagnosis"]]],
        "obligations": [{"notify": "resident", "within": 30}], "result": "partial",
        "policy": sha256(b"policy").hexdigest(),
    }
    if not seq:
        entry["about"] = {"synthetic": True}
    return entry


def chain(count: int, origin: str, rng: random.Random,
          edit: Callable[[Members], None] | None = None, spell: Callable[[int, bytes], bytes] | None = None,
          private: Callable[[int, bytes], bytes] | None = None) -> Parts:
    """Linked entries. What `edit`, `spell` and `private` change is hashed and linked as if it were right."""
    parts: Parts = []
    before, at = bytes(32), START
    for seq in range(count):
        at += timedelta(microseconds=rng.randrange(40_000_000))
        entry = public_members(rng, origin, seq, at)
        hidden = canonical(private_members(rng, entry["kind"]))
        hidden = private(seq, hidden) if private else hidden
        entry |= {"prev": before.hex(), "private": sha256(b"\x02" + hidden).hexdigest()}
        if edit:
            edit(entry)
        raw = spell(seq, canonical(entry)) if spell else canonical(entry)
        before = sha256(b"\x00" + raw).digest()
        parts.append((raw, hidden))
    return parts


# Tree

class Tree:
    def __init__(self, leaves: Sequence[bytes]) -> None:
        @cache
        def root(first: int, end: int) -> bytes:
            if end - first < 2:
                return leaves[first] if first < end else sha256(b"").digest()
            middle = first + split(end - first)
            return sha256(b"\x01" + root(first, middle) + root(middle, end)).digest()

        def proof(index: int, first: int, end: int) -> list[bytes]:
            if end - first == 1:
                return []
            middle = first + split(end - first)
            if index < middle:
                return [*proof(index, first, middle), root(middle, end)]
            return [*proof(index, middle, end), root(first, middle)]

        self.size = len(leaves)
        self.root, self.proof = root, proof


def split(count: int) -> int:
    """The largest power of two below the count."""
    return 1 << (count - 1).bit_length() - 1


def tree_of(parts: Parts) -> Tree:
    return Tree([sha256(b"\x00" + public).digest() for public, _ in parts])


def tile_name(n: int, width: int) -> str:
    *high, low = f"{n:,}".split(",")
    groups = [f"x{int(group):03}/" for group in high] + [f"{int(low):03}"]
    return "".join(groups) + (f".p/{width}" if width < 256 else "")


def tile_files(parts: Parts, tree: Tree, redacted: Collection[int] = (), removed: Collection[int] = ()) -> Files:
    def bundle(index: int, gone: Collection[int], first: int) -> bytes:
        raws = [b"" if seq in gone else part[index] for seq, part in enumerate(parts[first:first + 256], first)]
        return b"".join(len(raw).to_bytes(2, "big") + raw for raw in raws)

    files = {}
    for n in range(-(-tree.size // 256)):
        name = tile_name(n, min(256, tree.size - n * 256))
        files[f"tile/entries/{name}"] = bundle(0, redacted, n * 256)
        files[f"private/{name}"] = bundle(1, removed, n * 256)
    level, span = 0, 1
    while hashes := [tree.root(at, at + span) for at in range(0, tree.size - span + 1, span)]:
        for n in range(-(-len(hashes) // 256)):
            tile = hashes[n * 256:n * 256 + 256]
            files[f"tile/{level}/{tile_name(n, len(tile))}"] = b"".join(tile)
        level, span = level + 1, span * 256
    return files


# Exports and proofs

class Keys(NamedTuple):
    logs: list[Signer]  # the newest last
    witnesses: list[Signer]
    rotated: int = 0    # size of the checkpoint that two logs' keys signed


def new_keys(origin: str, rotated: int = 0) -> Keys:
    logs = [new_signer(origin, LOG) for _ in range(2 if rotated else 1)]
    return Keys(logs, [new_signer(f"witness{i}.example/w", WITNESS) for i in (1, 2)], rotated)


def head_text(origin: str, size: int, root: bytes) -> bytes:
    return f"{origin}\n{size}\n{b64encode(root).decode()}\n".encode()


def head(tree: Tree, size: int, keys: Keys, witnesses: Collection[Signer]) -> bytes:
    logs = keys.logs if size == keys.rotated else keys.logs[-1:] if size > keys.rotated else keys.logs[:1]
    return sign(head_text(keys.logs[0].name, size, tree.root(0, size)), logs, witnesses, 1_772_350_000 + size)


def side_files(keys: Keys) -> Files:
    listed: list[Members] = [{"from": 0, "key": keys.logs[-1].verifier}]
    if keys.rotated:
        listed = [{"from": 0, "key": keys.logs[0].verifier, "to": keys.rotated},
                  {"from": keys.rotated, "key": keys.logs[1].verifier}]
    witnesses = [{"key": witness.verifier, "name": witness.name} for witness in keys.witnesses]
    return {"keys.json": canonical({"keys": listed, "origin": keys.logs[0].name}),
            "witnesses.json": canonical({"witnesses": witnesses})}


def export(parts: Parts, keys: Keys, sizes: Collection[int] = (), redacted: Collection[int] = (),
           removed: Collection[int] = ()) -> Files:
    """Every published checkpoint has both cosignatures, every second only the first; the newest has the first."""
    tree = tree_of(parts)
    files = tile_files(parts, tree, redacted, removed) | side_files(keys)
    for i, size in enumerate(sorted(sizes)):
        files[f"checkpoints/{size}"] = head(tree, size, keys, keys.witnesses[:1 + (i + 1) % 2])
    files["checkpoint"] = head(tree, tree.size, keys, keys.witnesses[:1])
    return files


def proof_file(public: bytes, index: int, hashes: Sequence[bytes], checkpoint: bytes) -> bytes:
    lines = [b"c2sp.org/tlog-proof@v1", b"extra " + b64encode(public), b"index %d" % index, *map(b64encode, hashes)]
    return b"\n".join(lines) + b"\n\n" + checkpoint


def proofs(parts: Parts, keys: Keys, seqs: Collection[int], sizes: Collection[int]) -> Files:
    """A proof of each entry, in the smallest of the sizes that covers it."""
    tree, files = tree_of(parts), {}
    for seq in seqs:
        size = min(size for size in sizes if size > seq)
        checkpoint = head(tree, size, keys, keys.witnesses)
        files[f"{seq}.tlog-proof"] = proof_file(parts[seq][0], seq, tree.proof(seq, 0, size), checkpoint)
    return files


def write(files: Files, folder: Path) -> None:
    for name, raw in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(raw)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="gets export/, proofs/ and keys/")
    parser.add_argument("entries", type=int)
    parser.add_argument("--rotate", action="store_true", help="the log changes its key on the way")
    parser.add_argument("--seed", type=int, default=1, help="of the entries; the keys are fresh each time")
    given = parser.parse_args()
    rng, count, origin = random.Random(given.seed), given.entries, "synthetic/north"
    rotated = count * 2 // 5 if given.rotate else 0
    keys = new_keys(origin, rotated)

    def edit(entry: Members) -> None:
        if rotated and entry["seq"] == rotated - 1:
            entry |= {"kind": "key.rotated", "about": {"new": keys.logs[1].verifier, "old": keys.logs[0].verifier}}

    parts = chain(count, origin, rng, edit)
    sizes = {size for size in (1, 2, 255, 256, 257, 512, rotated, count, *range(count // 8, count, count // 8 or 1))
             if 0 < size <= count}
    some = rng.sample(range(1, count), min(count - 1, 40))
    redacted, removed = set(some[:4]), set(some[:12])  # who removes a public part removes the private one too
    seqs = {0, count // 3, count // 2, count - 1, *some[12:]}
    write(export(parts, keys, sizes, redacted, removed), given.folder / "export")
    write(proofs(parts, keys, seqs, sizes), given.folder / "proofs")
    named = {"log": keys.logs[-1], "witness1": keys.witnesses[0], "witness2": keys.witnesses[1]}
    if rotated:
        named["log.old"] = keys.logs[0]
    write({f"{name}.vkey": f"{key.verifier}\n".encode() for name, key in named.items()}, given.folder / "keys")


if __name__ == "__main__":
    main()
