// The page as a server gives it, and proofs of that server's log:  node served.mjs URL PROOF...
import assert from "node:assert/strict";
import crypto from "node:crypto";
import fs from "node:fs";

const [url, ...proofs] = process.argv.slice(2);
const answer = await fetch(`${url}/verify`);
const html = await answer.text();
const part = (pattern) => pattern.exec(html)[1];
const policy = part(/http-equiv="Content-Security-Policy" content="([^"]*)"/);
assert.equal(answer.headers.get("content-security-policy"), `${policy}; frame-ancestors 'none'`);
const script = part(/<script id="verifier">([\s\S]*?)<\/script>/);
const { verify, readTrust } = new Function(`${script}\nreturn { verify, readTrust };`)();
const { subtle } = crypto.webcrypto;
const trust = await readTrust(subtle, part(/<script type="application\/json" id="keys">([\s\S]*?)<\/script>/));
assert.equal(trust.logs.length, 1);
assert.equal(trust.bad, 0);
assert.ok(proofs.length > 0);
for (const file of proofs) {
  const bytes = new Uint8Array(fs.readFileSync(file));
  const report = await verify(bytes, trust, subtle);
  // No witness is set where this runs.
  assert.equal(report.verdict, trust.witnesses.length > 0 ? "green" : "amber", `${file}: ${report.reasons}`);
  const at = bytes.length >> 1;
  bytes[at] ^= 1;
  assert.equal((await verify(bytes, trust, subtle)).verdict, "red", `${file} with byte ${at} changed`);
}
console.log(`the served page checks ${proofs.length} proofs of its own log`);
