"""Mutations of a good export and of good proof files, each with what the verifiers must do with it."""
import json
import random
import re
from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Any, NamedTuple

import generate
from generate import LOG, WITNESS, Files, Members
from trial import ACCEPT, REFUSE, Trial, stray

Random = random.Random
Sort = Callable[[Random, Files], Trial | None]            # None where this export has no place for it
ProofSort = Callable[[Random, Files, str], Trial | None]  # is given the name of the proof to mutate
EXPORT: dict[str, Sort] = {}
PROOF: dict[str, ProofSort] = {}


def to_export(name: str) -> Callable[[Sort], None]:
    return lambda sort: EXPORT.update({name: sort})


def to_proof(name: str) -> Callable[[ProofSort], None]:
    return lambda sort: PROOF.update({name: sort})


# Changes of bytes and of sequences

def flip(rng: Random, raw: bytes) -> bytes:
    at, bit = rng.randrange(len(raw)), 1 << rng.randrange(8)
    return raw[:at] + bytes([raw[at] ^ bit]) + raw[at + 1:]


def insert(rng: Random, raw: bytes) -> bytes:
    at = rng.randrange(len(raw))
    return raw[:at] + rng.randbytes(1) + raw[at:]


def truncate(rng: Random, raw: bytes) -> bytes:
    return raw[:rng.randrange(len(raw))]


def extend(rng: Random, raw: bytes) -> bytes:
    return raw + rng.randbytes(rng.choice([1, 2, 32]))


def drop(rng: Random, items: list[bytes]) -> list[bytes]:
    at = rng.randrange(len(items))
    return items[:at] + items[at + 1:]


def double(rng: Random, items: list[bytes]) -> list[bytes]:
    at = rng.randrange(len(items))
    return items[:at + 1] + items[at:]


def swap(rng: Random, items: list[bytes]) -> list[bytes]:
    a, b = sorted(rng.choices(range(len(items)), k=2))
    return items if a == b else [*items[:a], items[b], *items[a + 1:b], items[a], *items[b + 1:]]


def overwrite(rng: Random, items: list[bytes]) -> list[bytes]:
    at = rng.randrange(len(items))
    return [*items[:at], rng.choice(items), *items[at + 1:]]


# Tiles and bundles

FOLDERS = {"hash tile": r"tile/\d+/", "entry bundle": "tile/entries/", "private bundle": "private/"}


def hashes(raw: bytes) -> list[bytes]:
    return [raw[at:at + 32] for at in range(0, len(raw), 32)]


def frames(raw: bytes) -> list[bytes]:
    parts, at = [], 0
    while at < len(raw):
        end = at + 2 + int.from_bytes(raw[at:at + 2], "big")
        parts.append(raw[at:end])
        at = end
    return parts


def is_removed(frame: bytes) -> bool:
    return frame == b"\0\0"


def named(files: Files, pattern: str) -> list[str]:
    return sorted(name for name in files if re.match(pattern, name))


def without(files: Files, gone: str) -> Files:
    return {name: raw for name, raw in files.items() if name != gone}


def removals(files: Files, folder: str) -> str:
    """What has to be printed of the parts removed."""
    words = "private parts removed" if folder == "private/" else "redacted"
    return f"{words} {sum(is_removed(frame) for name in named(files, folder) for frame in frames(files[name]))}\n"


def with_bundle(files: Files, name: str, raw: bytes) -> Trial:
    """To empty a part is to remove it, and nothing proves a private part whose public part is removed."""
    folder = "private/" if name.startswith("private/") else "tile/entries/"
    before, after, changed = frames(files[name]), frames(raw), files | {name: raw}
    public = frames(files[name.replace("private/", "tile/entries/")])
    in_form = len(before) == len(after) and all(len(frame) == 2 + int.from_bytes(frame[:2], "big") for frame in after)
    if in_form and all(old == new or is_removed(new) or folder == "private/" and is_removed(entry)
                       for old, new, entry in zip(before, after, public, strict=True)):
        return Trial(changed, ACCEPT, ACCEPT, removals(changed, folder))
    return Trial(changed)


def with_file(files: Files, name: str, raw: bytes) -> Trial:
    return Trial(files | {name: raw}) if re.match(r"tile/\d", name) else with_bundle(files, name, raw)


def add_file_sorts(kind: str, pattern: str) -> None:
    parse = hashes if kind == "hash tile" else frames

    def bytewise(change: Callable[[Random, bytes], bytes]) -> Sort:
        def sort(rng: Random, files: Files) -> Trial:
            name = rng.choice(named(files, pattern))
            return with_file(files, name, change(rng, files[name]))
        return sort

    def itemwise(change: Callable[[Random, list[bytes]], list[bytes]]) -> Sort:
        return bytewise(lambda rng, raw: b"".join(change(rng, parse(raw))))

    for change in flip, insert, truncate, extend:
        EXPORT[f"{kind}: {change.__name__}"] = bytewise(change)
    for op in drop, double, swap, overwrite:
        EXPORT[f"{kind}: {op.__name__} one in it"] = itemwise(op)

    @to_export(f"{kind}: replaced by another")
    def _(rng: Random, files: Files) -> Trial:
        one, other = rng.sample(named(files, pattern), 2)
        return with_file(files, one, files[other])

    @to_export(f"{kind}: file removed")
    def _(rng: Random, files: Files) -> Trial:
        return Trial(without(files, rng.choice(named(files, pattern))))


for _kind, _pattern in FOLDERS.items():
    add_file_sorts(_kind, _pattern)


@to_export("hash tile: the newest with a hash behind")
def _(rng: Random, files: Files) -> Trial:
    name = named(files, r"tile/0/")[-1]
    return Trial(files | {name: files[name] + rng.randbytes(32)})


@to_export("entries of two bundles swapped")
def _(rng: Random, files: Files) -> Trial:
    one, other = rng.sample(named(files, "tile/entries/"), 2)
    first, second = frames(files[one]), frames(files[other])
    i, j = rng.randrange(len(first)), rng.randrange(len(second))
    first[i], second[j] = second[j], first[i]
    return Trial(files | {one: b"".join(first), other: b"".join(second)})


@to_export("neighbours reordered with their hashes and private parts")
def _(rng: Random, files: Files) -> Trial:
    name = rng.choice(named(files, "tile/entries/")).removeprefix("tile/entries/")
    changed = files.copy()
    at = rng.randrange(max(1, len(frames(files[f"tile/entries/{name}"])) - 1))
    for folder, parse in ("tile/0", hashes), ("tile/entries", frames), ("private", frames):
        items = parse(files[f"{folder}/{name}"])
        changed[f"{folder}/{name}"] = b"".join([*items[:at], *items[at:at + 2][::-1], *items[at + 2:]])
    return Trial(changed)


@to_export("part removed")
def _(rng: Random, files: Files) -> Trial:
    name = rng.choice(named(files, "private/|tile/entries/"))
    items = frames(files[name])
    items[rng.randrange(len(items))] = b"\0\0"
    return with_bundle(files, name, b"".join(items))


@to_export("removed part filled in from another")
def _(rng: Random, files: Files) -> Trial | None:
    places = [(name, at) for name in named(files, "private/|tile/entries/")
              for at, frame in enumerate(frames(files[name])) if is_removed(frame)]
    if not places:
        return None
    name, at = rng.choice(places)
    items = frames(files[name])
    items[at] = rng.choice(items)
    return with_bundle(files, name, b"".join(items))


def newest(files: Files) -> int:
    return int(files["checkpoint"].split(b"\n")[1])


def size_of(name: str) -> int:
    return int(name.removeprefix("checkpoints/"))


def older(rng: Random, files: Files) -> str:
    return rng.choice([name for name in named(files, "checkpoints/") if 0 < size_of(name) < newest(files)])


def cut(files: Files, size: int) -> Files:
    """The same but with the tiles and bundles of a smaller tree."""
    folders = {"tile/entries/": (frames, size), "private/": (frames, size)}
    folders |= {f"tile/{level}/": (hashes, size >> 8 * level) for level in range(8) if size >> 8 * level}
    kept = {name: raw for name, raw in files.items() if not name.startswith(("tile/", "private/"))}
    for folder, (parse, count) in folders.items():
        names = sorted(named(files, folder), key=lambda name: name.partition(".p/")[0])
        items = [item for name in names for item in parse(files[name])][:count]
        for n, first in enumerate(range(0, count, 256)):
            tile = items[first:first + 256]
            kept[folder + generate.tile_name(n, len(tile))] = b"".join(tile)
    return kept


def rolled_back(rng: Random, files: Files) -> Files:
    name = older(rng, files)
    return {other: raw for other, raw in (cut(files, size_of(name)) | {"checkpoint": files[name]}).items()
            if not other.startswith("checkpoints/") or size_of(other) <= size_of(name)}


@to_export("newest entries cut off")
def _(rng: Random, files: Files) -> Trial:
    return Trial(cut(files, rng.randrange(newest(files))))


@to_export("newest bundle and its tile removed")
def _(rng: Random, files: Files) -> Trial:
    last = named(files, "tile/entries/")[-1].removeprefix("tile/entries/")
    return Trial({name: raw for name, raw in files.items() if not name.endswith(f"/{last}")})


@to_export("checkpoint of a smaller size")
def _(rng: Random, files: Files) -> Trial:
    return Trial(files | {"checkpoint": files[older(rng, files)]})


@to_export("rolled back to an older whole state")
def _(rng: Random, files: Files) -> Trial:
    changed = rolled_back(rng, files)
    return Trial(changed, ACCEPT, ACCEPT, f"size {newest(changed)}")


@to_export("rolled back, --against what was seen")
def _(rng: Random, files: Files) -> Trial:
    return Trial(rolled_back(rng, files), go=ACCEPT, says="larger than the tree", against=files["checkpoint"])


@to_export("another key given")
def _(rng: Random, files: Files) -> Trial:
    origin = files["checkpoint"].split(b"\n")[0].decode()
    return Trial(files, go=REFUSE, logs=(generate.new_signer(origin, LOG).verifier,))


@to_export("file that the size does not ask for")
def _(rng: Random, files: Files) -> Trial:
    name = rng.choice(["tile/0/999", "tile/0/x001/000", "tile/0/000.p/255", "tile/1/998", "tile/1/999.p/1",
                       "tile/3/000", "tile/3/000.p/1", "tile/00/000", "tile/x", "tile/entries/999.p/4",
                       "tile/entries/000.p/1", "private/999", "private/000.p/7", "entries.json", "checkpoint.old"])
    return Trial(files | {name: files[rng.choice(named(files, "tile/"))]})


@to_export("side file removed")
def _(rng: Random, files: Files) -> Trial:
    return Trial(without(files, rng.choice(["checkpoint", "keys.json", "witnesses.json"])))


@to_export("published checkpoint left out")
def _(rng: Random, files: Files) -> Trial:
    return Trial(without(files, older(rng, files)), ACCEPT, ACCEPT)


@to_export("published checkpoint under another size")
def _(rng: Random, files: Files) -> Trial:
    name = older(rng, files)
    form = rng.choice(["checkpoints/{0}", "checkpoints/0{1}", "checkpoints/+{1}", "checkpoints/{1}.old"])
    return Trial(files | {form.format(size_of(name) + 1, size_of(name)): files[name]})


# Signed notes, alone and at the end of proof files

def log_lines(note: bytes) -> bytes:
    """How the lines of the log's keys begin."""
    return "— ".encode() + note.rpartition(b"\n\n")[0].split(b"\n")[-3] + b" "


def log_line_end(note: bytes) -> int:
    """All before it is signed, or needed. 0 where two keys of the log signed."""
    start = note.index(b"\n" + log_lines(note)) + 1
    return 0 if log_lines(note) in note[start + 1:] else note.index(b"\n", start) + 1


def notes(files: Files) -> list[str]:
    return ["checkpoint", *named(files, "checkpoints/")]


def edit_lines(note: bytes, edit: Callable[[list[bytes]], list[bytes]]) -> bytes:
    text, _, lines = note.rpartition(b"\n\n")
    return text + b"\n\n" + b"".join(edit(lines.splitlines(keepends=True)))


def with_blob(line: bytes, change: Callable[[bytes], bytes]) -> bytes:
    head, _, blob = line[:-1].rpartition(b" ")
    return head + b" " + b64encode(change(b64decode(blob))) + b"\n"


def noise(rng: Random, line: bytes) -> bytes:
    return with_blob(line, lambda blob: blob[:4] + rng.randbytes(64))


def unknown(rng: Random, length: int = 72) -> bytes:
    return "— stranger.example/w ".encode() + b64encode(rng.randbytes(4 + length)) + b"\n"


def add_note_sort(name: str, change: Callable[[Random, bytes], bytes], python: str = REFUSE, go: str = REFUSE) -> None:
    def sort(rng: Random, files: Files) -> Trial:
        note = rng.choice(notes(files))
        return Trial(files | {note: change(rng, files[note])}, python, go)

    EXPORT[f"note: {name}"] = sort
    PROOF[f"note: {name}"] = lambda rng, files, name: Trial(files | {name: change(rng, files[name])}, python, go)


def add_line_sort(whose: str, name: str, change: Callable[[Random, bytes], list[bytes]], python: str = REFUSE,
                  go: str = REFUSE) -> None:
    """Puts other lines in place of one signature line."""
    def change_one(rng: Random, note: bytes) -> bytes:
        def edit(lines: list[bytes]) -> list[bytes]:
            wanted = [at for at, line in enumerate(lines)
                      if whose == "any" or line.startswith(log_lines(note)) == (whose == "log")]
            at = rng.choice(wanted or [len(lines)])
            return [*lines[:at], *(change(rng, lines[at]) if wanted else []), *lines[at + 1:]]
        return edit_lines(note, edit)
    add_note_sort(f"{whose} line: {name}", change_one, python, go)


def add_note_sorts() -> None:
    line, whole = add_line_sort, add_note_sort
    line("log", "other bytes", lambda rng, line: [noise(rng, line)])
    line("log", "cut short", lambda rng, line: [with_blob(line, lambda blob: blob[:rng.randrange(4, 68)])])
    line("log", "bad one before it", lambda rng, line: [noise(rng, line), line])
    line("log", "bad one behind it", lambda rng, line: [line, noise(rng, line)], go=ACCEPT)
    line("witness", "flip in time or signature",
         lambda rng, line: [with_blob(line, lambda blob: blob[:4] + flip(rng, blob[4:]))], go=ACCEPT)
    line("witness", "cut short",
         lambda rng, line: [with_blob(line, lambda blob: blob[:rng.randrange(5, 76)])], go=ACCEPT)
    line("witness", "left out", lambda rng, line: [], ACCEPT, ACCEPT)
    line("witness", "other id", lambda rng, line: [with_blob(line, lambda blob: flip(rng, blob[:4]) + blob[4:])],
         ACCEPT, ACCEPT)
    line("any", "repeated", lambda rng, line: [line, line], ACCEPT, ACCEPT)
    line("any", "unknown one beside it", lambda rng, line: rng.sample([line, unknown(rng)], 2), ACCEPT, ACCEPT)
    line("any", "unknown longer one beside it", lambda rng, line: [unknown(rng, 2428), line], ACCEPT, ACCEPT)
    line("any", "unknown one with stray bits", lambda rng, line: [line, stray(unknown(rng)[:-1]) + b"\n"])
    line("any", "unknown one without signature", lambda rng, line: [line, unknown(rng, 0)])
    line("any", "unknown one with a plus in its name", lambda rng, line: [line, unknown(rng).replace(b".", b"+")])
    line("any", "unknown one with a control character", lambda rng, line: [line, unknown(rng).replace(b".", b"\a")])
    line("any", "stray bits", lambda rng, line: [stray(line[:-1]) + b"\n"])
    line("any", "no padding", lambda rng, line: [line.replace(b"=", b"")])
    line("any", "hyphen for the dash", lambda rng, line: [line.replace("—".encode(), b"-")])
    line("any", "two blanks", lambda rng, line: [line.replace(b" ", b"  ", 1)])
    line("any", "blank behind", lambda rng, line: [line[:-1] + b" \n"])
    line("any", "no signature line", lambda rng, line: [line, b"verified by hand\n"])
    whole("log's lines left out",
          lambda rng, note: edit_lines(note, lambda lines: [x for x in lines if not x.startswith(log_lines(note))]))
    whole("carriage returns", lambda rng, note: note.replace(b"\n", b"\r\n"))
    whole("no last newline", lambda rng, note: note[:-1])
    whole("newline behind", lambda rng, note: note + b"\n")
    whole("not UTF-8", lambda rng, note: note + "— ".encode()[:2] + b"\n")
    whole("control character", lambda rng, note: note[:-1] + b"\t\n")


add_note_sorts()


@to_export("note: flip or insert in what the log signed")
def _(rng: Random, files: Files) -> Trial | None:
    name, change = rng.choice(notes(files)), rng.choice([flip, insert])
    end = log_line_end(files[name])
    return Trial(files | {name: change(rng, files[name][:end]) + files[name][end:]}) if end else None


@to_export("note: lines of another checkpoint")
def _(rng: Random, files: Files) -> Trial | None:
    (text, _, _), (other, _, lines) = (files[name].rpartition(b"\n\n") for name in rng.sample(notes(files), 2))
    name = next(name for name in notes(files) if files[name].startswith(text + b"\n\n"))
    return Trial(files | {name: text + b"\n\n" + lines}) if text != other else None


@to_export("note: size spelt otherwise")
def _(rng: Random, files: Files) -> Trial:
    name, lead = rng.choice(notes(files)), rng.choice([b"0", b"+", b"-", b" "])
    return Trial(files | {name: files[name].replace(b"\n", b"\n" + lead, 1)})


# keys.json and witnesses.json

def add_side_sort(file: str, name: str, change: Callable[[Random, Members], Any], python: str = REFUSE) -> None:
    """The change is made in the value that it is given, or else gives bytes."""
    def sort(rng: Random, files: Files) -> Trial:
        value = json.loads(files[file])
        raw = change(rng, value)
        return Trial(files | {file: raw if isinstance(raw, bytes) else generate.canonical(value)}, python)
    EXPORT[f"{file}: {name}"] = sort


def other_character(rng: Random, text: str) -> str:
    at = rng.randrange(len(text))
    return text[:at] + rng.choice([c for c in "Az09+/=xé" if c != text[at]]) + text[at + 1:]


def other_key(item: Members, type: bytes) -> None:
    item["key"] = generate.new_signer(item["key"].partition("+")[0], type).verifier


def spaced(rng: Random, value: Members) -> bytes:
    return json.dumps(value, indent=rng.randrange(4), sort_keys=True).encode() + b"\n"


def respelt_bound(rng: Random, value: Members) -> bytes:
    bound = rng.choice(['0,"from":0', "-0", "0.0", "00", '"0"', "false", "null", "-1", "9007199254740992"])
    return generate.canonical(value).replace(b'"from":0', b'"from":' + bound.encode(), 1)


def add_side_sorts() -> None:
    def keys(name: str, change: Callable[[Random, list[Members]], Any]) -> None:
        add_side_sort("keys.json", name, lambda rng, value: change(rng, value["keys"]))

    def witnesses(name: str, change: Callable[[Random, Members], Any], python: str = REFUSE) -> None:
        add_side_sort("witnesses.json", name, lambda rng, value: change(rng, value["witnesses"][0]), python)

    for file in "keys.json", "witnesses.json":
        add_side_sort(file, "blanks", spaced, ACCEPT)
        add_side_sort(file, "unknown member", lambda rng, value: value.update(zone=1))
        add_side_sort(file, "no object", lambda rng, value: rng.choice([b"[]", b"", b"{", b"{}"]))
    add_side_sort("keys.json", "origin", lambda rng, value: value.update(origin=value["origin"] + "x"))
    add_side_sort("keys.json", "bound spelt otherwise", respelt_bound)
    keys("the given key replaced", lambda rng, items: other_key(items[-1], LOG))
    keys("key of a witness", lambda rng, items: other_key(items[0], WITNESS))
    keys("key of a witness besides", lambda rng, items: items.append(
        {"from": 0, "key": generate.new_signer(items[0]["key"].partition("+")[0], WITNESS).verifier}))
    keys("key of another log", lambda rng, items: items.append(
        {"from": 0, "key": generate.new_signer("other/log", LOG).verifier}))
    keys("character of a key", lambda rng, items: items[-1].update(key=other_character(rng, items[-1]["key"])))
    keys("key not yet good", lambda rng, items: items[-1].update({"from": 1 << 50}))
    keys("key no longer good", lambda rng, items: items[-1].update(to=items[-1]["from"] + 1))
    keys("key that ends before it begins", lambda rng, items: items.append(
        {"from": 5, "key": generate.new_signer(items[0]["key"].partition("+")[0], LOG).verifier, "to": 4}))
    keys("key twice", lambda rng, items: items.append(items[0]))
    keys("no keys", lambda rng, items: items.clear())
    keys("unknown member in a key", lambda rng, items: items[0].update(zone=1))
    keys("member missing", lambda rng, items: items[0].pop(rng.choice(["from", "key"])))
    witnesses("a key replaced, --witness given", lambda rng, item: other_key(item, WITNESS), ACCEPT)
    witnesses("key of a log", lambda rng, item: other_key(item, LOG))
    witnesses("character of a key", lambda rng, item: item.update(key=other_character(rng, item["key"])))
    witnesses("name", lambda rng, item: item.update(name=item["name"] + "x"))
    witnesses("member missing", lambda rng, item: item.pop(rng.choice(["name", "key"])))


add_side_sorts()


# Proof files

class Proof(NamedTuple):
    first: bytes
    extra: bytes
    number: bytes
    hashes: list[bytes]
    checkpoint: bytes

    def seq(self) -> int:
        return int(self.number.removeprefix(b"index "))


def read_proof(raw: bytes) -> Proof:
    head, _, checkpoint = raw.partition(b"\n\n")
    first, extra, number, *path = head.split(b"\n")
    return Proof(first, extra, number, path, checkpoint)


def proof_bytes(proof: Proof) -> bytes:
    lines = [line for line in (proof.first, proof.extra, proof.number, *proof.hashes) if line]
    return b"\n".join(lines) + b"\n\n" + proof.checkpoint


def add_proof_sort(name: str, change: Callable[[Random, Proof, Proof], Members]) -> None:
    """The change is given another proof of the set too, and gives the members to replace."""
    def sort(rng: Random, files: Files, name: str) -> Trial | None:
        one, other = read_proof(files[name]), read_proof(files[rng.choice(sorted(files))])
        if not one.hashes or one.number == other.number:
            return None
        return Trial(files | {name: proof_bytes(one._replace(**change(rng, one, other)))})
    PROOF[name] = sort


def add_proof_sorts() -> None:
    def hash_sort(name: str, change: Callable[[Random, list[bytes]], list[bytes]]) -> None:
        add_proof_sort(f"hashes: {name}", lambda rng, one, other: {"hashes": change(rng, one.hashes)})

    for op in drop, double, swap, overwrite:
        hash_sort(f"{op.__name__} one", op)
    hash_sort("one too many", lambda rng, lines: [*lines, b64encode(rng.randbytes(32))])
    hash_sort("stray bits", lambda rng, lines: [stray(lines[0]), *lines[1:]])
    hash_sort("one of another length", lambda rng, lines: [b64encode(b64decode(lines[0])[:31]), *lines[1:]])
    hash_sort("one longer", lambda rng, lines: [*lines[:-1], b64encode(b64decode(lines[-1]) + b"\0")])
    hash_sort("empty line between", lambda rng, lines: [b"\n" + lines[0], *lines[1:]])
    add_proof_sort("hashes: of another", lambda rng, one, other: {"hashes": other.hashes})
    add_proof_sort("index: one off", lambda rng, one, other: {
        "number": b"index %d" % abs(one.seq() + rng.choice([-1, 1]))})
    add_proof_sort("index: of another", lambda rng, one, other: {"number": other.number})
    add_proof_sort("index: beyond the size", lambda rng, one, other: {
        "number": b"index %d" % (one.seq() + (1 << rng.randrange(20, 80)))})
    add_proof_sort("index: spelt otherwise", lambda rng, one, other: {
        "number": rng.choice([b"index 0%d", b"index +%d", b"index  %d", b"index %d ", b"index -%d", b"index %d.0",
                             b"Index %d", b"%d", b"index 0x%x"]) % one.seq()})
    add_proof_sort("extra: of another", lambda rng, one, other: {"extra": other.extra})
    add_proof_sort("extra and index of another", lambda rng, one, other: {"extra": other.extra, "number": other.number})
    add_proof_sort("extra: left out", lambda rng, one, other: {"extra": b""})
    add_proof_sort("extra: empty", lambda rng, one, other: {"extra": b"extra "})
    add_proof_sort("extra: twice", lambda rng, one, other: {"extra": one.extra + b"\n" + one.extra})
    add_proof_sort("extra: more behind", lambda rng, one, other: {
        "extra": b"extra " + b64encode(b64decode(one.extra[6:]) + b" ")})
    add_proof_sort("first line: other version", lambda rng, one, other: {"first": one.first.replace(b"v1", b"v2")})
    add_proof_sort("first line: left out", lambda rng, one, other: {"first": b""})
    add_proof_sort("line before the rest", lambda rng, one, other: {"first": one.first + b"\nnote x"})


add_proof_sorts()


@to_proof("flip or truncate in what the log signed")
def _(rng: Random, files: Files, name: str) -> Trial | None:
    raw, end = files[name], log_line_end(files[name])
    changed = rng.choice([flip(rng, raw[:end]) + raw[end:], truncate(rng, raw[:end])]) if end else raw
    return Trial(files | {name: changed}) if end else None


@to_proof("checkpoint of another size")
def _(rng: Random, files: Files, name: str) -> Trial | None:
    one, other = read_proof(files[name]), read_proof(files[rng.choice(sorted(files))])
    same = one.checkpoint.split(b"\n")[1] == other.checkpoint.split(b"\n")[1]
    return None if same else Trial(files | {name: proof_bytes(one._replace(checkpoint=other.checkpoint))})


@to_proof("another key given")
def _(rng: Random, files: Files, name: str) -> Trial:
    origin = read_proof(files[name]).checkpoint.split(b"\n")[0].decode()
    return Trial(files, logs=(generate.new_signer(origin, LOG).verifier,))
