// Renders verifier.html in a real Chromium, over the DevTools pipe, and checks what it says there:  node screens.mjs [OUT]
// Pictures go to OUT (default ./screens). Needs /usr/bin/chromium (or $CHROMIUM) and fonts with Chinese.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import fs from "node:fs";
import http from "node:http";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { Log, Signer, checkpointText, entryOf, proofFile, sampleEntry, leafHash, vkey } from "./samples.mjs";

const HERE = path.dirname(fileURLToPath(import.meta.url));
const OUT = path.resolve(process.argv[2] ?? path.join(HERE, "screens"));
const TEMP = fs.mkdtempSync(path.join(os.tmpdir(), "verifier-"));
fs.mkdirSync(OUT, { recursive: true });

// ---- samples; keys from fixed seeds, so that pictures stay comparable

const ORIGIN = "demo/donggaodi";
const seed = (n) => Buffer.alloc(32, n);
const key = new Signer(ORIGIN, 1, seed(1));
const witness = new Signer("witness.example/fengtai", 4, seed(2));
const second = new Signer("archive.example/w2", 4, seed(3));
const stranger = new Signer("stranger.example/w9", 4, seed(4));
const now = BigInt(Math.floor(Date.now() / 1000));

const log = Log.of(ORIGIN, 43, (seq) => ({ at: new Date(Number(now) * 1000 - 7_200_000 + seq * 1000).toISOString().replace("Z", "000Z") }));
const head = checkpointText(ORIGIN, 43n, log.root());
const proof = (more) => proofFile({ extra: log.entries[27], index: 27n, path: log.path(27), text: head, key, witnesses: [], ...more });
const file = (name, bytes) => {
  const at = path.join(TEMP, name);
  fs.writeFileSync(at, bytes);
  return at;
};
const good = proof({ witnesses: [[witness, now - 600n], [second, now - 590n]] });
const refused = entryOf(sampleEntry(ORIGIN, 27, log.leaves[26], { result: "denied", reason: "consent_withdrawn", obligations: undefined, who: { type: "person", role: "grid_assistant", department: "civil_affairs", area: "110106006901003", through: "terminal_backend" },
  fields: [["denied", "R-000", "consent_withdrawn", ["person.name", "person.phone", "elder.living_alone", "derived.age_over_80", "premises.address"]]] }));
const other = Log.withLeaf(log, 27, refused);
const FILES = {
  good: file("27.tlog-proof", good),
  unwitnessed: file("27-alone.tlog-proof", proof({ witnesses: [[stranger, now]] })),
  refused: file("27-refused.tlog-proof", proof({ extra: refused, path: other.path(27), text: checkpointText(ORIGIN, 43n, other.root()), witnesses: [[witness, now - 600n]] })),
  altered: file("27-altered.tlog-proof", Buffer.from(good.toString().replace(log.entries[27].toString("base64"), Buffer.from(log.entries[27].toString().replace("home_visit_care", "service_matching")).toString("base64")))),
  forged: file("27-forged.tlog-proof", proof({ note: `${head}\n${key.line(new Signer(ORIGIN, 1, seed(9)).sign(head))}` })),
  photo: file("photo.jpg", Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 16])),
};
assert.equal(log.leaves[27].length, leafHash(log.entries[27]).length);

// ---- the page as a server would give it, and as saved to disk

const PLACEHOLDER = '{"keys":[],"origin":"","witnesses":[]}';
const html = fs.readFileSync(path.join(HERE, "../../vault/src/api/pages/verifier.html"), "utf8");
const keys = { keys: [{ from: 0, key: vkey(key) }], origin: ORIGIN, witnesses: [witness, second].map((w) => ({ key: vkey(w), name: w.name })) };
const filled = html.replace(PLACEHOLDER, () => JSON.stringify(keys).replaceAll("<", "\\u003c"));
assert.notEqual(filled, html);
const saved = { bare: file("bare.html", html), filled: file("filled.html", filled) };
const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(html)[1];
const asked = [];
const server = http.createServer((request, response) => {
  asked.push(request.url);
  response.setHeader("content-security-policy", `${policy}; frame-ancestors 'none'`);
  response.setHeader("content-type", "text/html; charset=utf-8");
  response.end(filled);
});
await new Promise((done) => server.listen(0, "127.0.0.1", done));
const port = server.address().port;

// ---- Chromium over a pipe

class Browser {
  static async start() {
    const browser = new Browser();
    const flags = ["--headless", "--no-sandbox", "--remote-debugging-pipe", `--user-data-dir=${path.join(TEMP, "profile")}`, "--hide-scrollbars", "--force-color-profile=srgb", "--lang=zh-CN",
      "--no-first-run", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP office.test 127.0.0.1"];
    browser.process = spawn(process.env.CHROMIUM ?? "/usr/bin/chromium", flags, { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"], detached: true });
    browser.waiting = new Map();
    browser.heard = [];
    browser.last = 0;
    let rest = "";
    browser.process.stdio[4].setEncoding("utf8").on("data", (data) => {
      const parts = (rest + data).split("\0");
      rest = parts.pop();
      parts.forEach((part) => browser.hear(JSON.parse(part)));
    });
    return browser;
  }

  hear(message) {
    if (message.id === undefined) return void this.heard.push(message);
    const { done, fail } = this.waiting.get(message.id);
    this.waiting.delete(message.id);
    if (message.error) fail(new Error(message.error.message));
    else done(message.result);
  }

  send(method, params = {}, sessionId) {
    const id = (this.last += 1);
    this.process.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    return new Promise((done, fail) => this.waiting.set(id, { done, fail }));
  }

  async page(url, { width, height, mobile = false, dark = false, lang = "zh-CN", before, broken = false }) {
    const { browserContextId } = await this.send("Target.createBrowserContext");
    const { targetId } = await this.send("Target.createTarget", { url: "about:blank", browserContextId });
    const { sessionId } = await this.send("Target.attachToTarget", { targetId, flatten: true });
    const page = new Page(this, sessionId, targetId);
    for (const domain of ["Page", "Runtime", "DOM", "Log", "Network", "Accessibility"]) await page.send(`${domain}.enable`);
    await page.send("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile });
    if (mobile) await page.send("Emulation.setTouchEmulationEnabled", { enabled: true });
    await page.send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: dark ? "dark" : "light" }] });
    await page.send("Emulation.setLocaleOverride", { locale: lang });
    await page.send("Page.addScriptToEvaluateOnNewDocument", { source: `Object.defineProperty(navigator, "language", { get: () => ${JSON.stringify(lang)} });${before ?? ""}` });
    await page.send("Page.navigate", { url });
    if (broken) await page.until("document.readyState === 'complete' && !!document.getElementById('lifeless')");
    else await page.until("document.readyState === 'complete' && document.getElementById('keys-summary').textContent !== '' || document.getElementById('verdict').textContent !== ''");
    return page;
  }
}

class Page {
  constructor(browser, session, target) {
    Object.assign(this, { browser, session, target });
  }

  send(method, params) {
    return this.browser.send(method, params, this.session);
  }

  async value(expression) {
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  async until(expression) {
    for (let i = 0; i < 200; i += 1) {
      if (await this.value(expression).catch(() => false)) return;
      await new Promise((done) => setTimeout(done, 25));
    }
    throw new Error(`not reached: ${expression}`);
  }

  async give(at) {
    await this.value("document.getElementById('verdict').replaceChildren()");
    const { root } = await this.send("DOM.getDocument");
    const { nodeId } = await this.send("DOM.querySelector", { nodeId: root.nodeId, selector: "#file" });
    await this.send("DOM.setFileInputFiles", { nodeId, files: [at] });
    await this.until("document.getElementById('verdict').textContent !== ''");
  }

  verdict() {
    return this.value("[document.getElementById('verdict').className, document.querySelector('#verdict .title').innerText.replace(/\\s+/g, ' ')]");
  }

  async picture(name, whole = true) {
    const [width, height] = await this.value("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done([innerWidth, document.querySelector('main').offsetHeight]))))");
    const clip = { x: 0, y: 0, width, height, scale: 1 };
    const { data } = await this.send("Page.captureScreenshot", { format: "png", ...(whole ? { captureBeyondViewport: true, clip } : {}) });
    fs.writeFileSync(path.join(OUT, `${name}.png`), Buffer.from(data, "base64"));
  }

  /** No word of it runs out of the page at this width. */
  async fits() {
    const [inner, outer] = await this.value("[document.documentElement.scrollWidth, document.documentElement.clientWidth]");
    assert.ok(inner <= outer, `${inner} > ${outer}`);
  }

  /** What the console, the policy and the network say. */
  quiet() {
    const mine = this.browser.heard.filter((event) => event.sessionId === this.session);
    const loud = mine.filter(({ method }) => ["Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled"].includes(method));
    assert.deepEqual(loud.map(({ params }) => params.entry?.text ?? JSON.stringify(params)), []);
    return mine.filter(({ method }) => method === "Network.requestWillBeSent").map(({ params }) => params.request.url);
  }

  close() {
    return this.browser.send("Target.closeTarget", { targetId: this.target });
  }
}

const DESKTOP = { width: 1100, height: 850 };
const PHONE = { width: 360, height: 800, mobile: true };
const at = (name) => `file://${saved[name]}`;
const browser = await Browser.start();
let checks = 0;
const check = async (name, run) => {
  await run();
  checks += 1;
  console.log(`ok ${checks} ${name}`);
};

/** Luminance contrast of every shown text against what is behind it; the least one. */
const CONTRAST = `(() => {
  const parse = (c) => { const n = c.match(/[\\d.]+/g).map(Number); return [n[0], n[1], n[2], n[3] ?? 1]; };
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4).reduce((s, v, i) => s + v * [0.2126, 0.7152, 0.0722][i], 0);
  let least = [99, ""];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walk.nextNode());) {
    const of = node.parentElement;
    if (!node.data.trim() || !of.checkVisibility() || of.closest("script,style")) continue;
    let back = of;
    while (back && parse(getComputedStyle(back).backgroundColor)[3] === 0) back = back.parentElement;
    const [a, b] = [light(parse(getComputedStyle(of).color)), light(back ? parse(getComputedStyle(back).backgroundColor) : [255, 255, 255])];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < least[0]) least = [ratio, node.data.trim().slice(0, 30)];
  }
  return least;
})()`;

try {
  const STATES = [
    ["empty", "bare"], ["empty-keys", "filled"], ["green", "filled", "good", "green"], ["amber-unwitnessed", "filled", "unwitnessed", "amber"],
    ["amber-no-key", "bare", "good", "amber"], ["green-refused", "filled", "refused", "green"], ["red-altered", "filled", "altered", "red"], ["red-forged", "filled", "forged", "red"], ["red-photo", "filled", "photo", "red"],
  ];
  for (const [looks, size] of [["desktop", DESKTOP], ["phone", PHONE]]) {
    for (const dark of [false, true]) {
      for (const [state, from, given, colour] of STATES) {
        await check(`${looks} ${dark ? "dark" : "light"} ${state}`, async () => {
          const page = await browser.page(at(from), { ...size, dark });
          if (given) {
            await page.give(FILES[given]);
            assert.equal((await page.verdict())[0], colour);
          }
          await page.fits();
          await page.value("document.querySelectorAll('details').forEach((d) => (d.open = true))");
          await page.fits();
          const [ratio, text] = await page.value(CONTRAST);
          assert.ok(ratio >= 4.5, `${ratio} at ${text}`);
          await page.value("document.querySelectorAll('details').forEach((d) => (d.open = false)), scrollTo(0, 0)");
          await page.picture(`${state}-${looks}${dark ? "-dark" : ""}`);
          // One request: the page itself.
          assert.equal(page.quiet().length, 1);
          await page.close();
        });
      }
    }
  }
  await check("English", async () => {
    for (const [looks, size] of [["desktop", DESKTOP], ["phone", PHONE]]) {
      const page = await browser.page(at("filled"), { ...size, lang: "en-GB" });
      await page.give(FILES.good);
      assert.deepEqual(await page.verdict(), ["green", "✓ It holds, and it was witnessed"]);
      await page.fits();
      await page.value("scrollTo(0, 0)");
      await page.picture(`english-${looks}`);
      await page.value("document.getElementById('to-zh').click()");
      assert.deepEqual(await page.verdict(), ["green", "✓ 成立，并有见证"]);
      await page.close();
    }
  });
  await check("first view on a phone after choosing a file: the verdict is in sight", async () => {
    const page = await browser.page(at("filled"), PHONE);
    await page.give(FILES.good);
    const top = await page.value("document.getElementById('verdict').getBoundingClientRect().top");
    assert.ok(top >= 0 && top < 100, String(top));
    await page.picture("phone-after-choosing", false);
    await page.close();
  });
  await check("all opened, on a phone at 320 and with text of twice the size", async () => {
    for (const [name, width, more] of [["phone-320-opened", 320, ""], ["phone-large-text", 360, "document.documentElement.style.fontSize = '200%';"]]) {
      const page = await browser.page(at("filled"), { ...PHONE, width });
      await page.give(FILES.good);
      await page.value(`${more}document.querySelectorAll('details').forEach((d) => (d.open = true)), scrollTo(0, 0)`);
      await page.fits();
      await page.picture(name);
      await page.close();
    }
  });
  await check("over HTTP under a strict policy: green, nothing asked for but the page", async () => {
    const page = await browser.page(`http://127.0.0.1:${port}/verify`, DESKTOP);
    await page.give(FILES.good);
    assert.equal((await page.verdict())[0], "green");
    await page.value("document.querySelectorAll('button').forEach((b) => b.id && b.click())");
    await page.quiet();
    assert.deepEqual(asked, ["/verify"]);
    await page.close();
  });
  await check("from an address that is not secure: nothing is claimed", async () => {
    const page = await browser.page(`http://office.test:${port}/verify`, PHONE);
    assert.deepEqual((await page.verdict())[0], "grey");
    await page.give(FILES.good);
    assert.deepEqual((await page.verdict())[0], "grey");
    await page.picture("grey-phone");
    await page.close();
  });
  await check("a browser without Ed25519 is told so and gets amber", async () => {
    const before = `const real = SubtleCrypto.prototype.importKey; SubtleCrypto.prototype.importKey = function (f, k, a, ...r) { return a?.name === "Ed25519" ? Promise.reject(new DOMException("", "NotSupportedError")) : real.call(this, f, k, a, ...r); };`;
    const page = await browser.page(at("filled"), { ...PHONE, before });
    await page.give(FILES.good);
    assert.deepEqual(await page.verdict(), ["amber", "！ 前后一致，但签名没有核对"]);
    assert.match(await page.value("document.getElementById('verdict').textContent"), /这个浏览器不会核对.*This browser cannot check/s);
    await page.value("scrollTo(0, 0)");
    await page.picture("amber-no-ed25519-phone");
    await page.close();
  });
  await check("a browser in which checking breaks, or without scripts, says so", async () => {
    const page = await browser.page(at("filled"), { ...PHONE, before: "Object.hasOwn = undefined;" });
    await page.give(FILES.good);
    assert.deepEqual(await page.verdict(), ["grey", "？ 没有核对"]);
    await page.close();
    const old = await browser.page(`file://${file("old.html", filled.replace('"use strict";', '"use strict"; let let;').replace(/<meta http-equiv[^>]*>/, ""))}`, { ...PHONE, broken: true });
    assert.match(await old.value("document.body.innerText"), /浏览器太旧/);
    await old.close();
  });
  await check("keys can be entered, pasted text checked; another key turns it red", async () => {
    const page = await browser.page(at("bare"), PHONE);
    const enter = (id, text) => page.value(`(() => { const f = document.getElementById(${JSON.stringify(id)}); f.value = ${JSON.stringify(text)}; f.dispatchEvent(new Event("input")); })()`);
    await page.value("document.querySelectorAll('details').forEach((d) => (d.open = true))");
    await enter("paste", `\n\n${good.toString().trimEnd()}`);
    await page.value("document.getElementById('check').click()");
    await page.until("document.getElementById('verdict').className === 'amber'");
    await enter("log-keys", vkey(key));
    await page.until("document.querySelector('#verdict .title').textContent.includes('没有见证')");
    await enter("witness-keys", vkey(witness));
    await page.until("document.getElementById('verdict').className === 'green'");
    await enter("log-keys", vkey(new Signer(ORIGIN, 1, seed(7))));
    await page.until("document.getElementById('verdict').className === 'red'");
    await enter("log-keys", `${vkey(key).slice(0, -3)}`);
    await page.until("document.getElementById('verdict').className === 'amber' && !document.getElementById('log-error').hidden");
    await page.value("document.getElementById('keys-box').scrollIntoView()");
    await page.picture("phone-wrong-key", false);
    page.quiet();
    await page.close();
  });
  await check("by keyboard alone: everything is reached, focus shows", async () => {
    const page = await browser.page(at("filled"), DESKTOP);
    await page.give(FILES.good);
    await page.value("document.body.focus(), scrollTo(0, 0)");
    const reached = [];
    for (let i = 0; i < 12; i += 1) {
      for (const type of ["rawKeyDown", "keyUp"]) await page.send("Input.dispatchKeyEvent", { type, key: "Tab", code: "Tab", windowsVirtualKeyCode: 9 });
      reached.push(await page.value("document.activeElement.id || document.activeElement.tagName + ':' + document.activeElement.innerText.slice(0, 6)"));
      if (i === 2) await page.picture("focus-desktop", false);
    }
    for (const id of ["to-zh", "to-en", "file", "keys-summary"]) assert.ok(reached.includes(id), reached.join(" "));
    assert.ok(reached.some((one) => /打印结果/.test(one)), reached.join(" "));
    await page.close();
  });
  await check("every control has a name, and the verdict is announced", async () => {
    const page = await browser.page(at("bare"), DESKTOP);
    await page.give(FILES.good);
    await page.value("document.querySelectorAll('details').forEach((d) => (d.open = true))");
    const { nodes } = await page.send("Accessibility.getFullAXTree");
    const shown = nodes.filter((node) => !node.ignored);
    const controls = shown.filter((node) => ["button", "textbox", "DisclosureTriangle", "checkbox", "link"].includes(node.role?.value));
    assert.ok(controls.length >= 9);
    for (const node of controls) assert.ok(node.name?.value?.trim(), JSON.stringify(node.role));
    assert.ok(shown.some((node) => node.role?.value === "status"));
    // Targets are large enough for a thumb.
    const small = await page.value("[...document.querySelectorAll('button,.button,summary,textarea')].map((e) => e.getBoundingClientRect().height).filter((h) => h < 44)");
    assert.deepEqual(small, []);
    await page.close();
  });
  await check("a file dropped on the page is checked; the page stays", async () => {
    const page = await browser.page(at("filled"), DESKTOP);
    const data = { items: [], files: [FILES.good], dragOperationsMask: 1 };
    for (const type of ["dragEnter", "dragOver", "drop"]) await page.send("Input.dispatchDragEvent", { type, x: 500, y: 300, data });
    await page.until("document.getElementById('verdict').className === 'green'");
    await page.close();
  });
  await check("a name in a file is text, not markup, and cannot turn the line around", async () => {
    const odd = new Signer("<img/src=x/onerror=alert(1)>\u202e\u2066evil", 4, seed(8));
    const page = await browser.page(at("filled"), PHONE);
    await page.give(file("odd\u202e.tlog-proof", proof({ witnesses: [[witness, now], [odd, now]] })));
    assert.equal((await page.verdict())[0], "green");
    assert.equal(await page.value("document.querySelectorAll('img').length"), 0);
    assert.ok(await page.value("!/[\\u202a-\\u202e\\u2066-\\u2069]/.test(document.getElementById('result').textContent)"));
    await page.close();
  });
  await check("a copy saved with its result begins anew", async () => {
    const page = await browser.page(at("filled"), DESKTOP);
    await page.give(FILES.good);
    const copy = await page.value("'<!doctype html>' + document.documentElement.outerHTML");
    await page.close();
    const again = await browser.page(`file://${file("copy.html", copy)}`, DESKTOP);
    assert.equal(await again.value("document.getElementById('verdict').textContent + document.getElementById('result').textContent"), "");
    await again.give(FILES.good);
    assert.equal((await again.verdict())[0], "green");
    again.quiet();
    await again.close();
  });
  await check("it prints", async () => {
    const page = await browser.page(at("filled"), DESKTOP);
    await page.give(FILES.good);
    const { data } = await page.send("Page.printToPDF", { paperWidth: 8.27, paperHeight: 11.69, displayHeaderFooter: false, printBackground: false });
    fs.writeFileSync(path.join(OUT, "print.pdf"), Buffer.from(data, "base64"));
    await page.send("Emulation.setEmulatedMedia", { media: "print" });
    await page.value("dispatchEvent(new Event('beforeprint'))");
    await page.picture("print");
    await page.close();
  });
  console.log(`${checks} checks passed, pictures in ${OUT}`);
} finally {
  server.close();
  process.kill(-browser.process.pid);
  await new Promise((done) => browser.process.on("exit", done));
  fs.rmSync(TEMP, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}
