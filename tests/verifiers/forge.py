"""Logs with one thing wrong, and every hash and signature right: what a faulty or lying log could publish itself."""
from base64 import b64encode
from collections.abc import Callable, Collection, Iterable, Iterator
from hashlib import sha256
from random import Random
from typing import Any

import generate
from generate import START, Files, Keys, Members, Parts, Signer
from trial import ACCEPT, REFUSE, UNASKED, UNPROVEN, USAGE, Trial, stray

ORIGIN, COUNT = "synthetic/forged", 12

# Fault that has to be named, and the change in an entry's members before it is spelt, hashed and linked.
EDITS: dict[str, tuple[str, Callable[[Members], Any]]] = {
    "seq skips": ("its seq is", lambda e: e.update(seq=e["seq"] + 1)),
    "seq as words": ("bad seq", lambda e: e.update(seq=str(e["seq"]))),
    "prev of another": ("prev is not the leaf hash before", lambda e: e.update(prev="ab" * 32)),
    "prev in upper case": ("bad prev", lambda e: e.update(prev=e["prev"].upper())),
    "at goes back": ("at goes back", lambda e: e.update(at=START.isoformat(timespec="microseconds") + "Z")),
    "at in seconds": ("bad at", lambda e: e.update(at="2027-03-01T07:00:00Z")),
    "at with an offset": ("bad at", lambda e: e.update(at="2027-03-01T07:00:00.000000+00:00")),
    "at with a blank": ("bad at", lambda e: e.update(at="2027-03-01 07:00:00.000000Z")),
    "at on no day": ("bad at", lambda e: e.update(at="2027-02-30T07:00:00.000000Z")),
    "at in other digits": ("bad at", lambda e: e.update(at="２027-03-01T07:00:00.000000Z")),
    "another log": ("is of log", lambda e: e.update(log="synthetic/other")),
    "no log's name": ("bad log", lambda e: e.update(log=ORIGIN + "/1")),
    "unknown kind": ("bad kind", lambda e: e.update(kind="lookup.all")),
    "kind of a consent event without its name": ("bad kind", lambda e: e.update(kind="consent.")),
    "kind as a list": ("bad kind", lambda e: e.update(kind=["lookup"])),
    "log.created again": ("log.created is entry 0", lambda e: e.update(kind="log.created")),
    "other version": ("bad v", lambda e: e.update(v=2)),
    "version true": ("bad v", lambda e: e.update(v=True)),
    "unknown member": ("does not know", lambda e: e.update(actor="x")),
    "null": ("null", lambda e: e.update(reason=None)),
    "null within": ("null", lambda e: e.update(obligations=[{"a": [None]}])),
    "float": ("not an integer", lambda e: e.update(obligations=[{"a": 1.5}])),
    "integer without exact form": ("no exact form", lambda e: e.update(obligations=[1 << 53])),
    "integer of 5000 digits": ("no exact form", lambda e: e.update(obligations=[int("9" * 4200) * 10])),
    "boolean": ("bad obligations", lambda e: e.update(obligations=[{"a": True}])),
    "salt short": ("bad salt", lambda e: e.update(salt=e["salt"][:-2])),
    "salt in upper case": ("bad salt", lambda e: e.update(salt="AB" * 16)),
    "who without type": ("bad who", lambda e: e["who"].pop("type")),
    "who of unknown type": ("bad who", lambda e: e["who"].update(type="robot")),
    "who with a name": ("bad who", lambda e: e["who"].update(name="x")),
    "who with a number": ("bad who", lambda e: e["who"].update(role=7)),
    "who as text": ("bad who", lambda e: e.update(who="person")),
    "unknown result": ("bad result", lambda e: e.update(result="ok")),
    "action as a number": ("bad action", lambda e: e.update(action=7)),
    "field group of three": ("bad fields", lambda e: e["fields"][0].pop()),
    "field group with a number": ("bad fields", lambda e: e["fields"][0][3].append(7)),
    "field group with outcome absent": ("bad fields", lambda e: e["fields"].append(["absent", "r", "f", ["name"]])),
    "policy short": ("bad policy", lambda e: e.update(policy="ab")),
    "about in a lookup": ("about in this kind", lambda e: e.update(kind="lookup", about={})),
    "about as a list": ("bad about", lambda e: e.update(kind="log.closed", about=[])),
    "private digest of another": ("not the one committed to", lambda e: e.update(private="ab" * 32)),
    "longer than 8 KiB": ("longer than 8192", lambda e: e.update(reason="x" * 8192)),
} | {f"without {name}": (f"members missing: {name}", lambda e, name=name: e.pop(name))
     for name in ("v", "log", "seq", "prev", "at", "salt", "kind", "who", "private")}

EDITS_OF_THE_FIRST: dict[str, tuple[str, Callable[[Members], Any]]] = {
    "of another kind": ("log.created is entry 0", lambda e: e.update(kind="log.closed")),
    "prev not zeros": ("prev of entry 0", lambda e: e.update(prev="ab" * 32)),
    "unknown member in about": ("bad about", lambda e: e["about"].update(owner="x")),
}

# Other spellings of the same, or of what no canonical form has.
SPELLINGS: dict[str, tuple[str, str, str]] = {
    "blank": ("not canonical", '"v":1', '"v": 1'),
    "newline behind": ("not canonical", '"type":"person"}}', '"type":"person"}}\n'),
    "needless escape": ("not canonical", '"person"', '"\\u0070erson"'),
    "escaped slash": ("not canonical", "synthetic/forged", "synthetic\\/forged"),
    "escape in upper case": ("not canonical", '"purpose":"care"', '"purpose":"\\u001F"'),
    "long form of a short escape": ("not canonical", '"purpose":"care"', '"purpose":"\\u000a"'),
    "escaped letter": ("not canonical", '"purpose":"care"', '"purpose":"\\u00e9"'),
    "lone surrogate": ("not canonical", '"purpose":"care"', '"purpose":"\\ud800"'),
    "members not sorted": ("not sorted", '"within":30', '"notify2":1,"a":1'),
    "members sorted by code point": ("not sorted", '"within":30', '"\ue000":1,"\U0001f600":1'),
    "member repeated": ("not sorted", '"within":30', '"within":30,"within":30'),
    "minus zero": ("no exact form", '"within":30', '"within":-0'),
    "exponent": ("not an integer", '"within":30', '"within":3e1'),
    "fraction": ("not an integer", '"within":30', '"within":30.0'),
    "leading zero": ("not JSON", '"within":30', '"within":030'),
    "no number": ("not an integer", '"within":30', '"within":NaN'),
    "raw control character": ("not JSON", '"purpose":"care"', '"purpose":"\n"'),
    "byte order mark": ("not JSON", '{"action"', '\ufeff{"action"'),
    "more behind": ("not JSON", '"type":"person"}}', '"type":"person"}}{}'),
    "too deep": ("too deep", '"within":30', '"within":' + "[" * 3500 + "]" * 3500),
}

GOOD_SPELLINGS = {
    "members sorted by UTF-16": ('"within":30', '"within":30,"\U0001f600":1,"\ue000":1'),
    "escapes": ('"purpose":"care"', '"purpose":"\\b\\t\\n\\f\\r\\"\\\\\\u001f/\x7f\u2028é"'),
    "integers": ('"within":30', '"within":[-9007199254740991,9007199254740991,0]'),
    "event of a consent": ('"kind":"lookup"', '"kind":"consent.withdrawn"'),
}

# Text of a checkpoint, of which {o} is the origin, {n} the size and {r} the root.
TEXTS: dict[str, tuple[str, str]] = {
    "leading zero": ("not a decimal", "{o}\n0{n}\n{r}\n"),
    "plus": ("not a decimal", "{o}\n+{n}\n{r}\n"),
    "blank behind": ("not a decimal", "{o}\n{n} \n{r}\n"),
    "other digits": ("not a decimal", "{o}\n１２\n{r}\n"),
    "size of 2^63": ("not a decimal", "{o}\n9223372036854775808\n{r}\n"),
    "size of 2^63 - 1": ("missing", "{o}\n9223372036854775807\n{r}\n"),
    "size of 2^62": ("missing", "{o}\n4611686018427387904\n{r}\n"),
    "extension line": ("three lines", "{o}\n{n}\n{r}\nmore\n"),
    "empty line": ("three lines", "{o}\n{n}\n{r}\n\n"),
    "origin missing": ("three lines", "{n}\n{r}\n"),
    "root missing": ("three lines", "{o}\n{n}\n"),
    "other origin": ("known key of the log", "{o}x\n{n}\n{r}\n"),
    "other root": ("root is not the tree's", "{o}\n{n}\n" + "A" * 43 + "=\n"),
    "root with stray bits": ("stray bits", "{o}\n{n}\n{stray}\n"),
    "root without padding": ("not base64", "{o}\n{n}\n{r:.43}\n"),
    "root too short": ("32 bytes", "{o}\n{n}\n{r:.40}\n"),
    "root too long": ("32 bytes", "{o}\n{n}\nAAAA{r}\n"),
    "root in hex": ("32 bytes", "{o}\n{n}\n" + "ab" * 32 + "\n"),
}


SALT = b"00112233445566778899aabbccddeeff"
PRIVATE_PARTS = {
    "not canonical": ("not canonical", b'{"salt": "%s"}' % SALT),
    "null": ("null", b'{"salt":"%s","task":null}' % SALT),
    "no salt": ("bad salt", b"{}"),
    "an array": ("not an object", b"[]"),
    "not UTF-8": ("not JSON", b"\xff"),
    "longer than 16 KiB": ("longer than 16384", b'{"salt":"%s","task":"%s"}' % (SALT, b"x" * 16384)),
}


def shown(files: Files, keys: Keys, python: str = REFUSE, go: str = ACCEPT, says: str = "") -> Trial:
    """What entries say, and who cosigned, is nothing to verify.go: most often it accepts."""
    return Trial(files, python, go, says, verifiers(keys.logs), verifiers(keys.witnesses))


def verifiers(signers: Iterable[Signer]) -> tuple[str, ...]:
    return tuple(signer.verifier for signer in signers)


def edited(rng: Random, at: int, edit: Callable[[Members], Any] = lambda entry: None,
           spelling: tuple[str, str] = ("", "")) -> Parts:
    """A chain with one entry changed in its members or in its bytes."""
    def only(entry: Members) -> None:
        entry["kind"] = "lookup" if entry["seq"] else "log.created"  # so that a spelling knows what it finds
        if entry["seq"] == at:
            edit(entry)

    def spell(seq: int, raw: bytes) -> bytes:
        old, new = (text.encode() for text in spelling)
        assert seq != at or old in raw
        return raw.replace(old, new, 1) if seq == at else raw

    return generate.chain(COUNT, ORIGIN, rng, only, spell)


def trials(rng: Random) -> Iterator[tuple[str, Trial]]:
    keys, at = generate.new_keys(ORIGIN), rng.randrange(2, COUNT - 1)
    yield from of_entries(rng, keys, at)
    yield from of_private_parts(rng, keys, at)
    yield from of_removals(rng, keys, at)
    yield from of_proofs(rng, keys, at)
    parts = generate.chain(COUNT, ORIGIN, rng)
    yield from of_checkpoints(rng, keys, parts)
    yield from of_rotations(parts)
    yield from of_keys(rng, keys, parts)
    for size in 0, 1, 2, 3, 255, 256, 257, 511, 512, 513:
        files = generate.export(generate.chain(size, ORIGIN, rng), keys, {size - 1, size // 2} - {-1})
        yield f"good: of size {size}", shown(files, keys, ACCEPT, says=f"size {size}\n")


def of_entries(rng: Random, keys: Keys, at: int) -> Iterator[tuple[str, Trial]]:
    for name, (fault, edit) in EDITS.items():
        yield f"entry: {name}", shown(generate.export(edited(rng, at, edit), keys), keys, says=f"entry {at}: .*{fault}")
    for name, (fault, edit) in EDITS_OF_THE_FIRST.items():
        yield f"entry 0: {name}", shown(generate.export(edited(rng, 0, edit), keys), keys, says=f"entry 0: {fault}")
    for name, (fault, *spelling) in SPELLINGS.items():
        parts = edited(rng, at, spelling=(spelling[0], spelling[1]))
        yield f"entry: {name}", shown(generate.export(parts, keys), keys, says=f"entry {at}: .*{fault}")
    for name, good in GOOD_SPELLINGS.items():
        yield f"good entry: {name}", shown(generate.export(edited(rng, at, spelling=good), keys), keys, ACCEPT)


def of_private_parts(rng: Random, keys: Keys, at: int) -> Iterator[tuple[str, Trial]]:
    for name, (fault, raw) in PRIVATE_PARTS.items():
        def private(seq: int, good: bytes, bad: bytes = raw) -> bytes:
            return bad if seq == at else good

        parts = generate.chain(COUNT, ORIGIN, rng, private=private)
        yield f"private part: {name}", shown(generate.export(parts, keys), keys, says=f"entry {at}: .*{fault}")


def of_removals(rng: Random, keys: Keys, at: int) -> Iterator[tuple[str, Trial]]:
    def early(entry: Members) -> None:
        entry["at"] = "2026-01-01T00:00:00.000000Z"

    def without(parts: Parts, gone: Collection[int]) -> Files:
        return generate.export(parts, keys, redacted=gone, removed=gone)

    parts = generate.chain(COUNT, ORIGIN, rng)
    yield "good: pruned", shown(without(parts, range(at)), keys, ACCEPT, says=f"redacted {at}\n")
    yield "pruned: link of the first kept", shown(
        without(edited(rng, at, EDITS["prev of another"][1]), range(at)), keys, says="prev is not")
    yield "removed: at goes back behind it", shown(
        without(edited(rng, at, early), {at - 1}), keys, says="at goes back")
    yield "good: public part removed, private part kept", shown(
        generate.export(parts, keys, redacted={at}), keys, ACCEPT, says="their public part being removed: 1\n")


def of_proofs(rng: Random, keys: Keys, at: int) -> Iterator[tuple[str, Trial]]:
    def proof(parts: Parts, fault: str) -> Trial:
        return shown(generate.proofs(parts, keys, [at], [COUNT]), keys, says=fault)._replace(proof=f"{at}.tlog-proof")

    for name in "seq skips", "another log", "null", "log.created again":
        fault, edit = EDITS[name]
        yield f"proof: {name}", proof(edited(rng, at, edit), fault)
    yield "proof: blank", proof(edited(rng, at, spelling=('"v":1', '"v": 1')), "not canonical")

    # A log may sign any root for any size: the length of the path has to be held against the size.
    def lying(parts: Parts, index: int, path: list[bytes], size: int, root: bytes, fault: str) -> Trial:
        signed = generate.sign(generate.head_text(ORIGIN, size, root), keys.logs, keys.witnesses)
        file = {"x.tlog-proof": generate.proof_file(parts[at][0], index, path, signed)}
        return shown(file, keys, go=REFUSE, says=fault)._replace(proof="x.tlog-proof")

    parts = edited(rng, at, lambda entry: entry.update(seq=at + 16))
    tree = generate.tree_of(parts)
    path, root = tree.proof(at, 0, COUNT), tree.root(0, COUNT)
    yield "proof: index beyond the size, the entry agreeing", lying(parts, at + 16, path, COUNT, root, "not below")
    parts = generate.chain(COUNT, ORIGIN, rng)
    tree = generate.tree_of(parts)
    path, root = tree.proof(at, 0, COUNT), tree.root(0, COUNT)
    higher = sha256(b"\x01" + bytes(32) + root).digest()
    yield "proof: too long for the size", lying(parts, at, [*path, bytes(32)], COUNT, higher, "too long")
    yield "proof: too short for the size", lying(parts, at, path, COUNT * 4, root, "too short")
    yield "proof: in a tree of 2^63 - 1", lying(parts, at, path, (1 << 63) - 1, root, "too short")


def of_checkpoints(rng: Random, keys: Keys, parts: Parts) -> Iterator[tuple[str, Trial]]:
    tree, base = generate.tree_of(parts), generate.export(parts, keys, [3, 8])
    root = b64encode(tree.root(0, COUNT))
    for name, (fault, form) in TEXTS.items():
        text = form.format(o=ORIGIN, n=COUNT, r=root.decode(), stray=stray(root).decode())
        signed = generate.sign(text.encode(), keys.logs)
        yield f"checkpoint: {name}", shown(base | {"checkpoint": signed}, keys, go=REFUSE, says=fault)

    fork = generate.head(generate.tree_of(generate.chain(COUNT, ORIGIN, rng)), 8, keys, keys.witnesses)
    yield "fork: published checkpoint of another history", shown(
        base | {"checkpoints/8": fork}, keys, go=REFUSE, says="root is not the tree's")
    yield "fork: --against a checkpoint of another history", shown(
        base, keys, says="root is not the tree's")._replace(against=fork)
    lie = generate.sign(generate.head_text(ORIGIN, 8, tree.root(0, 5)), keys.logs)
    yield "published checkpoint that names another size", shown(
        base | {"checkpoints/5": lie}, keys, go=REFUSE, says="is of size 8")
    larger = {f"checkpoints/{COUNT}": generate.head(tree, COUNT, keys, [])}
    yield "published checkpoint larger than the tree", shown(
        generate.export(parts[:9], keys) | larger, keys, go=REFUSE, says="larger than the tree")

    head = generate.head_text(ORIGIN, COUNT, tree.root(0, COUNT))
    for time, python, says in ((0, ACCEPT, "time 0"), ((1 << 63) - 1, ACCEPT, "time 9223372036854775807"),
                               (1 << 63, REFUSE, "time out of range")):
        signed = generate.sign(head, keys.logs, keys.witnesses, time)
        yield f"cosignature at {time}", shown(base | {"checkpoint": signed}, keys, python, says=says)
    signed = generate.sign(head, [*keys.logs, keys.witnesses[0]])
    yield "witness signs like a log", shown(base | {"checkpoint": signed}, keys, says="witness1")


def of_rotations(parts: Parts) -> Iterator[tuple[str, Trial]]:
    keys = generate.new_keys(ORIGIN, rotated=5)
    tree, base = generate.tree_of(parts), generate.export(parts, keys, [3, 5, 8])
    good, old, new = shown(base, keys, ACCEPT), Keys(keys.logs[:1], keys.witnesses), keys.logs[1].verifier
    yield "good: rotated", good
    yield "good: rotated, newest key given", good._replace(logs=(new,), go=UNASKED)
    yield "rotated, old key given", good._replace(
        logs=verifiers(old.logs), python=REFUSE, go=UNASKED, says="not signed by the key given")
    signed = {"checkpoints/8": generate.head(tree, 8, old, [])}
    yield "rotated: old key signs on", shown(base | signed, keys, says="no key that may")
    signed = {"checkpoint": generate.head(tree, COUNT, old, old.witnesses)}
    yield "rotated: old key signs the newest", shown(base | signed, keys, says="no key that may")
    listed = {"keys.json": generate.canonical({"keys": [{"from": 0, "key": new}], "origin": ORIGIN})}
    yield "rotated: keys.json leaves out a key given", shown(
        generate.export(parts, keys, [5, 8]) | listed, keys, says="does not list")


def of_keys(rng: Random, keys: Keys, parts: Parts) -> Iterator[tuple[str, Trial]]:
    base = generate.export(parts, keys, [3, 8])

    def listed(*publics: bytes) -> Files:
        texts = [keys.logs[0].verifier, *(generate.verifier_text(ORIGIN, public) for public in publics)]
        items = [{"from": 0, "key": text} for text in texts]
        return base | {"keys.json": generate.canonical({"keys": items, "origin": ORIGIN})}

    yield "good: keys.json with a further key", shown(listed(b"\x01" + rng.randbytes(32)), keys, ACCEPT)
    yield "keys.json: key too short", shown(listed(b"\x01" + rng.randbytes(31)), keys, says="Ed25519")
    yield "keys.json: two keys of one id", shown(listed(*same_id(rng)), keys, says="two keys of one name and id")
    strange = generate.verifier_text("witness6.example/w", b"\x06" + rng.randbytes(1312))
    side = {"witnesses.json": generate.canonical({"witnesses": [{"key": strange, "name": "witness6.example/w"}]})}
    yield "good: witness key of a type to come", shown(base | side, keys, ACCEPT, says="not checked")

    good = shown(base, keys, ACCEPT)
    yield "good: --against instead of a witness", good._replace(witnesses=(), against=base["checkpoints/8"])
    unseen = generate.head(generate.tree_of(parts), COUNT, keys, [])
    yield "good: cosigned at an earlier size", shown(
        base | {"checkpoint": unseen}, keys, ACCEPT, says="from entry 8 on by the log's word only")
    bare = generate.export(parts, keys, [0]) | {"checkpoint": unseen}
    yield "cosigned at size 0 only", shown(bare, keys, UNPROVEN, says="no cosignature")
    yield "no key given", good._replace(logs=(), python=UNPROVEN, go=UNASKED, says="origin not proven")
    yield "no witness given", good._replace(witnesses=(), python=UNPROVEN, says="no cosignature")
    stranger = generate.new_signer("witness3.example/w", generate.WITNESS)
    yield "witness that did not cosign", good._replace(witnesses=(stranger.verifier,), python=UNPROVEN)
    for text in "", "x", f"{ORIGIN}+00000000+AQ==", keys.witnesses[0].verifier, keys.logs[0].verifier + "=":
        yield "no log's key given", good._replace(logs=(text,), python=USAGE, go=UNASKED)
    other = generate.new_signer(ORIGIN + "/2", generate.LOG).verifier
    yield "keys of two logs given", good._replace(
        logs=(other, keys.logs[0].verifier), python=REFUSE, go=REFUSE, says="does not list")
    yield "log's key given as a witness", good._replace(witnesses=verifiers(keys.logs), python=USAGE, go=UNASKED)


def same_id(rng: Random) -> tuple[bytes, bytes]:
    """Two public keys of one key id: four bytes are soon found twice."""
    seen: dict[bytes, bytes] = {}
    while True:
        public = b"\x01" + rng.randbytes(32)
        if (other := seen.setdefault(generate.key_id(ORIGIN, public), public)) != public:
            return other, public
