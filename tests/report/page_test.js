// SPDX-License-Identifier: GPL-2.0-only
// The page of `ktstr report` in a real browser, by its DevTools protocol on a pipe.
// page_test.js PROGRAM DATA "SENTENCE": each line "// TEST: sentence" is one test, the function under it.
'use strict';
const assert = require('assert');
const childProcess = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');

const [program, data, sentence] = process.argv.slice(2);
const tests = new Map();
const patience_ms = 240 * 1000; // of a host on which everything else runs too

// --- The records: one that failed, of a real run, and what else there can be ------------------------------------------
function writeRecords(folder) {
  const real = JSON.parse(fs.readFileSync(path.join(data, 'moves.ktstr.json'), 'utf8'));
  const write = (name, record) => fs.writeFileSync(path.join(folder, `${name}.ktstr.json`), JSON.stringify(record));
  fs.copyFileSync(path.join(data, 'moves.observed.json'), path.join(folder, 'moves.observed.json'));
  write('moves', { ...real, console: '</script><script>alert("console")</script>\n<img src=x onerror=alert(1)>' });
  const held = real.assertions.filter((one) => one.outcome === 'pass');
  for (let i = 0; i < 20; ++i)
    write(`pass-${i}`, { ...real, test_name: `quiet ${i}`, passed: true, assertions: held, observed_file: null });
  write('long', { ...real, test_name: 'long'.repeat(60), passed: true, assertions: held, observed_file: 'gone.json' });
  write('newer', { ...real, sidecar_version: 99 });
  fs.writeFileSync(path.join(folder, 'cut.ktstr.json'), JSON.stringify(real).slice(0, 5000));
}

function makePage(folder) {
  writeRecords(folder);
  const ran = childProcess.spawnSync(program, ['report', folder], { encoding: 'utf8' });
  assert.strictEqual(ran.status, 2, ran.stderr);
  return `file://${folder}/report.html`;
}

// --- The browser ------------------------------------------------------------------------------------------------------
class Browser {
  constructor(profile) {
    const options = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--remote-debugging-pipe',
      `--user-data-dir=${profile}`, 'about:blank'];
    this.process = childProcess.spawn('chromium', options, {
      detached: true, // so that all of its processes can be ended together
      stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
      env: { ...process.env, HOME: profile, XDG_CONFIG_HOME: profile, XDG_CACHE_HOME: profile },
    });
    this.said = '';
    this.process.stderr.on('data', (text) => { this.said += text; });
    this.process.on('error', () => fail('chromium is not installed; `./dev test` installs what the tests need'));
    this.ended = new Promise((done) => this.process.on('exit', done));
    this.ended.then(() => { if (!this.closing) fail(`chromium ended by itself:\n${this.said}`); });
    this.waiting = new Map();
    this.events = [];
    this.listeners = [];
    let rest = '';
    this.process.stdio[4].setEncoding('utf8').on('data', (text) => {
      const messages = (rest + text).split('\0');
      rest = messages.pop();
      messages.map((one) => JSON.parse(one)).forEach((one) => this.take(one));
    });
  }
  take(message) {
    if (message.id) {
      const { done, failed } = this.waiting.get(message.id);
      this.waiting.delete(message.id);
      if (message.error) failed(new Error(message.error.message));
      else done(message.result);
      return;
    }
    this.events.push(message);
    this.listeners = this.listeners.filter((one) => !one(message));
  }
  send(method, params = {}) {
    const id = (this.last = (this.last || 0) + 1);
    this.process.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId: this.session })}\0`);
    return new Promise((done, failed) => this.waiting.set(id, { done, failed }));
  }
  event(method) {
    return new Promise((done) => this.listeners.push((one) => one.method === method && (done(one.params), true)));
  }
  async open() {
    const { targetId } = await this.send('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await this.send('Target.attachToTarget', { targetId, flatten: true });
    this.session = sessionId;
    for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await this.send(`${domain}.enable`);
  }
  async go(url) {
    const loaded = this.event('Page.loadEventFired');
    await this.send('Page.navigate', { url });
    await loaded;
  }
  // The value of an expression on the page, after two frames have been drawn.
  async look(expression) {
    const frames = 'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))';
    const { result, exceptionDetails } = await this.send('Runtime.evaluate', {
      expression: `${frames}.then(() => (${expression}))`, awaitPromise: true, returnByValue: true });
    assert(!exceptionDetails, exceptionDetails && JSON.stringify(exceptionDetails));
    return result.value;
  }
  width(width) {
    return this.send('Emulation.setDeviceMetricsOverride', { width, height: 900, deviceScaleFactor: 1, mobile: false });
  }
  async close() {
    this.closing = true;
    this.session = undefined;
    this.send('Browser.close').catch(() => {});
    await this.ended;
  }
}

const openAll = '[...document.querySelectorAll("details")].forEach((one) => { one.open = true; })';

// --- The tests --------------------------------------------------------------------------------------------------------
// TEST: the page has no errors, and loads nothing but itself
tests.set('the page has no errors, and loads nothing but itself', async (browser, url) => {
  await browser.go(url);
  await browser.look(openAll);
  const of = (method) => browser.events.filter((one) => one.method === method).map((one) => one.params);
  assert.deepStrictEqual(of('Runtime.exceptionThrown'), []);
  assert.deepStrictEqual(of('Log.entryAdded'), []);
  assert.deepStrictEqual(of('Runtime.consoleAPICalled'), []);
  const asked = of('Network.requestWillBeSent').map((one) => one.request.url);
  assert.deepStrictEqual(asked.filter((one) => one !== url && !one.startsWith('data:')), []);
});

// TEST: text of a record is text, whatever it says
tests.set('text of a record is text, whatever it says', async (browser, url) => {
  await browser.go(url);
  await browser.look(openAll);
  assert.strictEqual(await browser.look('document.querySelector("h2").textContent'),
    'numbers that move the wrong way <script>alert(1)</script>');
  assert.strictEqual(await browser.look('document.scripts.length'), 1);
  assert.strictEqual(await browser.look('document.images.length'), 0);
  assert(await browser.look('document.body.textContent.includes("<img src=x onerror=alert(1)>")'));
  assert(!browser.events.some((one) => one.method === 'Page.javascriptDialogOpening'));
});

// TEST: every plot has a box, and a line in it
tests.set('every plot has a box, and a line in it', async (browser, url) => {
  await browser.width(1280);
  await browser.go(url);
  await browser.look(openAll);
  const plots = await browser.look(`[...document.querySelectorAll('.tl .plot svg')].map((svg) => {
    const box = svg.getBoundingClientRect(), line = svg.querySelector('.line');
    return { name: svg.parentElement.previousElementSibling.textContent, width: box.width, height: box.height,
      drawn: line ? line.getBBox().width : 0 };
  })`);
  assert(plots.length > 20, `only ${plots.length} plots`);
  for (const plot of plots) {
    assert(plot.width > 300 && plot.height > 20, `${plot.name}: a box of ${plot.width} by ${plot.height}`);
    assert(plot.drawn > 20, `${plot.name}: its line is ${plot.drawn} of 1000 long`);
  }
  const marks = await browser.look(`[...document.querySelectorAll('.fails')].map((mark) => {
    const at = mark.getBoundingClientRect(), plot = mark.parentElement.getBoundingClientRect();
    return at.left >= plot.left - 1 && at.left <= plot.right + 1 && at.top >= plot.top - 4 && at.top <= plot.bottom + 4;
  })`);
  assert(marks.length >= 3 && marks.every(Boolean), 'the samples that decide are not on their plots');
});

// TEST: nothing runs out of the page, on a wide screen and on a narrow one
tests.set('nothing runs out of the page, on a wide screen and on a narrow one', async (browser, url) => {
  for (const width of [1600, 1024, 390]) {
    await browser.width(width);
    await browser.go(url);
    await browser.look(openAll);
    const needed = await browser.look('document.documentElement.scrollWidth');
    assert(needed <= width, `at ${width} pixels the page is ${needed} wide`);
    const over = await browser.look(`[...document.querySelectorAll('.tl .v, .tl .k, .facts dd, .findings p, h1, h2')]
      .filter((one) => one.getBoundingClientRect().right > innerWidth).map((one) => one.textContent)`);
    assert.deepStrictEqual(over, []);
    const cut = await browser.look(`[...document.querySelectorAll('.tl .v')]
      .filter((one) => one.scrollWidth > one.clientWidth || one.scrollHeight > one.clientHeight + 1)
      .map((one) => one.textContent)`);
    assert.deepStrictEqual(cut, []);
  }
});

// TEST: the filter leaves the scenarios that fit, and a link opens its scenario
tests.set('the filter leaves the scenarios that fit, and a link opens its scenario', async (browser, url) => {
  await browser.go(url);
  const shown = () => browser.look(`[...document.querySelectorAll('#all tbody tr')].filter((one) => one.offsetHeight > 0)
    .map((one) => one.cells[0].textContent + ' ' + one.cells[1].textContent)`);
  const sections = () => browser.look(`[...document.querySelectorAll('main > .run')].filter((one) => !one.hidden).length`);
  const type = (text) => browser.look(`(() => { const input = document.querySelector('#filter input');
    input.value = ${JSON.stringify(text)}; input.dispatchEvent(new Event('input')); })()`);
  const press = (verdict) => browser.look(`document.querySelector('#filter button[data-verdict=${verdict}]').click()`);
  const all = await shown();
  assert.strictEqual(all.length, 24);
  assert(all[0].startsWith('fail numbers that move'), 'what failed comes first');
  assert(all[1].startsWith('unreadable '), all[1]);
  await type('QUIET ktstr');
  assert.strictEqual((await shown()).length, 20);
  await press('fail');
  assert.deepStrictEqual(await shown(), []);
  assert(await browser.look('document.querySelector("#none").offsetHeight > 0'));
  await type('');
  assert.strictEqual((await shown()).length, 1);
  await press('unreadable');
  assert.strictEqual((await shown()).length, 3);
  assert.strictEqual(await sections(), 3);
  await press('fail');
  await press('unreadable');
  assert.strictEqual((await shown()).length, 24);
  await browser.look('[...document.querySelectorAll("#all a")].pop().click()');
  await browser.look('new Promise((done) => setTimeout(done))');
  assert(await browser.look('[...document.querySelectorAll("main > .run")].pop().open'));
});

// TEST: the pointer shows the time and the values there
tests.set('the pointer shows the time and the values there', async (browser, url) => {
  await browser.width(1280);
  await browser.go(url);
  const box = await browser.look(`(() => { const grid = document.querySelector('.tl .g');
    grid.scrollIntoView(); const { x, y, width } = grid.getBoundingClientRect(); return { x, y, width }; })()`);
  const values = () => browser.look(`[...document.querySelectorAll('.tl .plot + .v')].map((one) => one.textContent)`);
  const before = await values();
  await browser.send('Input.dispatchMouseEvent', { type: 'mouseMoved', x: box.x + box.width / 4, y: box.y + 200 });
  assert.match(await browser.look('document.querySelector(".g u span").textContent'), /^[\d.]+ (s|ms)$/);
  const there = await values();
  assert(there.some((value, i) => value !== before[i]) && there.some((value) => /^[\d.]+( [kMG])?$/.test(value)), there);
  await browser.send('Input.dispatchMouseEvent', { type: 'mouseMoved', x: 2, y: 2 });
  assert.deepStrictEqual(await values(), before);
});

// TEST: it can be read without scripts, and in the dark
tests.set('it can be read without scripts, and in the dark', async (browser, url) => {
  await browser.send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: 'dark' }] });
  await browser.send('Emulation.setScriptExecutionDisabled', { value: true });
  await browser.go(url);
  // Without requestAnimationFrame, which is a script of the page's.
  const { nodes } = await browser.send('Accessibility.getFullAXTree');
  const text = nodes.filter((one) => !one.ignored && one.name).map((one) => one.name.value).join('\n');
  assert(text.includes('spread(load) <= 5%') && text.includes('quiet 7'), 'findings and table are not there');
  await browser.send('DOM.enable');
  await browser.send('CSS.enable');
  const { root } = await browser.send('DOM.getDocument');
  const style = async (selector, property) => {
    const { nodeId } = await browser.send('DOM.querySelector', { nodeId: root.nodeId, selector });
    const { computedStyle } = await browser.send('CSS.getComputedStyleForNode', { nodeId });
    return computedStyle.find((one) => one.name === property).value;
  };
  const light = (color) => color.match(/\d+/g).slice(0, 3).reduce((sum, one) => sum + Number(one), 0) / 765;
  assert(light(await style('body', 'background-color')) < 0.2, 'the paper is not dark');
  assert(light(await style('body', 'color')) > 0.7, 'the ink is not light');
  assert.strictEqual(await style('#filter input', 'display'), 'none');
});

// --- One of them ------------------------------------------------------------------------------------------------------
let folder, browser;
function fail(message) {
  console.error(message);
  process.exit(1);
}
process.on('exit', () => {
  try {
    if (browser && browser.process.pid) process.kill(-browser.process.pid, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
  for (let tries = 0; folder && tries < 100; ++tries) {
    try {
      fs.rmSync(folder, { recursive: true, force: true });
      return;
    } catch (error) {
      if (error.code !== 'ENOTEMPTY') throw error; // one of them still wrote
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
    }
  }
});

async function main() {
  assert(tests.has(sentence), `no test "${sentence}"`);
  setTimeout(() => fail(`the browser did not answer in ${patience_ms / 1000} s`), patience_ms).unref();
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ktstr-page-'));
  for (const name of ['runs', 'profile']) fs.mkdirSync(path.join(folder, name));
  const url = makePage(path.join(folder, 'runs'));
  browser = new Browser(path.join(folder, 'profile'));
  await browser.open();
  await tests.get(sentence)(browser, url);
  await browser.close();
}

main().then(() => process.exit(0), (error) => fail(error.stack));
