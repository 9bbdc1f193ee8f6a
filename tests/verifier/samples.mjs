// Logs, checkpoints, cosignatures and proof files for the tests: written from the definitions with node:crypto, and sharing
// nothing with the page that they test.
import crypto from "node:crypto";

const hash = (...parts) => crypto.hash ? Buffer.from(crypto.hash("sha256", Buffer.concat(parts), "hex"), "hex") : crypto.createHash("sha256").update(Buffer.concat(parts)).digest();
export const leafHash = (bytes) => hash(Buffer.from([0]), bytes);
const nodeHash = (left, right) => hash(Buffer.from([1]), left, right);

/** A key that signs: type 1 a log's, type 4 a witness's. */
export class Signer {
  constructor(name, type, seed) {
    this.name = name;
    this.type = type;
    // PKCS #8 of an Ed25519 seed.
    const der = seed && Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]);
    this.pair = der ? { privateKey: crypto.createPrivateKey({ key: der, format: "der", type: "pkcs8" }) } : crypto.generateKeyPairSync("ed25519");
    this.pair.publicKey ??= crypto.createPublicKey(this.pair.privateKey);
  }

  get public() {
    return this.pair.publicKey.export({ format: "der", type: "spki" }).subarray(-32);
  }

  get id() {
    return hash(Buffer.from(`${this.name}\n`), Buffer.from([this.type]), this.public).subarray(0, 4);
  }

  sign(text) {
    return crypto.sign(null, Buffer.from(text), this.pair.privateKey);
  }

  line(signature) {
    return `\u2014 ${this.name} ${Buffer.concat([this.id, signature]).toString("base64")}\n`;
  }
}

export function vkey(signer) {
  return `${signer.name}+${signer.id.toString("hex")}+${Buffer.concat([Buffer.from([signer.type]), signer.public]).toString("base64")}`;
}

export function checkpointText(origin, size, root) {
  return `${origin}\n${size}\n${root.toString("base64")}\n`;
}

export function signNote(signer, text) {
  return signer.line(signer.sign(text));
}

export function cosign(signer, text, time) {
  return signer.line(cosign.bytes(signer, text, time));
}
cosign.bytes = (signer, text, time) => {
  const stamp = Buffer.alloc(8);
  stamp.writeBigUInt64BE(time);
  return Buffer.concat([stamp, signer.sign(`cosignature/v1\ntime ${time}\n${text}`)]);
};

export function proofFile({ extra, index, path, text, note, key, witnesses = [] }) {
  const whole = note ?? `${text}\n${signNote(key, text)}${witnesses.map(([witness, time]) => cosign(witness, text, time)).join("")}`;
  const hashes = path.map((node) => `${node.toString("base64")}\n`).join("");
  return Buffer.from(`c2sp.org/tlog-proof@v1\nextra ${extra.toString("base64")}\nindex ${index}\n${hashes}\n${whole}`);
}

/** The canonical bytes of an object. */
export function entryOf(value) {
  const write = (one) => Array.isArray(one) ? `[${one.map(write)}]`
    : one && typeof one === "object" ? `{${Object.keys(one).filter((k) => one[k] !== undefined).sort().map((k) => `${JSON.stringify(k)}:${write(one[k])}`)}}`
    : JSON.stringify(one);
  return Buffer.from(write(value));
}

/** What entry number `seq` of a made-up log says. */
export function sampleEntry(origin, seq, prev, more = {}) {
  const salt = hash(Buffer.from(`${origin} ${seq}`)).subarray(0, 16).toString("hex");
  const at = new Date(Date.UTC(2026, 10, 24, 1, 30, seq)).toISOString().replace("Z", "000Z");
  const base = { v: 1, log: origin, seq, prev: prev.toString("hex"), at, salt, private: hash(Buffer.from([2]), Buffer.from(String(seq))).toString("hex") };
  if (seq === 0) return { ...base, kind: "log.created", who: { type: "system" }, about: { synthetic: true }, ...more };
  return {
    ...base,
    kind: "lookup",
    who: { type: "person", role: "grid_chief", area: "110106006901003" },
    action: "view",
    purpose: "home_visit_care",
    basis: "consent",
    fields: [
      ["clear", "R-012", "", ["person.name", "person.sex"]],
      ["masked", "R-013", "M-tel", ["person.phone"]],
      ["denied", "R-000", "field_not_for_purpose", ["person.id_no"]],
    ],
    obligations: [{ kind: "disclose_within", scope: "task_team" }, { days: 730, kind: "delete_after" }, { kind: "no_export" }],
    result: "partial",
    policy: "5d".repeat(32),
    ...more,
  };
}

/** A log of given entries, with the tree of RFC 6962 over them. */
export class Log {
  constructor(origin, entries, leaves = entries.map(leafHash)) {
    this.origin = origin;
    this.entries = entries;
    this.leaves = leaves;
    this.nodes = new Map();
  }

  static of(origin, size, more = () => ({})) {
    const [entries, leaves] = [[], []];
    let prev = Buffer.alloc(32);
    for (let seq = 0; seq < size; seq += 1) {
      entries.push(entryOf(sampleEntry(origin, seq, prev, more(seq))));
      leaves.push((prev = leafHash(entries[seq])));
    }
    return new Log(origin, entries, leaves);
  }

  /** The same log with other bytes in one place, the chain behind it left as it was. */
  static withLeaf(log, index, bytes) {
    return new Log(log.origin, log.entries.with?.(index, bytes) ?? log.entries.map((e, i) => (i === index ? bytes : e)));
  }

  /** MTH of RFC 6962 section 2.1 over the leaves from `from` to before `to`. */
  root(from = 0, to = this.leaves.length) {
    if (to - from === 1) return this.leaves[from];
    const at = `${from}-${to}`;
    if (!this.nodes.has(at)) {
      const k = half(to - from);
      this.nodes.set(at, nodeHash(this.root(from, from + k), this.root(from + k, to)));
    }
    return this.nodes.get(at);
  }

  /** PATH of RFC 6962 section 2.1.1. */
  path(m, from = 0, to = this.leaves.length) {
    if (to - from === 1) return [];
    const k = half(to - from);
    return m < k ? [...this.path(m, from, from + k), this.root(from + k, to)] : [...this.path(m - k, from + k, to), this.root(from, from + k)];
  }
}

/** The largest power of two smaller than n. */
function half(n) {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}
