// SPDX-License-Identifier: GPL-2.0-only
#include "interp/format/tokens.h"

#include <algorithm>

namespace ktstr::format {

namespace {

using syntax::Kind;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c >= '0' && c <= '9'); }

bool is_leaf(Kind kind) {
    return syntax::is_name(kind) || (kind >= Kind::number && kind <= Kind::value) || kind == Kind::operation ||
           kind == Kind::comparison_sign;
}

// Weakest first.
enum Bond : std::uint8_t { words = 1, disjunctions, conjunctions, comparisons, ranges, sums, products };

Bond word_bond(std::string_view word) {
    if (word == "or" || word == "implies") return disjunctions;
    if (word == "and") return conjunctions;
    for (const std::string_view pattern :
         {"until", "within", "nondecreasing", "increasing", "steady", "after", "converges", "by"})
        if (word == pattern) return comparisons;
    return words;
}

Bond operation_bond(std::string_view operation) {
    if (operation == ".." || operation == "+-") return ranges;
    if (operation == "+" || operation == "-") return sums;
    if (operation == "*" || operation == "/") return products;
    return comparisons;
}

class Tokenizer {
  public:
    Tokenizer(std::string_view text, const syntax::Tree& tree) : tree_(tree) {
        stream_.text = text;
        stream_.tokens.reserve(text.size() / 4 + 1);
        mark_statements();
    }

    TokenStream run() {
        std::uint32_t offset = 0;
        while (true) {
            Token token;
            offset = read_gap(offset, token);
            token.begin = token.end = offset;
            if (offset == stream_.text.size()) return finish(token);
            enter_nodes(token);
            read_token(token);
            offset = token.end;
            add(token);
        }
    }

  private:
    // What the nodes that begin at the token say of it.
    struct Here {
        std::uint32_t leaf_end = 0;
        Kind leaf = Kind::file;
        bool record = false, list = false, operation = false, glued = false;
    };

    void mark_statements() {
        is_statement_.resize(tree_.size());
        for (std::uint32_t i = 0; i < tree_.size(); ++i)
            if (tree_[i].kind == Kind::block || tree_[i].kind == Kind::file)
                for (std::uint32_t child = i + 1; child < tree_[i].next; child = tree_[child].next)
                    is_statement_[child] = true;
    }

    // --- Blanks and comments

    std::uint32_t read_gap(std::uint32_t offset, Token& token) {
        const std::string_view text = stream_.text;
        std::size_t line_ends = offset == 0 ? 1 : 0;
        for (; offset < text.size() && (is_blank(text[offset]) || text[offset] == '#');) {
            token.line_before = token.line_before || text[offset] == '\n' || text[offset] == '#';
            if (text[offset] == '#') {
                offset = read_comment(offset, line_ends);
                line_ends = 0;
            } else if (text[offset++] == '\n') {
                ++line_ends;
            }
        }
        token.blank_before = line_ends > 1;
        return offset;
    }

    std::uint32_t read_comment(std::uint32_t begin, std::size_t line_ends) {
        const std::string_view text = stream_.text;
        const auto line_end = static_cast<std::uint32_t>(std::min(text.find('\n', begin), text.size()));
        Comment comment{begin, line_end, line_ends > 0, false, line_ends > 1};
        while (is_blank(text[comment.end - 1])) --comment.end;
        const std::size_t line = text.rfind('\n', begin) + 1; // npos + 1 is 0, the first line
        const std::uint32_t column = width_of(text.substr(line, begin - line));
        comment.continues = line_ends == 1 && column == comment_column_;
        comment_column_ = comment.own_line && !comment.continues ? none : column;
        stream_.comments.push_back(comment);
        return line_end;
    }

    // --- Tokens

    void enter_nodes(Token& token) {
        here_ = {};
        while (node_ < tree_.size() && tree_[node_].begin < token.begin) ++node_; // those inside a string
        bool outermost = true;
        for (; node_ < tree_.size() && tree_[node_].begin == token.begin; ++node_) {
            const auto& node = tree_[node_];
            if (node.kind == Kind::file) continue;
            if (outermost) token.kind = node.kind;
            outermost = false;
            token.statement = token.statement || is_statement_[node_];
            enter_node(node);
        }
    }

    void enter_node(const syntax::Node& node) {
        if (is_leaf(node.kind)) {
            here_.leaf_end = node.end;
            here_.leaf = node.kind;
        }
        here_.record = here_.record || node.kind == Kind::record;
        here_.list = here_.list || node.kind == Kind::list;
        here_.operation = here_.operation || node.kind == Kind::operation || node.kind == Kind::comparison_sign;
        here_.glued = here_.glued || node.kind == Kind::window || node.kind == Kind::in_cgroup;
        if (node.kind == Kind::template_declaration) in_template_head_ = true;
        if (node.kind == Kind::range) enter_range();
    }

    void enter_range() {
        const auto& low = tree_[node_ + 1];
        const auto& high = tree_[low.next];
        if (is_plain(low) && is_plain(high)) tight_range_ = {low.end, high.begin};
    }

    // A count, or a name without dots: 4, 0x10, n.
    [[nodiscard]] bool is_plain(const syntax::Node& node) const {
        const std::string_view text = stream_.text.substr(node.begin, node.end - node.begin);
        if (node.kind != Kind::number && node.kind != Kind::value) return false;
        const bool number = node.kind == Kind::number && text.substr(0, 2) != "0x";
        return std::all_of(text.begin(), text.end(),
                           [number](char c) { return number ? (c >= '0' && c <= '9') || c == '_' : is_word(c); });
    }

    void read_token(Token& token) {
        const char first = stream_.text[token.begin];
        if (here_.leaf_end > 0) {
            token.end = here_.leaf_end;
            token.role = here_.operation ? Role::operation : Role::leaf;
        } else if (is_word(first)) {
            while (token.end < stream_.text.size() && is_word(stream_.text[token.end])) ++token.end;
            token.role = Role::keyword;
        } else {
            token.end = token.begin + 1;
            read_sign(token, first);
        }
        token.bond = bond_of(token);
    }

    void read_sign(Token& token, char first) {
        const bool after_name = !stream_.tokens.empty() && previous().end == token.begin && !token.statement &&
                                (last_leaf_ == Kind::value || last_leaf_ == Kind::qualified_name);
        switch (first) {
        case '{': token.role = here_.record ? Role::open_record : Role::open_block; break;
        case '(':
            token.glued = here_.glued || after_name || in_template_head_;
            token.role = token.glued ? Role::open_call : Role::open_plain;
            in_template_head_ = false;
            break;
        case '[':
            token.glued = !here_.list;
            token.role = here_.list ? Role::open_list : Role::open_plain;
            break;
        case '}':
            token.role =
                stream_.tokens[open_.back()].role == Role::open_record ? Role::close_record : Role::close_block;
            break;
        case ')':
        case ']': token.role = Role::close_bracket; break;
        case '-': token.role = Role::minus; break;
        case ',': token.role = Role::comma; break;
        case ':': token.role = Role::colon; break;
        case '=': token.role = Role::equals; break;
        default: // `..`, `+-`, or the dot of a member
            token.role = Role::dot;
            if (first == '+' || stream_.text.substr(token.begin, 2) == "..") {
                token.end = token.begin + 2;
                const bool tight = token.begin >= tight_range_.begin && token.begin < tight_range_.end;
                token.role = tight ? Role::tight_range : Role::operation;
            }
        }
    }

    // Lines can end before the words and the operations inside a statement, and behind commas that are in no bracket:
    // outside groups rather than inside, and in the order in which operations bind.
    [[nodiscard]] std::uint8_t bond_of(const Token& token) const {
        if (token.statement || stream_.tokens.empty()) return 0;
        const Role before = previous().role;
        const bool behind_operand =
            before == Role::leaf || before == Role::close_bracket || before == Role::close_record;
        std::uint8_t bond = 0;
        if (before == Role::comma && (open_.empty() || stream_.tokens[open_.back()].role == Role::open_block))
            bond = words;
        else if (token.role == Role::operation)
            bond = operation_bond(stream_.text_of(token));
        else if (token.role == Role::keyword && behind_operand && !is_in_of_loop())
            bond = word_bond(stream_.text_of(token));
        return bond == 0 ? bond : static_cast<std::uint8_t>(bond + std::min(groups_, 30U) * (products + 1));
    }

    // `for name in`: stays together.
    [[nodiscard]] bool is_in_of_loop() const {
        const auto& tokens = stream_.tokens;
        return tokens.size() > 1 && tokens[tokens.size() - 2].kind == Kind::for_each;
    }

    void add(Token& token) {
        if (token.role == Role::close_record || token.role == Role::close_bracket)
            if (previous().role == Role::comma) stream_.tokens.pop_back();
        const auto index = static_cast<std::uint32_t>(stream_.tokens.size());
        // Comments before these signs belong to the token behind.
        const bool passes_comments =
            token.role == Role::comma || token.role == Role::colon || token.role == Role::open_block;
        token.comments = gap_begin_;
        if (!passes_comments) settle_comments();
        if (token.role >= Role::open_block && token.role <= Role::open_plain) {
            open_.push_back(index);
            if (token.role == Role::open_plain) ++groups_;
        }
        if (token.role >= Role::close_block && token.role <= Role::close_bracket) {
            token.match = open_.back();
            stream_.tokens[token.match].match = index;
            if (stream_.tokens[token.match].role == Role::open_plain) --groups_;
            open_.pop_back();
        }
        last_leaf_ = here_.leaf_end > 0 ? here_.leaf : Kind::file;
        comment_column_ = none;
        stream_.tokens.push_back(token);
    }

    // The comments before one token are known: only the first can stand behind the token before it.
    void settle_comments() {
        for (std::uint32_t i = gap_begin_; i < stream_.comments.size(); ++i) {
            auto& comment = stream_.comments[i];
            if (i == gap_begin_) {
                comment.continues = false;
                continue;
            }
            const auto& before = stream_.comments[i - 1];
            comment.own_line = true;
            comment.continues = comment.continues && (!before.own_line || before.continues);
        }
        gap_begin_ = static_cast<std::uint32_t>(stream_.comments.size());
    }

    TokenStream finish(Token& token) {
        token.role = Role::end;
        token.comments = gap_begin_;
        settle_comments();
        stream_.tokens.push_back(token);
        return std::move(stream_);
    }

    [[nodiscard]] const Token& previous() const { return stream_.tokens.back(); }

    const syntax::Tree& tree_;
    TokenStream stream_;
    std::vector<bool> is_statement_;
    std::vector<std::uint32_t> open_; // brackets
    std::uint32_t groups_ = 0;        // open ones
    std::uint32_t node_ = 0;          // the next one of the tree
    std::uint32_t gap_begin_ = 0;     // the first comment that no token has yet
    std::uint32_t comment_column_ = none;
    Here here_;
    Kind last_leaf_ = Kind::file;
    bool in_template_head_ = false;
    struct {
        std::uint32_t begin = 0, end = 0;
    } tight_range_; // where a `..` has no blanks around it
};

} // namespace

std::uint32_t width_of(std::string_view text) {
    return static_cast<std::uint32_t>(std::count_if(
        text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

TokenStream tokenize(std::string_view text, const syntax::Tree& tree) { return Tokenizer(text, tree).run(); }

} // namespace ktstr::format
