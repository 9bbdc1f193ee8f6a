// Tests of verifier.html with Node 20 and nothing else:  node verifier_test.mjs [--long] [--repo DIR]
//   --seal   writes the hashes of the page's scripts and style into its own Content-Security-Policy, and ends
//   --long   flips every byte to each of the 255 other values, not only single bits
//   --repo   compares the page's words with the vocabularies of a source tree
import assert from "node:assert/strict";
import crypto from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { Log, Signer, checkpointText, cosign, entryOf, proofFile, signNote, vkey } from "./samples.mjs";

const PAGE = path.join(path.dirname(fileURLToPath(import.meta.url)), "../../vault/src/api/pages/verifier.html");
let html = fs.readFileSync(PAGE, "utf8");
const option = (name) => process.argv.includes(name);

// ---- the page itself

const inner = (pattern) => [...html.matchAll(pattern)].map((found) => found[1]);
const STYLES = inner(/<style>([\s\S]*?)<\/style>/g);
const SCRIPTS = inner(/<script id="(?:verifier|page)">([\s\S]*?)<\/script>/g);
const hashes = (texts) => texts.map((text) => `'sha256-${crypto.createHash("sha256").update(text).digest("base64")}'`).join(" ");
const POLICY = `default-src 'none'; script-src ${hashes(SCRIPTS)}; style-src ${hashes(STYLES)}; img-src data:; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'`;
const META = /(<meta http-equiv="Content-Security-Policy" content=")([^"]*)(">)/;

if (option("--seal")) {
  html = html.replace(META, (_, before, old, behind) => before + POLICY + behind);
  fs.writeFileSync(PAGE, html);
  console.log(POLICY);
  process.exit(0);
}

const NAMES = `verify, readKey, readKeys, readTrust, parseProof, parseEntry, parseCheckpoint, rootOver, signedBy, hasEd25519, fromBase64,
  fromDecimal, canonical, instant, beijing, beijingSeconds, describe, sentence, word, VERDICTS, WORDS, toHex, fromHex, toUtf8, Refusal`;
const V = new Function(`${SCRIPTS[0]}\nreturn { ${NAMES} };`)();
const { subtle } = crypto.webcrypto;

let count = 0;
async function test(name, run) {
  const began = Date.now();
  const said = await run();
  count += 1;
  console.log(`ok ${count} ${name}${said ? `: ${said}` : ""} (${Date.now() - began} ms)`);
}

// ---- what the tests stand on

const ORIGIN = "demo/donggaodi";
const KEY = new Signer(ORIGIN, 1);
const OTHER_KEY = new Signer(ORIGIN, 1);
const WITNESS = new Signer("witness.example/w1", 4);
const WITNESS2 = new Signer("witness.example/w2", 4);
const STRANGER = new Signer("stranger.example", 4);
const NOON = 1_795_492_800n;

async function trustOf(logs, witnesses) {
  const read = async (signer) => {
    const key = await V.readKey(subtle, vkey(signer));
    assert.ok(key);
    return key;
  };
  return { logs: await Promise.all(logs.map(read)), witnesses: await Promise.all(witnesses.map(read)) };
}
const TRUST = await trustOf([KEY], [WITNESS]);
const BOTH = await trustOf([KEY], [WITNESS, WITNESS2]);
const NONE = await trustOf([], []);

const LOGS = new Map();
function logOf(size) {
  if (!LOGS.has(size)) LOGS.set(size, Log.of(ORIGIN, size));
  return LOGS.get(size);
}
/** A sound proof file; `change` may alter its parts before it is written. */
function made(size, index, change = () => {}, witnesses = [[WITNESS, NOON]]) {
  const log = logOf(size);
  const parts = { extra: log.entries[index], index: BigInt(index), path: log.path(index), text: checkpointText(ORIGIN, BigInt(size), log.root()), witnesses, key: KEY };
  change(parts);
  return proofFile(parts);
}
const edit = (file, from, to) => {
  const text = file.toString("utf8");
  assert.ok(text.includes(from), `nothing to replace: ${from}`);
  return Buffer.from(text.replace(from, () => to));
};
const met = new Set();
const judge = (file, trust = TRUST, with_ = subtle) => V.verify(new Uint8Array(file), trust, with_);
async function expect(verdict, reasons, file, trust, with_) {
  const report = await judge(file, trust, with_);
  report.reasons.forEach((code) => met.add(code));
  assert.deepEqual([report.verdict, report.reasons], [verdict, reasons]);
  return report;
}
const red = (reasons, file, trust) => expect("red", [reasons].flat(), file, trust);

// ---- tests

await test("the page is whole, and its own policy names its scripts and style", () => {
  assert.equal(SCRIPTS.length, 2);
  assert.equal(STYLES.length, 1);
  assert.equal(META.exec(html)[2], POLICY, "run with --seal");
  assert.equal(html.split(`<script type="application/json" id="keys">{"keys":[],"origin":"","witnesses":[]}</script>`).length, 2);
  // Nothing from elsewhere, no text taken for markup, no handler or style in an attribute.
  for (const bad of [/https?:\/\//, /innerHTML|outerHTML|insertAdjacent|document\.write/, /\beval\b|new Function/, /\bfetch\(|XMLHttp|WebSocket|sendBeacon|import\(/, /<[^>]+\sstyle=/, /<[^>]+\son[a-z]+=/, /src=/, /@import|url\(/]) {
    assert.doesNotMatch(html, bad);
  }
});

await test("known values: RFC 8032, signed-note keys and note, RFC 6962 roots", async () => {
  assert.equal(await V.hasEd25519(subtle), true);
  const key = await V.readKey(subtle, "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k");
  assert.deepEqual([key.name, key.id, key.type], ["example.com/foo", "530d903a", 1]);
  for (const bad of ["example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", "example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
    "example.com/bar+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2l",
    "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k=", "example.com/foo+530d903a", "example.com/foo+530d903a+", "+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"]) {
    assert.equal(await V.readKey(subtle, bad), null, bad);
  }
  // A right id over a key that is too short or too long.
  for (const length of [31, 33]) {
    const bytes = Buffer.concat([Buffer.from([1]), Buffer.alloc(length, 7)]);
    const id = crypto.createHash("sha256").update("example.com/foo\n").update(bytes).digest("hex").slice(0, 8);
    assert.equal(await V.readKey(subtle, `example.com/foo+${id}+${bytes.toString("base64")}`), null);
  }
  // The key and note of the Go documentation of signed notes.
  const peter = await V.readKey(subtle, "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
  const line = V.fromBase64("x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=");
  const text = V.toUtf8("If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n");
  assert.equal(V.toHex(line.slice(0, 4)), peter.id);
  assert.equal(await V.signedBy(subtle, peter.public, line.slice(4), text), true);
  const roots = { 1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d", 2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    7: "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c", 8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328" };
  const leaves = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"].map((hex) => Buffer.from(hex, "hex"));
  for (const [size, root] of Object.entries(roots)) {
    const log = new Log(ORIGIN, leaves.slice(0, Number(size)));
    assert.equal(log.root().toString("hex"), root);
    for (let i = 0; i < Number(size); i += 1) {
      const found = await V.rootOver(subtle, log.leaves[i], BigInt(i), BigInt(size), log.path(i));
      assert.equal(V.toHex(found), root);
    }
  }
});

await test("good proofs of every shape of tree hold", async () => {
  let proofs = 0;
  for (const size of [1, 2, 3, 5, 7, 8, 33]) {
    for (let i = 0; i < size; i += 1, proofs += 1) await expect("green", ["witnessed"], made(size, i));
  }
  for (const [size, indices] of [[257, [0, 1, 127, 128, 255, 256]], [70_000, [0, 1, 255, 256, 65_535, 65_536, 69_631, 69_632, 69_998, 69_999]]]) {
    for (const i of indices) {
      const report = await expect("green", ["witnessed"], made(size, i));
      assert.deepEqual(report.witnesses.map((w) => [w.name, w.state, w.times]), [[WITNESS.name, "ok", [NOON]]]);
      assert.equal(report.entry.seq, i);
      proofs += 1;
    }
  }
  return `${proofs} proofs`;
});

await test("what is missing lowers the verdict to amber", async () => {
  const plain = made(7, 3, undefined, []);
  const report = await expect("amber", ["unwitnessed"], plain);
  assert.equal(report.checks.witnesses, "absent");
  await expect("amber", ["no_log_key", "also_unwitnessed"], plain, NONE);
  await expect("amber", ["no_log_key"], made(7, 3), { logs: [], witnesses: TRUST.witnesses });
  await expect("amber", ["unwitnessed"], made(7, 3), { logs: TRUST.logs, witnesses: [] });
  const unknown = await expect("amber", ["unwitnessed"], made(7, 3, undefined, [[STRANGER, NOON]]));
  assert.deepEqual(unknown.strangers.map((s) => s.name), [STRANGER.name]);
});

await test("without Ed25519 never green, yet the tree is checked; without WebCrypto nothing is said", async () => {
  const less = { digest: (...a) => subtle.digest(...a), importKey: () => Promise.reject(new DOMException("no", "NotSupportedError")), verify: () => true };
  const report = await expect("amber", ["no_ed25519"], made(7, 3), TRUST, less);
  assert.equal(report.checks.tree, "ok");
  await expect("amber", ["no_ed25519", "no_log_key"], made(7, 3), NONE, less);
  await expect("red", ["not_in_tree"], made(7, 3, (p) => (p.path[1] = crypto.randomBytes(32))), TRUST, less);
  await expect("red", ["not_signed"], made(7, 3, (p) => (p.key = OTHER_KEY)), TRUST, less);
  // One that says yes to everything is no Ed25519 either.
  await expect("amber", ["no_ed25519"], made(7, 3), TRUST, { digest: less.digest, importKey: async () => ({}), verify: async () => true });
  await expect("grey", ["no_crypto"], made(7, 3), TRUST, null);
});

/** Bytes whose change makes a witness's line one of an unknown key, which is to be ignored: its name, and the key id in base64. */
function unknownable(file, names) {
  const text = file.toString("latin1");
  const places = new Set();
  for (const name of names) {
    const start = text.indexOf(` ${name} `) + 1;
    // 4 bytes of id are five characters and two bits of the sixth.
    for (let i = start; i < start + name.length; i += 1) places.add(i);
    for (let i = start + name.length + 1; i <= start + name.length + 6; i += 1) places.add(i);
  }
  return places;
}

await test("no changed byte gives green, nor amber for what is broken", async () => {
  let tried = 0;
  const files = [[made(7, 3), TRUST, [WITNESS]], [made(1, 0), TRUST, [WITNESS]], [made(257, 256, undefined, [[WITNESS, NOON], [WITNESS2, NOON]]), BOTH, [WITNESS, WITNESS2]]];
  for (const [file, trust, witnesses] of files) {
    const may = unknownable(file, witnesses.map((w) => w.name));
    const others = option("--long") ? Array.from({ length: 255 }, (_, i) => i + 1) : [1, 2, 4, 8, 16, 32, 64, 128];
    for (let i = 0; i < file.length; i += 1) {
      const values = new Set(others.map((x) => file[i] ^ x));
      for (const byte of [0x0a, 0x20, 0x0d, 0x00, 0x3d]) if (byte !== file[i]) values.add(byte);
      for (const byte of values) {
        const other = Uint8Array.from(file);
        other[i] = byte;
        const report = await V.verify(other, trust, subtle);
        tried += 1;
        const where = `byte ${i} to ${byte}: ${report.verdict} ${report.reasons}`;
        if (report.verdict === "red") continue;
        // What is left is one witness less, and says so.
        assert.ok(may.has(i), where);
        const held = report.witnesses.filter((w) => w.state === "ok").length;
        assert.equal(held, witnesses.length - 1, where);
        assert.equal(report.strangers.length, 1, where);
        assert.equal(report.verdict, held > 0 ? "green" : "amber", where);
      }
    }
  }
  return `${tried} files`;
});

await test("without keys a changed byte is red wherever it can be seen without them, and never green", async () => {
  const file = made(7, 3);
  const signatures = file.indexOf("\u2014");
  // The size is signed, not hashed: trees of like sizes have the same path to the same root.
  const size = file.indexOf("\n7\n") + 1;
  for (let i = 0; i < file.length; i += 1) {
    for (const bit of [1, 2, 4, 8, 16, 32, 64, 128]) {
      const other = Uint8Array.from(file);
      other[i] ^= bit;
      const { verdict } = await V.verify(other, NONE, subtle);
      assert.ok(verdict === "red" || (verdict === "amber" && (i > signatures || i === size)), `byte ${i} ^ ${bit}: ${verdict}`);
    }
  }
});

await test("no file cut short, and none with a byte or line too many, holds as before", async () => {
  const file = made(7, 3);
  const lastLine = file.lastIndexOf("\n", file.length - 2) + 1;
  for (let i = 0; i < file.length; i += 1) {
    const { verdict, reasons } = await judge(file.subarray(0, i));
    // Without the witness's whole line it is a sound file that is not witnessed.
    if (i === lastLine) assert.deepEqual([verdict, reasons], ["amber", ["unwitnessed"]]);
    else assert.equal(verdict, "red", `cut at ${i}`);
    for (const byte of [0x0a, 0x20, 0x41, 0x3d, 0x30, 0xef]) {
      const longer = Buffer.concat([file.subarray(0, i), Buffer.from([byte]), file.subarray(i)]);
      const report = await judge(longer);
      if (report.verdict !== "red") assert.ok(unknownable(file, [WITNESS.name]).has(i) || unknownable(file, [WITNESS.name]).has(i - 1), `${byte} at ${i}`);
      assert.notEqual(report.verdict, "green");
    }
  }
  await red("form", Buffer.concat([file, Buffer.from("\n")]));
  await red("form", Buffer.concat([file, Buffer.from("x\n")]));
});

await test("files that are no proofs say so, each in its own words", async () => {
  const file = made(7, 3);
  await red("not_proof", Buffer.alloc(0));
  await red("not_proof", Buffer.from([0xff, 0xd8, 0xff, 0xe0]));
  await red("not_proof", Buffer.from("hello\n"));
  await red("not_proof", Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), file]));
  await red("not_proof", edit(file, "tlog-proof@v1", "tlog-proof@v2"));
  await red("line_ends", Buffer.from(file.toString().replaceAll("\n", "\r\n")));
  await red("cut_off", file.subarray(0, file.length - 1));
  await red("cut_off", file.subarray(0, 40));
  await red("too_large", Buffer.concat([file, Buffer.alloc(1 << 20)]));
  await red("no_entry", Buffer.from(file.toString().replace(/extra .*\n/, "")));
});

await test("the file's form is strict", async () => {
  const file = made(7, 3);
  const text = file.toString();
  const form = (other) => red("form", Buffer.from(other));
  const lines = text.split("\n");
  await form(text.replace("index 3\n", "index 03\n"));
  await form(text.replace("index 3\n", "index +3\n"));
  await form(text.replace("index 3\n", "index 3 \n"));
  await form(text.replace("index 3\n", "index -3\n"));
  await form(text.replace("index 3\n", "index 0x3\n"));
  await form(text.replace("index 3\n", "index 18446744073709551616\n"));
  await form(text.replace("index 3\n", "index ３\n"));
  await form(text.replace("index 3\n", ""));
  await form(text.replace("index 3\n", "index 3\nindex 3\n"));
  await form(text.replace("index 3\n", "note x\nindex 3\n"));
  await form(text.replace("\n7\n", "\n07\n"));
  await form(text.replace("\n7\n", "\n7.0\n"));
  await form(text.replace("\n7\n", "\n 7\n"));
  await form(text.replace(`\n${ORIGIN}\n`, `\nhttps://${ORIGIN}\n`));
  await form(text.replace(`\n${ORIGIN}\n`, "\ndonggaodi\n"));
  await form(text.replace(`\n${ORIGIN}\n`, "\ndemo/a/b/c\n"));
  await form(text.replace(`\n${ORIGIN}\n`, "\nDemo/Donggaodi\n"));
  // Another dash, another blank, no blank, no signature, an extension line.
  await form(text.replaceAll("\u2014", "\u2013"));
  await form(text.replaceAll("\u2014 ", "\u2014\u00a0"));
  await form(text.replaceAll("\u2014 ", "\u2014"));
  await form(text.replace("\n\n\u2014", "\nextension\n\n\u2014"));
  await form(text.replace("\n\u2014 witness", "\n\n\u2014 witness"));
  // Base64 with stray bits, without its filling, in the other alphabet, with blanks.
  const root = lines[lines.length - 5];
  assert.match(root, /=$/);
  const stray = root.replace(/(.)=$/, (_, c) => "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"["ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".indexOf(c) ^ 1] + "=");
  await form(text.replace(root, stray));
  await form(text.replace(root, root.slice(0, -1)));
  await form(text.replace(root, `${root.slice(0, 10)} ${root.slice(10)}`));
  const hash = lines[3];
  await form(text.replace(hash, hash.replace(/(.)=$/, "$1==")));
  await form(text.replace(hash, Buffer.alloc(31, 1).toString("base64")));
  await form(text.replace(hash, Buffer.alloc(33, 1).toString("base64")));
  await form(text.replace(hash, `${hash}\n`.repeat(65).trimEnd()));
  await form(text.replace("extra ", "extra  "));
  // Names with a plus or a blank of another kind, a key id without a signature.
  await form(text.replace(" witness.example/w1 ", " witness+example/w1 "));
  await form(text.replace(" witness.example/w1 ", " witness\u2003example/w1 "));
  await form(`${text}\u2014 short ${Buffer.alloc(4).toString("base64")}\n`);
  await form(`${text}\u2014 tab\u0007 ${Buffer.alloc(40).toString("base64")}\n`);
  await form(text + `\u2014 many ${Buffer.alloc(40).toString("base64")}\n`.repeat(200));
  // Not UTF-8, in the name of a key that is unknown.
  await red("form", Buffer.concat([file, Buffer.from("\u2014 stranger"), Buffer.from([0xff]), Buffer.from(` ${Buffer.alloc(40).toString("base64")}\n`)]));
  // Sixteen lines of unknown keys, one of the size of ML-DSA-44, are ignored.
  const more = Array.from({ length: 16 }, (_, i) => `\u2014 other.example/${i} ${Buffer.alloc(2432, i).toString("base64")}\n`).join("");
  const report = await expect("green", ["witnessed"], Buffer.from(text + more));
  assert.equal(report.strangers.length, 16);
  for (const number of ["", "00", "01", "+1", "-1", "1e3", " 1", "18446744073709551616", "99999999999999999999999"]) assert.equal(V.fromDecimal(number), null, number);
  assert.equal(V.fromDecimal("18446744073709551615"), (1n << 64n) - 1n);
  for (const base64 of ["A", "AA", "AAA", "AA=", "AB==", "AAB=", "A===", "====", "AA-_", "AAAA\n", " AAAA", "AA==AAAA"]) assert.equal(V.fromBase64(base64), null, base64);
  assert.deepEqual([...V.fromBase64("AQI=")], [1, 2]);
});

await test("another entry, place, log, path, root or size does not hold", async () => {
  const log = logOf(7);
  await red(["entry_place", "not_in_tree"], made(7, 3, (p) => (p.index = 2n)));
  await red("entry_place", made(7, 3, (p) => Object.assign(p, { extra: log.entries[3], index: 2n, path: Log.withLeaf(log, 2, log.entries[3]).path(2), text: checkpointText(ORIGIN, 7n, Log.withLeaf(log, 2, log.entries[3]).root()) })));
  await red(["entry_place", "not_in_tree"], made(7, 3, (p) => (p.extra = log.entries[4])));
  await red(["log_signature", "witness_signature"], edit(made(7, 3), `\n7\n`, `\n8\n`));
  await red(["not_in_tree", "log_signature", "witness_signature"], edit(made(7, 6), `\n7\n`, `\n8\n`));
  await red(["not_in_tree", "log_signature", "witness_signature"], edit(made(7, 3), log.root().toString("base64"), crypto.randomBytes(32).toString("base64")));
  await red("not_in_tree", made(7, 3, (p) => (p.text = checkpointText(ORIGIN, 7n, crypto.randomBytes(32)))));
  await red("not_in_tree", made(7, 3, (p) => (p.text = checkpointText(ORIGIN, 7n, logOf(8).root()))));
  await red("not_in_tree", made(7, 3, (p) => p.path.pop()));
  await red("not_in_tree", made(7, 3, (p) => p.path.push(Buffer.alloc(32))));
  await red("not_in_tree", made(7, 3, (p) => p.path.reverse()));
  await red("not_in_tree", made(7, 3, (p) => (p.path = [])));
  await red("not_in_tree", made(1, 0, (p) => p.path.push(p.path[0] ?? Buffer.alloc(32))));
  await red(["entry_place", "not_in_tree"], made(7, 3, (p) => (p.index = 7n)));
  await red(["entry_place", "not_in_tree"], made(7, 3, (p) => (p.index = (1n << 64n) - 1n)));
  await red("not_in_tree", made(7, 3, (p) => (p.text = checkpointText(ORIGIN, 3n, logOf(7).root()))));
  // An inner node given out as a leaf, and a leaf as a root.
  await red("not_in_tree", made(8, 3, (p) => (p.path = p.path.slice(1))));
  await red("not_in_tree", made(8, 3, (p) => Object.assign(p, { path: [], text: checkpointText(ORIGIN, 8n, log.leaves[3]) })));
  // A sound proof of an entry that names another log, signed by the log that it does not name.
  const foreign = Log.of("demo/elsewhere", 7);
  await red("entry_log", made(7, 3, (p) => Object.assign(p, { extra: foreign.entries[3], path: foreign.path(3), text: checkpointText(ORIGIN, 7n, foreign.root()) })));
});

/** On which side the siblings stand, from the leaf up, by the definition of PATH in RFC 6962. */
function sides(m, n) {
  if (n === 1n) return "";
  let k = 1n;
  while (k * 2n < n) k *= 2n;
  return m < k ? `${sides(m, k)}r` : `${sides(m - k, n - k)}l`;
}

await test("a path leads to the root from its own place only, and only where the claimed tree has that shape", async () => {
  let tried = 0;
  for (const size of [1, 2, 3, 6, 7, 8, 9, 17]) {
    const log = logOf(size);
    for (let i = 0; i < size; i += 1) {
      const [path, shape] = [log.path(i), sides(BigInt(i), BigInt(size))];
      for (let n = 0n; n <= 36n; n += 1n) {
        for (let m = 0n; m <= n; m += 1n, tried += 1) {
          const root = await V.rootOver(subtle, log.leaves[i], m, n, path);
          const leads = root !== null && log.root().equals(Buffer.from(root));
          assert.equal(leads, m < n && sides(m, n) === shape, `${i} of ${size} as ${m} of ${n}`);
        }
      }
    }
  }
  const log = logOf(70_000);
  for (const index of [0, 65_536, 69_999]) {
    for (const size of [65_537n, 69_999n, 70_001n, 131_072n, 131_073n, (1n << 64n) - 1n]) {
      const { verdict } = await judge(made(70_000, index, (p) => (p.text = checkpointText(ORIGIN, size, log.root()))));
      const holds = BigInt(index) < size && sides(BigInt(index), size) === sides(BigInt(index), 70_000n);
      assert.equal(verdict, holds ? "green" : "red", `${index} ${size}`);
    }
  }
  return `${tried} pairs`;
});

await test("the chain is looked at where the proof shows it", async () => {
  const build = (change) => (p) => {
    const entry = JSON.parse(p.extra);
    change(entry);
    const bytes = entryOf(entry);
    const other = Log.withLeaf(logOf(7), Number(p.index), bytes);
    Object.assign(p, { extra: bytes, path: other.path(Number(p.index)), text: checkpointText(ORIGIN, 7n, other.root()) });
  };
  await red("entry_link", made(7, 3, build((e) => (e.prev = "ab".repeat(32)))));
  await red("entry_link", made(7, 0, build((e) => (e.prev = "ab".repeat(32)))));
  await red("entry_link", made(7, 2, build((e) => (e.kind = "log.created"))));
  await red("entry_link", made(7, 0, build((e) => Object.assign(e, { kind: "lookup", about: undefined }))));
});

await test("an entry is canonical and has its members, or does not hold", async () => {
  const sound = JSON.parse(logOf(7).entries[3]);
  const proofOf = (bytes) => made(7, 3, (p) => {
    const other = Log.withLeaf(logOf(7), 3, bytes);
    Object.assign(p, { extra: bytes, path: other.path(3), text: checkpointText(ORIGIN, 7n, other.root()) });
  });
  await expect("green", ["witnessed"], proofOf(entryOf(sound)));
  const text = entryOf(sound).toString();
  const spellings = [
    JSON.stringify(Object.fromEntries(Object.entries(sound).reverse())), text.replace("{", "{ "), `${text}\n`, ` ${text}`, text.replace(/,"v":1/, `,"v":1.0`), text.replace(/,"v":1/, `,"v":1e0`),
    text.replace(/,"v":1/, `,"v":1,"v":1`), text.replace('"lookup"', '"\\u006cookup"'), text.replace("donggaodi", "donggaodi\\/"), text.replace('"seq":3', '"seq":3.0'), text.replace('"seq":3', '"seq":03'), text.slice(0, -1),
    text.replace(/}$/, ',"zz":null}'), text.replace(/}$/, ',"zz":1}'), text.replace(/}$/, ',"__proto__":{}}'), "null", "[]", "1", '""', "", "{}",
  ];
  for (const other of spellings) await red("entry_form", proofOf(Buffer.from(other)));
  for (const bytes of [Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(text)]), Buffer.from(text.replace("lookup", "l\xf6\xf6kup"), "latin1")]) await red("entry_form", proofOf(bytes));
  const changes = {
    "no salt": (e) => delete e.salt, "no who": (e) => delete e.who, "no private": (e) => delete e.private, "no v": (e) => delete e.v, "v 0": (e) => (e.v = 0), "v text": (e) => (e.v = "1"),
    "unknown member": (e) => (e.name = "x"), "who more": (e) => (e.who.id = "x"), "who list": (e) => (e.who = []), "who null": (e) => (e.who = null), "who without type": (e) => delete e.who.type,
    "salt short": (e) => (e.salt = "ab"), "salt upper": (e) => (e.salt = "AB".repeat(16)), "prev text": (e) => (e.prev = "x"), "at form": (e) => (e.at = "2026-11-24T01:30:00Z"),
    "at none": (e) => (e.at = "2026-02-30T01:30:00.000000Z"), "at hour": (e) => (e.at = "2026-11-24T24:00:00.000000Z"), "text as purpose": (e) => (e.purpose = "张三 的"), "long word": (e) => (e.purpose = "a".repeat(65)),
    "empty word": (e) => (e.purpose = ""), "number as kind": (e) => (e.kind = 7), "negative": (e) => (e.seq = -3), "fields form": (e) => (e.fields = [["clear", "R-1", ""]]), "fields empty": (e) => (e.fields = [["clear", "R-1", "", []]]),
    "fields object": (e) => (e.fields = {}), "obligations text": (e) => (e.obligations = ["x"]), "obligation with text from outside": (e) => (e.obligations = [{ kind: "a b" }]), "about elsewhere": (e) => (e.about = {}),
    "log none": (e) => (e.log = "donggaodi"), "too large": (e) => (e.fields = Array(200).fill(["clear", "R-1", "", ["person.name".repeat(5)]])), "deep": (e) => (e.obligations = [JSON.parse('{"a":'.repeat(12) + "1" + "}".repeat(12))]),
    "float": (e) => (e.obligations = [{ days: 0.5 }]), "huge": (e) => (e.obligations = [{ days: 2 ** 53 }]), "half a pair": (e) => (e.obligations = [{ kind: "\ud800" }]),
  };
  for (const [name, change] of Object.entries(changes)) {
    const entry = structuredClone(sound);
    change(entry);
    const report = await judge(proofOf(entryOf(entry)));
    assert.deepEqual([report.verdict, report.reasons[0]], ["red", "entry_form"], name);
  }
  await red("entry_form", proofOf(Buffer.from(text.replace('"seq":3', '"seq":9007199254740993'))));
  await red("entry_version", proofOf(entryOf({ ...sound, v: 2 })));
  // Words that the page does not know are no fault of the entry.
  const later = entryOf({ ...sound, kind: "drone.flown", purpose: "new_purpose", result: "delayed", fields: [["hidden", "R-900", "M-new", ["person.new"]]] });
  await expect("green", ["witnessed"], proofOf(later));
});

await test("signatures: another key, another text, another kind, none, twice", async () => {
  const log = logOf(7);
  const base = checkpointText(ORIGIN, 7n, log.root());
  const withNote = (note) => made(7, 3, (p) => (p.note = note));
  const own = signNote(KEY, base);
  const witness = cosign(WITNESS, base, NOON);
  await expect("green", ["witnessed"], withNote(`${base}\n${own}${witness}`));
  // The order of the lines says nothing.
  await expect("green", ["witnessed"], withNote(`${base}\n${witness}${own}`));
  await red("not_signed", withNote(`${base}\n${signNote(OTHER_KEY, base)}${witness}`));
  await red("not_signed", withNote(`${base}\n${witness}`));
  await red("not_signed", withNote(`${base}\n${witness}`), NONE);
  await red("other_log", withNote(`${base}\n${own}${witness}`), await trustOf([new Signer("demo/elsewhere", 1)], [WITNESS]));
  // Signed by a key that was given, but is not the log's own.
  const alien = new Signer("demo/elsewhere", 1);
  await red("other_log", withNote(`${base}\n${signNote(OTHER_KEY, base)}${signNote(alien, base)}${witness}`), await trustOf([alien], [WITNESS]));
  await red("not_signed", withNote(`${base}\n${signNote(OTHER_KEY, base)}${signNote(alien, base)}${witness}`), await trustOf([alien, KEY], [WITNESS]));
  // Signed over something else.
  await red("log_signature", withNote(`${base}\n${signNote(KEY, base + "x")}${witness}`));
  await red("log_signature", withNote(`${base}\n${signNote(KEY, base.slice(0, -1))}${witness}`));
  await red("log_signature", withNote(`${base}\n${signNote(KEY, `${base}\n`)}${witness}`));
  // A right id before another's signature; a signature too short and too long.
  await red("log_signature", withNote(`${base}\n${KEY.line(OTHER_KEY.sign(base))}${witness}`));
  await red("log_signature", withNote(`${base}\n${KEY.line(KEY.sign(base).subarray(0, 63))}${witness}`));
  await red("log_signature", withNote(`${base}\n${KEY.line(Buffer.concat([KEY.sign(base), Buffer.from([0])]))}${witness}`));
  // Twice the same is once; a second one that fails breaks it.
  const twice = await expect("green", ["witnessed"], withNote(`${base}\n${own}${own}${witness}${witness}`));
  assert.equal(twice.witnesses.length, 1);
  await red("log_signature", withNote(`${base}\n${own}${KEY.line(OTHER_KEY.sign(base))}${witness}`));
  await red("log_signature", withNote(`${base}\n${KEY.line(OTHER_KEY.sign(base))}${own}${witness}`));
  await red("witness_signature", withNote(`${base}\n${own}${witness}${cosign(WITNESS, base + "x", NOON)}`));
  // Two cosignatures of one witness at two times: one witness, both times.
  const times = await expect("green", ["witnessed"], withNote(`${base}\n${own}${witness}${cosign(WITNESS, base, NOON + 300n)}`));
  assert.deepEqual(times.witnesses[0].times, [NOON, NOON + 300n]);
  // Over another time, another text, plainly signed, by another key, of another length.
  const raw = cosign.bytes(WITNESS, base, NOON);
  const moved = Buffer.from(raw);
  moved.writeBigUInt64BE(NOON + 1n);
  await red("witness_signature", withNote(`${base}\n${own}${WITNESS.line(moved)}`));
  await red("witness_signature", withNote(`${base}\n${own}${WITNESS.line(Buffer.concat([raw.subarray(0, 8), WITNESS.sign(base)]))}`));
  await red("witness_signature", withNote(`${base}\n${own}${WITNESS.line(cosign.bytes(WITNESS2, base, NOON))}`));
  await red("witness_signature", withNote(`${base}\n${own}${WITNESS.line(raw.subarray(0, 71))}`));
  await red("witness_signature", withNote(`${base}\n${own}${WITNESS.line(raw.subarray(0, 5))}`));
  await red("witness_signature", withNote(`${base}\n${own}${WITNESS.line(WITNESS.sign(base))}`));
  await red("witness_signature", withNote(`${base}\n${own}${WITNESS.line(cosign.bytes(WITNESS, base, 1n << 63n))}`));
  await expect("green", ["witnessed"], withNote(`${base}\n${own}${WITNESS.line(cosign.bytes(WITNESS, base, (1n << 63n) - 1n))}`));
  await expect("green", ["witnessed"], withNote(`${base}\n${own}${WITNESS.line(cosign.bytes(WITNESS, base, 0n))}`));
  // One of two fails: it is broken, not witnessed by the other.
  await red("witness_signature", withNote(`${base}\n${own}${witness}${WITNESS2.line(cosign.bytes(WITNESS, base, NOON))}`), BOTH);
  // The id of one key under another's name, and the name with another's id, are unknown.
  const named = `\u2014 ${WITNESS.name} ${Buffer.concat([WITNESS2.id, raw]).toString("base64")}\n`;
  await expect("amber", ["unwitnessed"], withNote(`${base}\n${own}${named}`));
});

await test("a log is no witness of itself, and one key is one witness", async () => {
  const self = Object.assign(new Signer("witness.example/self", 4), { pair: KEY.pair });
  const base = checkpointText(ORIGIN, 7n, logOf(7).root());
  const note = (...lines) => made(7, 3, (p) => (p.note = `${base}\n${signNote(KEY, base)}${lines.join("")}`));
  const report = await expect("amber", ["unwitnessed"], note(cosign(self, base, NOON)), await trustOf([KEY], [self]));
  assert.deepEqual(report.witnesses.map((w) => w.state), ["double"]);
  const again = Object.assign(new Signer("witness.example/again", 4), { pair: WITNESS.pair });
  const two = await expect("green", ["witnessed"], note(cosign(WITNESS, base, NOON), cosign(again, base, NOON)), await trustOf([KEY], [WITNESS, again]));
  assert.deepEqual(two.witnesses.map((w) => w.state), ["ok", "double"]);
});

await test("keys: rotation, sizes they are good for, what the server fills in", async () => {
  const base = checkpointText(ORIGIN, 7n, logOf(7).root());
  const file = made(7, 3);
  const data = (keys, witnesses = [{ key: vkey(WITNESS), name: WITNESS.name }]) => V.readTrust(subtle, JSON.stringify({ keys, origin: ORIGIN, witnesses }));
  await expect("green", ["witnessed"], file, await data([{ from: 0, key: vkey(KEY) }]));
  await expect("green", ["witnessed"], file, await data([{ from: 7, key: vkey(KEY), to: 7 }]));
  await expect("green", ["witnessed"], file, await data([{ from: 0, key: vkey(KEY), to: 7 }, { from: 7, key: vkey(OTHER_KEY) }]));
  await red("key_range", file, await data([{ from: 8, key: vkey(KEY) }]));
  await red("key_range", file, await data([{ from: 0, key: vkey(KEY), to: 6 }, { from: 6, key: vkey(OTHER_KEY) }]));
  const both = made(7, 3, (p) => (p.note = `${base}\n${signNote(KEY, base)}${signNote(OTHER_KEY, base)}${cosign(WITNESS, base, NOON)}`));
  await expect("green", ["witnessed"], both, await data([{ from: 0, key: vkey(KEY), to: 7 }, { from: 7, key: vkey(OTHER_KEY) }]));
  assert.deepEqual(await V.readTrust(subtle, '{"keys":[],"origin":"","witnesses":[]}'), { logs: [], witnesses: [], bad: 0 });
  for (const [bad, n] of [["", 1], ["{", 1], ['{"keys":3}', 1], ['{"keys":[{"key":"x"}]}', 1], [JSON.stringify({ keys: [{ key: vkey(KEY), from: -1 }] }), 1], [JSON.stringify({ keys: [{ key: vkey(KEY), to: "7" }] }), 1],
    [JSON.stringify({ keys: [{ key: vkey(WITNESS) }], witnesses: [{ key: vkey(KEY) }] }), 2]]) {
    const trust = await V.readTrust(subtle, bad);
    assert.deepEqual([trust.logs.length + trust.witnesses.length, trust.bad], [0, n], bad);
  }
  const read = await V.readKeys(subtle, `  ${vkey(KEY)}\n\n${vkey(KEY)}\n${vkey(WITNESS)}\nx`, 1);
  assert.deepEqual([read.keys.length, read.bad], [1, 2]);
});

await test("every code that a file can get was met above, and has words of its own in both languages", () => {
  // "failed" is for browsers in which checking itself breaks.
  assert.deepEqual([...met, "failed"].sort(), Object.keys(V.VERDICTS).sort());
  const texts = Object.values(V.VERDICTS);
  // One title is shared by the two ways of checking nothing.
  for (const part of [1, 3]) assert.equal(new Set(texts.map((row) => row[part])).size, texts.length);
  for (const part of [0, 2]) assert.equal(new Set(texts.map((row) => row[part])).size, texts.length - 1);
  for (const [zh, zhText, en, enText] of texts) {
    assert.ok(/[\u4e00-\u9fff]/.test(zh + zhText) && /^[\x20-\x7e\u2019\u201c\u201d]+$/.test(en + enText), en);
  }
  for (const [table, words] of Object.entries(V.WORDS)) for (const [code, { zh, en }] of words) assert.ok(code && zh && en, `${table} ${code}`);
});

await test("entries are said in words, in Beijing time; unknown words as they are", () => {
  const entry = V.parseEntry(new Uint8Array(logOf(7).entries[3]));
  assert.deepEqual(V.sentence(entry), { zh: "网格长以“探访关爱”为由查看了一份档案里的信息。", en: "A grid chief viewed data in one record, for “home visits”." });
  const said = V.describe(entry).map(({ label, lines }) => `${label.zh}：${lines.map((line) => line.zh).join("；")}`);
  assert.deepEqual(said.slice(0, 3), ["事项：查阅", "时间：北京时间 2026年11月24日 09:30:03", "谁：网格长，区域 110106006901003"]);
  assert.ok(said.includes("哪些信息：完整：姓名、性别〔规则 R-012〕；遮盖（电话遮盖）：联系方式〔规则 R-013〕；不允许（该事由不需要此项信息）：公民身份号码"), said.join("\n"));
  assert.ok(said.includes("附带要求：知悉范围：仅限经办人员；到期删除：730 天；不得导出"));
  assert.deepEqual(V.sentence({ ...entry, purpose: "new", result: "denied", who: { type: "service", through: "drone" } }).en, "The service “drone” asked to view data in one record, for “new”, and was refused.");
  assert.equal(V.sentence({ ...entry, kind: "drone.flown", who: { type: "system" } }).zh, "系统自身：drone.flown。");
  assert.equal(V.beijing(Date.UTC(2026, 11, 31, 16, 0, 5)).zh, "北京时间 2027年1月1日 00:00:05");
  assert.match(V.beijingSeconds((1n << 63n) - 1n).en, /9223372036854775807/);
  assert.equal(V.instant("2023-02-29T00:00:00.000000Z"), null);
});

if (option("--repo")) {
  const repo = process.argv[process.argv.indexOf("--repo") + 1];
  await test("the page's words are those of the source tree", () => {
    const source = fs.readFileSync(path.join(repo, "policy/src/words.rs"), "utf8");
    const rows = (pattern, text) => [...text.matchAll(pattern)].map(([, ...row]) => row.join("|"));
    const own = (table) => [...V.WORDS[table]].map(([code, { zh, en }]) => [code, zh, en].join("|"));
    for (const [table, name] of Object.entries({ role: "Role", department: "Department", purpose: "Purpose", basis: "Basis", action: "Action", outcome: "Outcome", form: "Form", reason: "Reason", obligation: "ObligationKind" })) {
      const block = source.match(new RegExp(`\\n    ${name} \\{\\n([\\s\\S]*?)\\n    \\}`))[1];
      assert.deepEqual(own(table), rows(/\w+ "([^"]*)" "([^"]*)" "([^"]*)"/g, block), table);
    }
    const catalog = fs.readFileSync(path.join(repo, "policy/catalog/catalog.toml"), "utf8");
    assert.deepEqual(own("field"), rows(/id = "([^"]*)", zh = "([^"]*)", en = "([^"]*)"/g, catalog));
    const kinds = fs.readFileSync(path.join(repo, "audit/src/kind.rs"), "utf8").match(/\nkinds! \{([\s\S]*?)\n\}/)[1];
    assert.deepEqual([...V.WORDS.kind.keys()], rows(/\w+ "([^"]*)"/g, kinds));
  });
}

console.log(`${count} tests passed`);
