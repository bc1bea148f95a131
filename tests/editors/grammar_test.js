// SPDX-License-Identifier: GPL-2.0-only
// grammar_test.js ROOT: the parser of tree-sitter is the one of grammar.js. Evaluates the grammar as tree-sitter's
// program does, so that the program itself need not be there.
'use strict';
const assert = require('assert');
const crypto = require('crypto');
const fs = require('fs');
const path = require('path');

const folder = path.join(process.argv[2], 'editors/tree-sitter');
const remedy = 'editors/tree-sitter/regenerate makes it again';

function rule(value) {
  if (value instanceof RegExp) return { type: 'PATTERN', value: value.source };
  if (typeof value === 'string') return { type: 'STRING', value };
  assert(value && value.type, `${value} is no rule`);
  return value;
}
const precedence = (type) => (level, value) => value === undefined
  ? { type, value: 0, content: rule(level) } : { type, value: level, content: rule(value) };

const blank = { type: 'BLANK' };
const dsl = {
  seq: (...members) => ({ type: 'SEQ', members: members.map(rule) }),
  choice: (...members) => ({ type: 'CHOICE', members: members.map(rule) }),
  optional: (value) => ({ type: 'CHOICE', members: [rule(value), blank] }),
  repeat: (value) => ({ type: 'REPEAT', content: rule(value) }),
  repeat1: (value) => ({ type: 'REPEAT1', content: rule(value) }),
  field: (name, value) => ({ type: 'FIELD', name, content: rule(value) }),
  alias: (value, name) => ({
    type: 'ALIAS', content: rule(value), named: typeof name !== 'string', value: typeof name === 'string' ? name : name.name,
  }),
  prec: Object.assign(precedence('PREC'), { left: precedence('PREC_LEFT'), right: precedence('PREC_RIGHT') }),
  token: Object.assign((value) => ({ type: 'TOKEN', content: rule(value) }), {
    immediate: (value) => ({ type: 'IMMEDIATE_TOKEN', content: rule(value) }),
  }),
};

function grammar(options) {
  const $ = new Proxy({}, { get: (_, name) => ({ type: 'SYMBOL', name }) });
  const names = (list) => list($).map((symbol) => symbol.name);
  const rules = Object.entries(options.rules).map(([name, make]) => [name, rule(make($))]);
  return {
    name: options.name,
    word: options.word($).name,
    rules: Object.fromEntries(rules),
    extras: options.extras($).map(rule),
    conflicts: [],
    precedences: [],
    externals: options.externals($).map(rule),
    inline: names(options.inline),
    supertypes: [],
  };
}

Object.assign(globalThis, dsl, { grammar });
const evaluated = require(path.resolve(folder, 'grammar.js'));
const committed = JSON.parse(fs.readFileSync(path.join(folder, 'src/grammar.json'), 'utf8'));
delete committed.$schema;
assert.deepStrictEqual(committed, JSON.parse(JSON.stringify(evaluated)), `src/grammar.json is not of grammar.js: ${remedy}`);

const sums = fs.readFileSync(path.join(folder, 'src/parser.sha256'), 'utf8').trim().split('\n').map((line) => line.split(/\s+/));
assert.deepStrictEqual(sums.map(([, file]) => file), ['grammar.json', 'parser.c']);
for (const [sum, file] of sums) {
  const text = fs.readFileSync(path.join(folder, 'src', file));
  assert.strictEqual(crypto.createHash('sha256').update(text).digest('hex'), sum, `src/${file} was changed: ${remedy}`);
}
