// SPDX-License-Identifier: GPL-2.0-only
// The tokens that need the language's list of words (words.h, which editors/generate.py writes): a new keyword changes
// that table and not the parser, so that nobody needs the parser generator for it.
#include <stdbool.h>
#include <string.h>

#include "tree_sitter/parser.h"
#include "words.h"

enum { longest_word = 64 };

void* tree_sitter_ktl_external_scanner_create(void) { return NULL; }
void tree_sitter_ktl_external_scanner_destroy(void* payload) { (void)payload; }
unsigned tree_sitter_ktl_external_scanner_serialize(void* payload, char* buffer) {
    (void)payload, (void)buffer;
    return 0;
}
void tree_sitter_ktl_external_scanner_deserialize(void* payload, const char* buffer, unsigned length) {
    (void)payload, (void)buffer, (void)length;
}

static bool is_blank(int32_t c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == 0xFEFF; }
static bool is_letter(int32_t c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
static bool is_digit(int32_t c) { return c >= '0' && c <= '9'; }

// The rest of a `lua [[ ... ]]` up to the first `]]`.
static bool scan_lua(TSLexer* lexer) {
    lexer->result_symbol = LUA_CODE;
    bool any = false;
    while (!lexer->eof(lexer)) {
        lexer->mark_end(lexer);
        if (lexer->lookahead == ']') {
            lexer->advance(lexer, false);
            if (lexer->lookahead == ']') return any;
        } else {
            lexer->advance(lexer, false);
        }
        any = true;
    }
    return false;
}

// Skips blanks; up to the end of the line, or further if `lines`. Whether a line ended.
static bool skip_blanks(TSLexer* lexer, bool lines) {
    while (is_blank(lexer->lookahead) && (lines || lexer->lookahead != '\n')) lexer->advance(lexer, true);
    return lexer->lookahead == '\n' || lexer->lookahead == '#';
}

// Looks past line ends, empty lines and comments.
static void look_past_lines(TSLexer* lexer) {
    while (is_blank(lexer->lookahead) || lexer->lookahead == '#') {
        const bool comment = lexer->lookahead == '#';
        lexer->advance(lexer, false);
        while (comment && lexer->lookahead != '\n' && !lexer->eof(lexer)) lexer->advance(lexer, false);
    }
}

static unsigned scan_word(TSLexer* lexer, char word[longest_word]) {
    unsigned length = 0;
    while (is_letter(lexer->lookahead) || is_digit(lexer->lookahead)) {
        if (length + 1 < longest_word) word[length] = (char)lexer->lookahead;
        ++length;
        lexer->advance(lexer, false);
    }
    word[length < longest_word ? length : 0] = 0;
    return length;
}

// The token of a word of the list; -1 if it is another word.
static int token_of(const char* word) {
    size_t low = 0;
    size_t high = sizeof ktl_words / sizeof *ktl_words;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = strcmp(word, ktl_words[middle].text);
        if (order == 0) return (int)ktl_words[middle].token;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return -1;
}

// Whether a line that begins here goes on with what the one before has begun. Leaves the lexer somewhere in the line.
static bool continues(TSLexer* lexer) {
    if (lexer->eof(lexer)) return true;
    if (is_letter(lexer->lookahead)) {
        char word[longest_word];
        scan_word(lexer, word);
        return strcmp(word, "and") == 0 || strcmp(word, "or") == 0;
    }
    return strchr("<>=!+-*/.,{})]", lexer->lookahead) != NULL;
}

static void skip_on_line(TSLexer* lexer) {
    while (lexer->lookahead == ' ' || lexer->lookahead == '\t') lexer->advance(lexer, false);
}

// Whether what stands here follows a name that is being declared: cgroup hot {, let period =
static bool ends_declared(TSLexer* lexer) {
    skip_on_line(lexer);
    if (lexer->lookahead != '=') return lexer->lookahead == '{';
    lexer->advance(lexer, false);
    return lexer->lookahead != '=';
}

// A word has been read whose token would be `token` (-1: it is not in the list). Whether it is one; sets it.
static bool decide(TSLexer* lexer, const bool* valid, int token, bool declared) {
    declared = declared && token != KEYWORD;
    const int32_t after = lexer->lookahead;
    // A part of a longer name: progress/child, monitor.load
    if (after == '/') {
        while (declared && (is_letter(lexer->lookahead) || is_digit(lexer->lookahead) || lexer->lookahead == '/'))
            lexer->advance(lexer, false);
        lexer->mark_end(lexer);
        lexer->result_symbol = NAME;
        return declared && ends_declared(lexer);
    }
    lexer->mark_end(lexer);
    if (after == '.') {
        lexer->advance(lexer, false);
        if (lexer->lookahead != '.') return false;
    }
    if (after == '(' && (token == WORD || token == CONSTANT)) return false; // delta(a, b)
    skip_on_line(lexer);
    if (lexer->lookahead == ':') return false; // step: 4MiB
    lexer->result_symbol = NAME;
    if (declared && after != '.' && ends_declared(lexer)) return true;
    lexer->result_symbol = (TSSymbol)token;
    return token >= 0 && valid[token];
}

bool tree_sitter_ktl_external_scanner_scan(void* payload, TSLexer* lexer, const bool* valid) {
    (void)payload;
    // All are valid while tree-sitter recovers from an error: then the words are worth most.
    const bool recovering = valid[LUA_CODE] && valid[KEYWORD];
    if (valid[LUA_CODE] && !recovering) return scan_lua(lexer);
    const bool line_end = valid[LINE_END] && !recovering;
    lexer->mark_end(lexer); // a line's end is an empty token; the gap belongs to what follows
    if (skip_blanks(lexer, !line_end) && line_end) {
        look_past_lines(lexer);
        lexer->result_symbol = LINE_END;
        return !continues(lexer);
    }
    if (!is_letter(lexer->lookahead)) return false;
    char word[longest_word];
    scan_word(lexer, word);
    return decide(lexer, valid, token_of(word), valid[NAME] && !recovering);
}
