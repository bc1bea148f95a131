// SPDX-License-Identifier: GPL-2.0-only
// VS Code's own tokenizer on every text, and the package as it would be installed.
// vscode_test.js ROOT TEXTS PROGRAM "SENTENCE": each line "// TEST: sentence" is one test, the function under it.
// vscode_test.js --update ROOT: writes sample.tokens again.
'use strict';
const assert = require('assert');
const childProcess = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');

function wanted(name) {
  try {
    return require(name);
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error;
    console.error(`the npm package ${name} is not installed: \`./dev test\` installs it in build/npm`);
    process.exit(1);
  }
}
const textmate = wanted('vscode-textmate');
const oniguruma = wanted('vscode-oniguruma');

const update = process.argv[2] === '--update';
const [root, textsFile, program, sentence] = process.argv.slice(update ? 3 : 2);
const extension = path.join(root, 'editors/vscode');
const readJson = (file) => JSON.parse(fs.readFileSync(file, 'utf8'));
const texts = update ? [] : readJson(textsFile);
const sampleText = fs.readFileSync(path.join(root, 'tests/editors/sample.ktl'), 'utf8');
const tests = new Map();

// --- The tokenizer -----------------------------------------------------------------------------------------------
// VS Code's Lua grammar is not in npm; this one shows that what is in a Lua block is given to it.
const lua = {
  scopeName: 'source.lua',
  patterns: [{ name: 'keyword.lua', match: '\\b(?:local|if|then|end)\\b' }, { name: 'comment.lua', match: '--.*' }],
};

async function loadGrammar() {
  const wasm = fs.readFileSync(require.resolve('vscode-oniguruma/release/onig.wasm'));
  await oniguruma.loadWASM(wasm);
  const registry = new textmate.Registry({
    onigLib: Promise.resolve({
      createOnigScanner: (patterns) => new oniguruma.OnigScanner(patterns),
      createOnigString: (text) => new oniguruma.OnigString(text),
    }),
    loadGrammar: async (scope) =>
      scope === 'source.lua' ? lua : scope === 'source.ktl' ? readJson(path.join(extension, grammarPath())) : null,
  });
  return registry.loadGrammar('source.ktl');
}

function grammarPath() {
  return readJson(path.join(extension, 'package.json')).contributes.grammars[0].path;
}

// Per line the tokens, as {start, end, scopes}; scopes is one string without the file's own scope.
function tokenize(grammar, text) {
  let stack = textmate.INITIAL;
  return text.split('\n').map((line) => {
    const result = grammar.tokenizeLine(line, stack);
    stack = result.ruleStack;
    return result.tokens.map((token) => ({
      start: token.startIndex,
      end: Math.min(token.endIndex, line.length),
      scopes: token.scopes.filter((scope) => scope !== 'source.ktl').join(' '),
    }));
  });
}

// Calls check(token of the text, its scopes at the first and at the last character, where it is).
async function forEachToken(check) {
  const grammar = await loadGrammar();
  for (const { name, text, tokens } of texts) {
    const lines = tokenize(grammar, text);
    const at = (line, column) => lines[line].find((token) => token.start <= column && column < token.end).scopes;
    for (const token of tokens) {
      const where = `${name}:${token.line + 1}:${token.column + 1} ${token.text}`;
      check(token, at(token.line, token.column), where);
      check(token, at(token.line, token.column + token.text.length - 1), where);
    }
  }
}

const look = {
  statement: /^keyword\.control\.ktl$/,
  declaration: /^keyword\.control\.declaration\.ktl$/,
  setting: /^keyword\.other\.setting\.ktl$/,
  op: /^keyword\.other\.op\.ktl$/,
  expectation: /^keyword\.other\.expectation\.ktl$/,
  word: /^keyword\.(other\.word|control\.lua)\.ktl$/,
  operator: /^keyword\.operator\.word\.ktl$/,
  constant: /^constant\.language\.ktl$/,
  policy: /^constant\.language\.policy\.ktl$/,
  work_type: /^support\.function\.work-type\.ktl$/,
  string: /^string\.quoted\.double\.ktl/,
  comment: /^comment\.line\./,
  number: /^constant\.numeric\./,
  label: /^variable\.parameter\.ktl$/,
  declared: /^entity\.name\.ktl$/,
  lua: /^meta\.embedded\.block\.lua source\.lua/,
};

// --- The tests ---------------------------------------------------------------------------------------------------
// TEST: VS Code gives every keyword, name, string, comment and number of every text its scope
tests.set('scopes', async () => {
  let count = 0;
  await forEachToken((token, scopes, where) => {
    assert.match(scopes, look[token.kind], where);
    ++count;
  });
  assert(count > 1000, `only ${count} tokens were looked at`);
});

// TEST: VS Code gives every word of the language its scope
tests.set('words', async () => {
  const grammar = await loadGrammar();
  const words = readJson(path.join(root, 'editors/words.json'));
  for (const [kind, list] of Object.entries(words)) {
    for (const word of list) {
      const [[blank, token]] = tokenize(grammar, ` ${word} `);
      assert.deepStrictEqual([blank.end, token.start, token.end], [1, 1, 1 + word.length], word);
      assert.match(token.scopes, look[kind], word);
      const [longer] = tokenize(grammar, `x_${word} ${word}_x std.${word}`);
      assert(longer.every(({ scopes }) => !look[kind].test(scopes)), `${word} within longer names`);
    }
  }
});

// TEST: VS Code leaves no character of any text without a scope
tests.set('scoped', async () => {
  const grammar = await loadGrammar();
  for (const { name, text } of texts) {
    const lines = text.split('\n');
    tokenize(grammar, text).forEach((tokens, number) => {
      for (const { start, end, scopes } of tokens) {
        const part = lines[number].slice(start, end);
        assert(scopes || !part.trim(), `${name}:${number + 1}:${start + 1}: ${part}`);
        assert(!scopes.includes('invalid'), `${name}:${number + 1}:${start + 1}: ${part} is ${scopes}`);
      }
    });
  }
});

// TEST: VS Code sees escapes, interpolations, units, unclosed strings and Lua for what they are
tests.set('fine points', async () => {
  const grammar = await loadGrammar();
  const scopes = (line, column) => tokenize(grammar, line)[0].find((t) => t.start <= column && column < t.end).scopes;
  assert.match(scopes('x "a\\n"', 4), /constant\.character\.escape/);
  assert.match(scopes('x "a\\q"', 4), /invalid\.illegal\.escape/);
  assert.match(scopes('x "${period * 2}"', 12), /meta\.embedded\.expression\.ktl keyword\.operator\.arithmetic/);
  assert.match(scopes('x "${2}" step', 9), /^keyword/);
  assert.match(scopes('gap <= 15ms', 9), /^constant\.numeric\.ktl keyword\.other\.unit/);
  assert.match(scopes('workers 90% of', 10), /keyword\.other\.unit\.percent/);
  assert.match(scopes('x 1..4', 3), /keyword\.operator\.range/);
  assert.match(scopes('x 1.0 +- 0.5', 6), /keyword\.operator\.tolerance/);
  const [unclosed, next] = tokenize(grammar, 'step "open\nstep');
  assert.match(unclosed[2].scopes, /string/);
  assert.match(next[0].scopes, /^keyword\.other\.setting/, 'a string ends with its line');
  for (const [open, close] of [['[[', ']]'], ['[=[', ']=]'], ['[==[', ']==]']]) {
    const [, inside, end] = tokenize(grammar, `check "x" lua ${open}\n  local step = "]" ]===]\n${close} step`);
    assert.match(inside[1].scopes, /source\.lua keyword\.lua/);
    assert.doesNotMatch(inside.map((token) => token.scopes).join(), /keyword\.(control|other)/);
    assert.match(end[end.length - 1].scopes, /^keyword\.other\.setting/);
  }
  assert.match(scopes('write_bpf a = 0x1F', 15), /^constant\.numeric\.hex/);
  assert.match(scopes('if kernel >= v6.14 {', 15), /^constant\.numeric\.version/);
  assert.match(scopes('for name in rows {', 5), /^entity\.name/);
  assert.match(scopes('step "a" for period {', 15), /^variable\.other/);
  assert.match(scopes('template steady(topo)', 10), /^entity\.name/);
  assert.match(scopes('x "${f("}")}" step', 8), /^string.* meta\.embedded\.expression\.ktl string/);
  assert.match(scopes('x "${f("}")}" step', 15), /^keyword\.other\.setting/);
});

function snapshot(grammar) {
  const source = sampleText.split('\n');
  return tokenize(grammar, sampleText).map((tokens, number) => tokens
    .filter(({ start, end }) => source[number].slice(start, end).trim())
    .map(({ start, end, scopes }) => `${number + 1}:${start + 1}\t${source[number].slice(start, end)}\t${scopes}\n`)
    .join('')).join('');
}
const snapshotFile = path.join(root, 'tests/editors/sample.tokens');

// TEST: VS Code tokenizes the sample as it was looked over
tests.set('snapshot', async () => {
  assert.strictEqual(snapshot(await loadGrammar()), fs.readFileSync(snapshotFile, 'utf8'),
    'if the new tokens are right: NODE_PATH=build/npm/node_modules node tests/editors/vscode_test.js --update .');
});

// TEST: VS Code's rules of indentation lay a flattened text out again
tests.set('indentation', () => {
  const { indentationRules } = readJson(path.join(extension, 'language-configuration.json'));
  const increase = new RegExp(indentationRules.increaseIndentPattern);
  const decrease = new RegExp(indentationRules.decreaseIndentPattern);
  // VS Code has no rule for lines that go on with a statement: they must look as such ones do, and stand further in.
  const words = readJson(path.join(root, 'editors/words.json'));
  const inner = [...words.word, ...words.operator, 'flags'].join('|');
  const goesOn = new RegExp(`^    +([-+*/<>]|[=!]=|\\.\\.|(${inner})\\b)`);
  for (const { name, text, kept } of texts.filter((entry) => entry.laid_out)) {
    let level = 0;
    text.split('\n').forEach((line, number) => {
      if (kept.includes(number) || !line) return;
      if (decrease.test(line)) --level;
      const further = line.startsWith('  '.repeat(level)) && goesOn.test(line.slice(2 * level)) ? 2 : 0;
      assert.strictEqual(line.length - line.trimStart().length, 2 * (level + further), `${name}:${number + 1}: ${line}`);
      if (increase.test(line)) ++level;
    });
  }
});

// TEST: VS Code's package holds the language, its grammar and its snippets, and nothing else
tests.set('package', async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ktl-vsix-'));
  try {
    const vsix = path.join(folder, 'ktl.vsix');
    childProcess.execFileSync(process.execPath, [path.join(extension, 'pack.js'), vsix], { stdio: 'pipe' });
    const files = await unzip(vsix);
    assert.deepStrictEqual([...files.keys()].sort(), [
      '[Content_Types].xml', 'extension.vsixmanifest', 'extension/LICENSE.txt', 'extension/README.md',
      'extension/language-configuration.json', 'extension/package.json',
      'extension/snippets/ktl.json', 'extension/syntaxes/ktl.tmLanguage.json',
    ]);
    const manifest = JSON.parse(files.get('extension/package.json'));
    const [language] = manifest.contributes.languages;
    assert.deepStrictEqual(language.extensions, ['.ktl']);
    const named = [language.configuration, ...manifest.contributes.grammars.map((grammar) => grammar.path),
      ...manifest.contributes.snippets.map((snippet) => snippet.path)];
    for (const file of named) {
      const packed = files.get(path.posix.join('extension', file));
      assert.strictEqual(packed, fs.readFileSync(path.join(extension, file), 'utf8'), file);
      JSON.parse(packed);
    }
    assert.strictEqual(readJson(path.join(extension, language.configuration)).comments.lineComment, '#');
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
});

// {path: text} of what is in a zip file.
function unzip(file) {
  const yauzl = wanted('yauzl');
  return new Promise((resolve, reject) => {
    const files = new Map();
    yauzl.open(file, { lazyEntries: true }, (error, zip) => {
      if (error) return reject(error);
      zip.on('error', reject);
      zip.on('end', () => resolve(files));
      zip.on('entry', (entry) => zip.openReadStream(entry, (failure, stream) => {
        if (failure) return reject(failure);
        const parts = [];
        stream.on('data', (part) => parts.push(part));
        stream.on('end', () => {
          files.set(entry.fileName, Buffer.concat(parts).toString('utf8'));
          zip.readEntry();
        });
      }));
      zip.readEntry();
    });
  });
}

// TEST: every snippet is a scenario that ktstr accepts, once it stands where it belongs
tests.set('snippets', () => {
  const snippets = Object.values(readJson(path.join(extension, 'snippets/ktl.json')));
  assert.deepStrictEqual(snippets.map(({ prefix }) => prefix).sort(), ['backdrop', 'cgroup', 'check', 'expect', 'for',
    'gauntlet', 'if', 'payload', 'scenario', 'scheduler', 'step', 'template']);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ktl-snippets-'));
  const load = 'cgroup base { workers 1 of spin_wait }';
  const inScenario = {
    backdrop: (text) => text,
    step: (text) => `backdrop { ${load} }\n${text}`,
    cgroup: (text) => text,
    expect: (text) => `${load}\n${text}`,
    check: (text) => `${load}\n${text}`,
    for: (text) => text,
    if: (text) => `${load}\n${text}`,
  };
  try {
    for (const { prefix, body } of snippets) {
      const filled = body.join('\n').replace(/\$\{\d+(?::([^}]*))?\}|\$\d+/g, (_, value) => value || '')
        .replace(/\\\$/g, '$');
      let text = inScenario[prefix] ? `scenario "t" {\n${inScenario[prefix](filled)}\n}\n` : `${filled}\n`;
      if (prefix === 'gauntlet') text = `use std.topologies\n${text}\nscenario "t" { ${load} }\n`;
      const file = path.join(folder, `${prefix}.ktl`);
      fs.writeFileSync(file, text);
      const result = childProcess.spawnSync(program, ['check', file], { encoding: 'utf8' });
      assert.strictEqual(result.status, 0, `${text}\n${result.stdout}${result.stderr}\nThe snippets stand in ` +
        'editors/templates/snippets.json.');
    }
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
});

// --- Running one of them -------------------------------------------------------------------------------------------
async function main() {
  if (update) {
    fs.writeFileSync(snapshotFile, snapshot(await loadGrammar()));
    return;
  }
  const names = fs.readFileSync(__filename, 'utf8').match(/(?<=^\/\/ TEST: ).*/gm);
  assert.strictEqual(names.length, tests.size);
  const index = names.indexOf(sentence);
  assert(index >= 0, `there is no test "${sentence}"`);
  await [...tests.values()][index]();
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
