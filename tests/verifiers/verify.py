#!/usr/bin/env python3
"""Verifies an audit trail from its bytes alone: an export directory, or the proof file of one entry.

Exit: 0 whole and proven, 1 not whole, 2 usage, 3 consistent but not proven.
"""
import argparse
import json
import re
import sys
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

HASH, TILE = 32, 256
LOG_KEY, WITNESS_KEY = 0x01, 0x04
PUBLIC_LIMIT, PRIVATE_LIMIT = 8 << 10, 16 << 10
KINDS = frozenset("""
    log.created log.closed clock.jumped auth.signed_in auth.refused auth.refused_many session.ended token.issued
    token.revoked credential.changed lookup search verification export statistics.released resident.created
    resident.corrected resident.restricted resident.erased import.batch notice.published notice.delivered task.opened
    task.closed delegation.granted delegation.revoked assignment.granted assignment.ended agreement.granted
    agreement.ended emergency.declared emergency.reviewed emergency.ended disclosure.registered policy.proposed
    policy.approved policy.activated policy.rejected tenant.created tenant.moved area.created area.changed
    premises.created premises.corrected person.created service.created ticket.created device.enrolled device.lost
    device.revoked key.rotated key.destroyed key.unsealed trail.read trail.exported trail.pruned dispute.opened
    dispute.decided request.opened request.answered finding.raised finding.reviewed supervision.noted embargo.set
    embargo.ended backup.made backup.restored witness.unreachable witness.disagreed""".split())


class Fault(ValueError):
    """The first thing found that is not whole."""


class Key(NamedTuple):
    name: str
    id: bytes
    type: int
    public: bytes


class Checkpoint(NamedTuple):
    origin: str
    size: int
    root: bytes
    signers: dict[Key, int]  # with the cosignature's time, 0 for a log key


@contextmanager
def within(place: str) -> Iterator[None]:
    try:
        yield
    except Fault as fault:
        raise Fault(f"{place}: {fault}") from None


def need(condition: object, fault: str) -> None:
    if not condition:
        raise Fault(fault)


# Strict text forms: each value has exactly one spelling, so that no two files say the same in different bytes.

def decimal(text: str) -> int:
    need(re.fullmatch("0|[1-9][0-9]{0,18}", text) and int(text) < 1 << 63, f"not a decimal: {text!r}")
    return int(text)


def base64(text: str) -> bytes:
    try:
        raw = b64decode(text, validate=True)
    except ValueError:
        raise Fault(f"not base64: {text[:80]!r}") from None
    need(b64encode(raw).decode() == text, f"base64 with stray bits: {text[:80]!r}")
    return raw


def digest(text: str) -> bytes:
    need(len(raw := base64(text)) == HASH, "hash is not of 32 bytes")
    return raw


# JSON

def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    units = [name.encode("utf-16-be") for name, _ in pairs]  # RFC 8785 sorts by UTF-16 code units
    if any(a >= b for a, b in zip(units, units[1:], strict=False)):
        raise Fault("members repeated or not sorted")
    return dict(pairs)


def integer(text: str) -> int:
    need(len(text) < 18 and text != "-0" and abs(int(text)) < 1 << 53, f"integer has no exact form: {text[:40]}")
    return int(text)


def refuse(text: str) -> Any:
    raise Fault(f"number is not an integer: {text[:40]}")


def plain(value: Any, booleans: bool) -> bool:
    if isinstance(value, dict):
        return all(plain(item, booleans) for item in value.values())
    if isinstance(value, list):
        return all(plain(item, booleans) for item in value)
    return isinstance(value, (str, int)) and (booleans or not isinstance(value, bool))


DECODER = json.JSONDecoder(object_pairs_hook=members, parse_int=integer, parse_float=refuse, parse_constant=refuse)
ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def parse(raw: bytes) -> dict[str, Any]:
    try:
        value = DECODER.decode(raw.decode())
        need(isinstance(value, dict) and plain(value, booleans=True), "not an object, or null in it")
    except RecursionError:
        raise Fault("JSON too deep") from None
    except (json.JSONDecodeError, UnicodeError) as error:
        raise Fault(f"not JSON in UTF-8: {error}") from None
    return dict(value)


def canonical(raw: bytes, limit: int) -> dict[str, Any]:
    need(len(raw) <= limit, f"longer than {limit} bytes")
    value = parse(raw)
    need(ENCODER.encode(value) == raw.decode(), "not canonical JSON")
    return value


# Entries

def is_text(value: Any) -> bool:
    return isinstance(value, str)


def matches(pattern: str) -> Callable[[Any], bool]:
    whole = re.compile(pattern, re.ASCII).fullmatch
    return lambda value: isinstance(value, str) and whole(value) is not None


TIME = matches(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
ORIGIN = matches("[a-z0-9._-]+/[a-z0-9._-]+(/([2-9]|[1-9][0-9]+))?")
CONSENT = matches("consent[.][a-z_]+")
HEX16, HEX32 = matches("[0-9a-f]{32}"), matches("[0-9a-f]{64}")


def is_time(value: Any) -> bool:
    try:
        return TIME(value) and bool(datetime.fromisoformat(value))
    except ValueError:
        return False


def is_origin(value: Any) -> bool:
    return ORIGIN(value) and len(value) <= 128


def is_who(value: Any) -> bool:
    return (isinstance(value, dict) and value.keys() <= {"type", "role", "department", "area", "through"}
            and all(map(is_text, value.values()))
            and value.get("type") in {"person", "service", "resident", "device", "system"})


def is_field_group(value: Any) -> bool:
    return (isinstance(value, list) and len(value) == 4 and all(map(is_text, value[:3])) and value[0] != "absent"
            and isinstance(value[3], list) and all(map(is_text, value[3])))


MEMBERS: dict[str, Callable[[Any], bool]] = {
    "v": lambda value: type(value) is int and value == 1,
    "log": is_origin,
    "seq": lambda value: type(value) is int and value >= 0,
    "prev": HEX32,
    "at": is_time,
    "salt": HEX16,
    "kind": lambda value: is_text(value) and value in KINDS or CONSENT(value),
    "who": is_who,
    "action": is_text, "purpose": is_text, "basis": is_text, "reason": is_text,
    "fields": lambda value: isinstance(value, list) and all(map(is_field_group, value)),
    "obligations": lambda value: plain(value, booleans=False),
    "result": matches("allowed|partial|denied|failed"),
    "about": lambda value: isinstance(value, dict),
    "policy": HEX32,
    "private": HEX32,
}
REQUIRED = {"v", "log", "seq", "prev", "at", "salt", "kind", "who", "private"}


def public_part(raw: bytes, origin: str, seq: int) -> dict[str, Any]:
    """What an entry must be on its own; its place in the chain is for the caller."""
    entry = canonical(raw, PUBLIC_LIMIT)
    need(not (lost := REQUIRED - entry.keys()), f"members missing: {' '.join(sorted(lost))}")
    need(entry.keys() <= MEMBERS.keys(), "members that the format does not know")
    for name, value in entry.items():
        need(MEMBERS[name](value), f"bad {name}")
    need(entry["log"] == origin, f"is of log {entry['log']}")
    need(entry["seq"] == seq, f"its seq is {entry['seq']}")
    need((entry["kind"] == "log.created") == (seq == 0), "log.created is entry 0 and no other")
    need("about" not in entry or entry["kind"] in {"log.created", "log.closed", "key.rotated"}, "about in this kind")
    if seq == 0:
        need(entry.get("about", {}).keys() <= {"synthetic", "former", "keys", "reason", "signatures"}, "bad about")
        need(entry["prev"] == bytes(HASH).hex(), "prev of entry 0 is not zeros")
    return entry


def private_part(raw: bytes, committed: str) -> None:
    need(sha256(b"\x02" + raw).hexdigest() == committed, "private part is not the one committed to")
    need(HEX16(canonical(raw, PRIVATE_LIMIT).get("salt")), "private part: bad salt")


# Tree: level k holds the hashes of all complete subtrees of 2^k leaves, end to end

def node(children: bytes) -> bytes:
    return sha256(b"\x01" + children).digest()


def grow(leaves: bytes) -> list[bytes]:
    levels = [leaves]
    while len(below := levels[-1]) >= 2 * HASH:
        pairs = range(0, len(below) - HASH, 2 * HASH)
        levels.append(b"".join(node(below[at:at + 2 * HASH]) for at in pairs))
    return levels


def root_at(levels: Sequence[bytes], size: int) -> bytes:
    """Root of the first `size` leaves: its complete subtrees, one a set bit of the size, joined from the right."""
    root = b""
    for k, hashes in enumerate(levels):
        if size >> k & 1:
            end = (size >> k) * HASH
            left = hashes[end - HASH:end]
            root = node(left + root) if root else left
    return root or sha256(b"").digest()


def root_from_proof(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """RFC 9162 section 2.1.3.2."""
    need(index < size, "index is not below the checkpoint's size")
    at, last, root = index, size - 1, leaf
    for sibling in proof:
        need(last, "inclusion proof too long")
        if at & 1 or at == last:
            root = node(sibling + root)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            root = node(root + sibling)
        at, last = at >> 1, last >> 1
    need(not last, "inclusion proof too short")
    return root


def tiles(count: int) -> Iterator[tuple[int, int]]:
    """Number and width of each tile over `count` hashes or entries."""
    return ((n, min(TILE, count - n * TILE)) for n in range(-(-count // TILE)))


def tile_path(folder: str, n: int, width: int) -> str:
    path = f"{n % 1000:03}"
    while n := n // 1000:
        path = f"x{n % 1000:03}/{path}"
    return f"{folder}/{path}" + (f".p/{width}" if width < TILE else "")


def unframe(name: str, raw: bytes, count: int) -> list[bytes]:
    parts, at = [], 0
    for _ in range(count):
        start = at + 2
        at = start + int.from_bytes(raw[at:start], "big")
        parts.append(raw[start:at])
    need(at == len(raw), f"{name}: length is not that of its {count} entries")
    return parts


# Keys, notes, checkpoints

def is_key_name(name: str) -> bool:
    return name.isprintable() and re.fullmatch(r"[^\s+]+", name) is not None


def verifier_key(text: str) -> Key:
    name, _, rest = text.partition("+")
    id_hex, _, encoded = rest.partition("+")
    raw = base64(encoded)
    id = sha256(name.encode() + b"\n" + raw).digest()[:4]
    need(is_key_name(name) and raw and id.hex() == id_hex, f"not a verifier key: {text!r}")
    need(raw[0] not in (LOG_KEY, WITNESS_KEY) or len(raw) == 33, f"not an Ed25519 key: {text!r}")
    return Key(name, id, raw[0], raw[1:])


def log_key(text: str) -> Key:
    need((key := verifier_key(text)).type == LOG_KEY and is_origin(key.name), f"not a log's key: {text!r}")
    return key


def witness_key(text: str) -> Key:
    need((key := verifier_key(text)).type == WITNESS_KEY, f"not a cosignature/v1 key: {text!r}")
    return key


def open_note(raw: bytes, known: set[Key]) -> tuple[str, dict[Key, int]]:
    """The text and who signed it. A line of an unknown (name, id) is ignored, a known key that fails is a fault."""
    keys = {(key.name, key.id): key for key in known}
    need(len(keys) == len(known), "two keys of one name and id")
    try:
        note = raw.decode()
    except UnicodeError:
        raise Fault("note is not UTF-8") from None
    need(not re.search(r"[\x00-\x09\x0b-\x1f]", note), "control character in a note")
    text, gap, block = note.rpartition("\n\n")
    text, (*lines, rest) = text + "\n", block.split("\n")
    need(gap and lines and not rest, "not a signed note")
    signers: dict[Key, int] = {}
    for line in lines:
        form = re.fullmatch(r"— ([^\s+]+) (\S+)", line)
        if form is None:
            raise Fault(f"not a signature line: {line[:80]!r}")
        need(len(blob := base64(form[2])) > 4, "signature too short")
        key = keys.get((form[1], blob[:4]))
        if key is None:
            continue
        message, signature, time = text.encode(), blob[4:], 0
        if key.type == WITNESS_KEY:
            time, signature = int.from_bytes(signature[:8], "big"), signature[8:]
            need(time < 1 << 63, f"cosignature of {key.name}: time out of range")
            message = f"cosignature/v1\ntime {time}\n".encode() + message
        try:
            Ed25519PublicKey.from_public_bytes(key.public).verify(signature, message)
        except InvalidSignature:
            raise Fault(f"signature of {key.name} fails") from None
        signers[key] = time
    return text, signers


def open_checkpoint(raw: bytes, known: set[Key]) -> Checkpoint:
    text, signers = open_note(raw, known)
    need(text.count("\n") == 3, "a checkpoint has three lines")
    origin, size, root, _ = text.split("\n")
    need(any(key.type == LOG_KEY and key.name == origin for key in signers), "no signature by a known key of the log")
    return Checkpoint(origin, decimal(size), digest(root), signers)


def listed_keys(raw: bytes) -> dict[Key, range]:
    """The log keys in keys.json, with the sizes that each may sign."""
    listed, keys = parse(raw), {}
    forms = ({"keys", "origin"}, {"keys", "origin", "receipts"})
    need(listed.keys() in forms and isinstance(listed["keys"], list), "unknown form")
    # Keys that sign receipts sign no checkpoint.
    need(all(is_text(key) for key in listed.get("receipts", [])), "unknown form")
    for item in listed["keys"]:
        need(isinstance(item, dict) and {"from", "key"} <= item.keys() <= {"from", "key", "to"}, "unknown form")
        first, last = item["from"], item.get("to", (1 << 63) - 1)
        need(is_text(item["key"]) and type(first) is int and type(last) is int and 0 <= first <= last, "unknown form")
        need((key := log_key(item["key"])).name == listed["origin"] and key not in keys, "key of another log, or twice")
        keys[key] = range(first, last + 1)
    return keys


def listed_witnesses(raw: bytes) -> list[Key]:
    listed, keys = parse(raw), []
    need(listed.keys() == {"witnesses"} and isinstance(listed["witnesses"], list), "unknown form")
    for item in listed["witnesses"]:
        need(isinstance(item, dict) and item.keys() == {"key", "name"} and is_text(item["key"]), "unknown form")
        keys.append(verifier_key(item["key"]))
        need(keys[-1].name == item["name"] and keys[-1].type != LOG_KEY, "key of another name, or of a log")
    return keys


# The two things that can be verified

def read_entries(read: Callable[[str], bytes], origin: str, size: int) -> tuple[bytes, Counter[str]]:
    """The leaf hashes, and how much of the entries could not be seen."""
    leaves, unseen = bytearray(), Counter[str]()
    before, time = bytes(HASH), ""
    for n, width in tiles(size):
        path = tile_path("tile/0", n, width)
        hashes = read(path)
        need(len(hashes) == width * HASH, f"{path}: wrong length")
        path = tile_path("tile/entries", n, width)
        publics = unframe(path, read(path), width)
        path = tile_path("private", n, width)
        privates = unframe(path, read(path), width)
        for i, (public, private) in enumerate(zip(publics, privates, strict=True)):
            seq, leaf = n * TILE + i, hashes[i * HASH:(i + 1) * HASH]
            with within(f"entry {seq}"):
                if public:
                    need(sha256(b"\0" + public).digest() == leaf, "not the entry that the tree has")
                    entry = public_part(public, origin, seq)
                    need(entry["prev"] == before.hex(), "prev is not the leaf hash before")
                    need(entry["at"] >= time, "at goes back")
                    time = entry["at"]
                    if private:
                        private_part(private, entry["private"])
                elif private:
                    unseen["unproven"] += 1  # what commits to it was removed
            unseen["redacted"] += not public
            unseen["removed"] += not private
            before = leaf
        leaves += hashes
    return bytes(leaves), unseen


def verify_export(folder: Path, given: list[Key], witnesses: list[Key], earlier: bytes | None) -> int:
    unread = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}

    def read(name: str) -> bytes:
        need(name in unread, f"{name}: missing")
        unread.remove(name)
        return (folder / name).read_bytes()

    with within("keys.json"):
        logs = listed_keys(read("keys.json"))
        need(set(given) <= logs.keys(), "does not list the key given")
    with within("witnesses.json"):
        listed = listed_witnesses(read("witnesses.json"))
    known = {*logs, *witnesses, *(key for key in listed if key.type == WITNESS_KEY)}
    cosigned: dict[Key, Checkpoint] = {}

    def checkpoint(name: str, raw: bytes) -> Checkpoint:
        with within(name):
            head = open_checkpoint(raw, known)
            need(any(head.size in logs.get(key, ()) for key in head.signers), "signed by no key that may at this size")
        for key in head.signers.keys() - logs.keys():
            cosigned[key] = max(head, cosigned.get(key, head), key=lambda seen: seen.size)
        return head

    head = checkpoint("checkpoint", read("checkpoint"))
    need(not given or set(given) & head.signers.keys(), "checkpoint: not signed by the key given")
    leaves, unseen = read_entries(read, head.origin, head.size)
    levels = grow(leaves)
    need(root_at(levels, head.size) == head.root, "checkpoint: root is not the tree's")
    for level in range(8, len(levels), 8):
        for n, width in tiles(head.size >> level):
            path = tile_path(f"tile/{level // 8}", n, width)
            first = n * TILE * HASH
            need(read(path) == levels[level][first:first + width * HASH], f"{path}: not the tree's hashes")
    published = {name: decimal(name.partition("/")[2]) for name in sorted(unread) if name.startswith("checkpoints/")}
    heads = {name: checkpoint(name, read(name)) for name in published}
    if earlier is not None:
        heads["earlier checkpoint"] = checkpoint("earlier checkpoint", earlier)
    for name, old in heads.items():
        need(old.size == published.get(name, old.size), f"{name}: is of size {old.size}")
        need(old.size <= head.size, f"{name}: larger than the tree")
        need(root_at(levels, old.size) == old.root, f"{name}: root is not the tree's at its size")
    need(not unread, f"not asked for by the size: {min(unread, default='')!r}")

    print(f"origin {head.origin}\nsize {head.size}\nroot {b64encode(head.root).decode()}")
    print(f"redacted {unseen['redacted']}\nprivate parts removed {unseen['removed']}")
    if unseen["unproven"]:
        print(f"private parts that nothing proves, their public part being removed: {unseen['unproven']}")
    print(f"published checkpoints {len(published)}")
    print_cosigners(cosigned, witnesses)
    for key in set(listed) - known:
        print(f"not checked: cosignatures of {key.name}, its key is of type {key.type}")
    seen = [cosigned[key].size for key in witnesses if key in cosigned]
    seen += [] if earlier is None else [heads["earlier checkpoint"].size]
    return verdict(bool(given), max(seen, default=-1), head.size, unseen["redacted"])


def verify_proof(raw: bytes, given: list[Key], witnesses: list[Key]) -> int:
    header, _, note = raw.partition(b"\n\n")
    form = re.fullmatch(rb"c2sp\.org/tlog-proof@v1\nextra ([^\n]+)\nindex ([^\n]+)((?:\n[^\n]+)*)", header)
    if form is None or not header.isascii():
        raise Fault("not a proof file with the entry in it")
    extra, number, hashes = (group.decode() for group in form.groups())
    index, proof = decimal(number), [digest(line) for line in hashes.split("\n")[1:]]
    head, public = open_checkpoint(note, {*given, *witnesses}), base64(extra)
    root = root_from_proof(sha256(b"\0" + public).digest(), index, head.size, proof)
    need(root == head.root, "the entry is not in the checkpoint's tree at its index")
    entry = public_part(public, head.origin, index)
    print(f"origin {head.origin}\nsize {head.size}\nroot {b64encode(head.root).decode()}")
    print(f"entry {index}: {entry['kind']} at {entry['at']}")
    cosigned = {key: head for key in head.signers if key.type == WITNESS_KEY}
    print_cosigners(cosigned, witnesses)
    return verdict(True, head.size if cosigned else -1, head.size, 0)


def print_cosigners(cosigned: dict[Key, Checkpoint], trusted: list[Key]) -> None:
    for key, head in sorted(cosigned.items()):
        source = "" if key in trusted else " (by the export's own list of witnesses: proves nothing)"
        print(f"cosigned by {key.name} up to size {head.size}, unix time {head.signers[key]}{source}")


def verdict(key_given: bool, seen: int, size: int, redacted: int) -> int:
    """`seen` is the largest size that others saw too. What was seen of an empty tree says nothing of a larger one."""
    witnessed = seen >= min(size, 1)
    if not key_given:
        print("consistent, but origin not proven: the keys are the export's own word")
    elif not witnessed:
        print("consistent and signed, but not proven to be what others see: no cosignature, no earlier checkpoint")
    else:
        print("whole and proven" + (f", from entry {seen} on by the log's word only" if seen < size else "")
              + (f", but for {redacted} redacted" if redacted else ""))
    return 0 if key_given and witnessed else 3


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    modes = parser.add_subparsers(dest="mode", required=True)
    for mode, path in ("export", "directory"), ("proof", "file"):
        options = modes.add_parser(mode)
        options.add_argument("path", metavar=path, type=Path)
        options.add_argument("--key", type=log_key, action="append", default=[], required=mode == "proof")
        options.add_argument("--witness", type=witness_key, action="append", default=[])
        if mode == "export":
            options.add_argument("--against", metavar="checkpoint", type=Path, help="one that was seen earlier")
    given = parser.parse_args(arguments)
    try:
        if given.mode == "proof":
            return verify_proof(given.path.read_bytes(), given.key, given.witness)
        if not given.path.is_dir():
            parser.error(f"{given.path} is not a directory")
        earlier = given.against.read_bytes() if given.against else None
        return verify_export(given.path, given.key, given.witness, earlier)
    except Fault as fault:
        print(f"not whole: {fault}", file=sys.stderr)
        return 1
    except OSError as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
