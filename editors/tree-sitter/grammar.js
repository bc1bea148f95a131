// SPDX-License-Identifier: GPL-2.0-only
// The structure of .ktl: statements, blocks, expressions. The words are not here: scanner.c takes them from the list that
// the parser of ktstr uses, so a new keyword needs no new parser. After a change of this file: ./regenerate
/// <reference types="tree-sitter-cli/dsl" />

const PREC = { or: 1, and: 2, not: 3, compare: 4, range: 5, tolerance: 6, sum: 7, product: 8, sign: 9, call: 10 };
const DIGITS = /\d[\d_]*/;
const NAME = /[A-Za-z_]\w*/;
const TIME = ['ns', 'us', 'ms', 's', 'min'];

// Statements that can stand in blocks of either sort.
const loop = ($, block) => seq(
  field('keyword', $.for),
  field('name', alias($.identifier, $.name)),
  $.word, // in
  repeat1($._argument),
  field('body', block),
);
const condition = ($, self, block) => prec.right(seq(
  field('keyword', $.if),
  repeat1($._argument),
  field('body', block),
  optional(seq($.else, field('otherwise', choice(self, block)))),
));

const decimal = seq(DIGITS, optional(seq('.', DIGITS)));
const commaList = (rule) => optional(seq(rule, repeat(seq(',', rule)), optional(',')));

module.exports = grammar({
  name: 'ktl',

  externals: ($) => [
    $.keyword, $.expectation_word, $.word, $.constant, $.name, $.for, $.if, $.else, $._line_end, $._lua_open, $.lua_code,
    $._lua_close,
  ],
  extras: ($) => [/\s|\uFEFF/, $.comment],
  word: ($) => $.identifier,
  // The fewer rules one word can end at once, the better: tree-sitter (issue 1617) hangs in its recovery at the end of a text
  // if they are too many. So the hidden rules are inlined, and a line's end is a part of what it ends.
  inline: ($) => [$._item, $._value, $._argument, $._expression],

  rules: {
    source_file: ($) => repeat($._item),

    comment: () => token(seq('#', /[^\n]*/)),

    // --- Statements ------------------------------------------------------------------------------------------------
    // Statements need nothing between them: one ends where a word stands that begins the next. Lines that begin with
    // anything else end with the line.
    _item: ($) => choice($.statement, $.loop, $.condition, $.template, $.expect, $.line),

    statement: ($) => prec.right(seq(
      field('keyword', $.keyword),
      optional(field('name', $.name)), // cgroup hot {, let period =
      repeat($._argument),
      optional($._value),
      optional(field('body', $.block)),
      optional($._line_end),
    )),

    loop: ($) => loop($, $.block),
    condition: ($) => condition($, $.condition, $.block),

    template: ($) => prec.right(seq(
      field('keyword', 'template'),
      optional(field('name', alias($.identifier, $.name))),
      optional($.parameters),
      optional(field('body', $.block)),
    )),
    parameters: ($) => seq(token.immediate(prec(1, '(')), commaList($.parameter), ')'),
    parameter: ($) => seq(
      field('name', $.identifier),
      optional(seq('=', field('value', choice($._expression, $.record)))),
    ),

    line: ($) => prec.right(seq(
      repeat1($._argument),
      optional($._value),
      optional(field('body', $.block)),
      optional($._line_end),
    )),

    _value: ($) => seq('=', field('value', choice($.record, repeat1($._argument)))),

    _argument: ($) => choice($._expression, $.cpu_list, $.word, $.labelled, ','),

    block: ($) => seq('{', repeat($._item), '}'),

    // --- Expectations ----------------------------------------------------------------------------------------------
    expect: ($) => prec.right(seq(
      field('keyword', choice('expect', 'expectations')),
      optional(field('name', $.name)),
      repeat($._argument),
      optional(field('body', alias($.expect_block, $.block))),
      optional($._line_end),
    )),

    expect_block: ($) => seq('{', repeat(choice(
      $.expectation, $.statement, alias($.expect_loop, $.loop), alias($.expect_condition, $.condition),
    )), '}'),
    expect_loop: ($) => loop($, alias($.expect_block, $.block)),
    expect_condition: ($) => condition(
      $, alias($.expect_condition, $.condition), alias($.expect_block, $.block),
    ),

    expectation: ($) => prec.right(seq(
      choice(
        seq(choice($.measure, alias($._compared_measure, $.binary)), repeat($._argument)),
        repeat1($._argument),
      ),
      optional($._line_end),
    )),

    measure: ($) => seq(field('kind', $.expectation_word), optional($.arguments)),

    _compared_measure: ($) => prec.right(PREC.compare, seq(
      $.measure, field('operator', choice('<', '<=', '>', '>=', '==', '!=', '*', '/', '+', '-')), $._expression,
    )),

    // --- Expressions -----------------------------------------------------------------------------------------------
    _expression: ($) => choice(
      $.count, $.decimal, $.duration, $.size, $.percentage, $.rate, $.topology, $.version,
      alias($.cpu_span, $.cpu_list), $.constant, $.string, $.identifier, $.path, $.member, $.index, $.call, $.list,
      $.group, $.unary, $.binary, $.lua_block,
    ),

    count: () => token(choice(DIGITS, /0x[0-9A-Fa-f]+/)),
    decimal: () => token(seq(DIGITS, '.', DIGITS)),
    duration: () => token(seq(decimal, choice(...TIME))),
    size: () => token(seq(decimal, choice('B', 'KiB', 'MiB', 'GiB', 'TiB'))),
    percentage: () => token(seq(decimal, '%')),
    rate: () => token(seq(decimal, '/', choice(...TIME))),
    topology: () => token(/\d+n\d+l\d+c\d+t/),
    version: () => token(/v\d+(\.\d+)+/),
    // Commas are a part of the list only where no other comma can stand.
    cpu_list: () => token(/\d+(-\d+)?(,\d+(-\d+)?)+/),
    cpu_span: () => token(/\d+-\d+/),

    identifier: () => NAME,
    path: ($) => prec(PREC.call, seq(
      $.identifier,
      repeat1(seq(token.immediate(prec(1, '/')), alias(token.immediate(NAME), $.identifier))),
    )),
    member: ($) => prec(PREC.call, seq(
      field('of', choice($.identifier, $.member, $.index, $.call)),
      token.immediate('.'),
      field('name', choice(alias(token.immediate(NAME), $.identifier), $.string)),
    )),
    index: ($) => prec(PREC.call, seq(
      field('of', choice($.identifier, $.member, $.index, $.call, $.list)),
      token.immediate(prec(1, '[')), field('index', $._expression), ']',
    )),
    call: ($) => prec(PREC.call, seq(field('function', choice($.identifier, $.member)), $.arguments)),
    arguments: ($) => seq(
      token.immediate(prec(1, '(')), commaList(choice($._expression, $.record, $.labelled)), ')',
    ),
    labelled: ($) => seq(field('label', $.identifier), ':', field('value', choice($._expression, $.record))),

    list: ($) => seq('[', commaList(choice($._expression, $.record)), ']'),
    record: ($) => seq('{', commaList($.labelled), '}'),
    group: ($) => seq('(', repeat1(choice($._expression, $.word)), ')'),

    unary: ($) => choice(
      prec(PREC.sign, seq(field('operator', '-'), $._expression)),
      prec(PREC.not, seq(field('operator', 'not'), $._expression)),
      prec(PREC.not, seq(field('operator', choice('always', 'eventually')), optional($.window), $._expression)),
    ),
    window: ($) => seq(token.immediate(prec(1, '[')), $._expression, ',', $._expression, ']'),

    binary: ($) => choice(...[
      ['or', PREC.or], ['and', PREC.and],
      ['<', PREC.compare], ['<=', PREC.compare], ['>', PREC.compare], ['>=', PREC.compare],
      ['==', PREC.compare], ['!=', PREC.compare],
      ['..', PREC.range], ['+-', PREC.tolerance],
      ['+', PREC.sum], ['-', PREC.sum], ['*', PREC.product], ['/', PREC.product],
    ].map(([operator, level]) => prec.left(level, seq($._expression, field('operator', operator), $._expression)))),

    // --- Text ------------------------------------------------------------------------------------------------------
    string: ($) => seq(
      '"', repeat(choice($.string_content, $.escape, $.interpolation)), token.immediate('"'),
    ),
    string_content: () => token.immediate(prec(1, /[^"\\\n$]+|\$/)),
    escape: () => token.immediate(/\\[nt"\\$]/),
    interpolation: ($) => seq(token.immediate(prec(2, '${')), $._expression, '}'),

    // [[ ... ]], [=[ ... ]=] and so on, as Lua writes long strings
    lua_block: ($) => seq('lua', alias($._lua_open, '[['), optional($.lua_code), alias($._lua_close, ']]')),
  },
});
