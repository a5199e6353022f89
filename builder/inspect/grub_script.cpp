// SPDX-License-Identifier: MIT
#include "builder/inspect/grub_script.hpp"

#include <algorithm>

namespace lktest {
namespace {

constexpr std::size_t grub_text_limit = 1 << 20, statement_limit = 20'000, nesting_limit = 60;
constexpr std::size_t word_count_limit = 1'000, word_size_limit = 8'192;

bool is_name_character(char c) {
    return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

struct Token {
    enum class Kind { word, separator, open, close, end };
    Kind kind = Kind::end;
    std::size_t line = 0;
    GrubWord word;

    /// Whether it is this keyword: one part of plain text without quotes.
    bool is(std::string_view keyword) const {
        return kind == Kind::word && word.parts.size() == 1 && !word.parts[0].variable &&
               !word.parts[0].quoted && word.parts[0].text == keyword;
    }
};

class Lexer {
public:
    explicit Lexer(std::string_view text) : text_(text.substr(0, grub_text_limit)) {}

    Token next() {
        skip_blanks();
        Token token{Token::Kind::end, line_, {}};
        if (text_.empty())
            return token;
        const char c = text_.front();
        if (c == '\n' || c == ';' || c == '&' || c == '|') {
            token.kind = Token::Kind::separator;
            line_ += c == '\n' ? 1 : 0;
            text_.remove_prefix(1);
        } else if (c == '{' || c == '}') {
            token.kind = c == '{' ? Token::Kind::open : Token::Kind::close;
            text_.remove_prefix(1);
        } else {
            token.kind = Token::Kind::word;
            token.word = read_word();
        }
        return token;
    }

    bool unclosed_quote() const noexcept { return unclosed_quote_; }

private:
    void skip_blanks() {
        while (!text_.empty()) {
            if (text_.starts_with("\\\n") || text_.starts_with("\\\r\n")) {
                text_.remove_prefix(text_[1] == '\n' ? 2 : 3);
                ++line_;
            } else if (text_.front() == '#') {
                text_.remove_prefix(std::min(text_.find('\n'), text_.size()));
            } else if (text_.front() == ' ' || text_.front() == '\t' || text_.front() == '\r') {
                text_.remove_prefix(1);
            } else {
                return;
            }
        }
    }

    void put(GrubWord& word, char c, bool quoted) {
        if (word.parts.empty() || word.parts.back().variable || word.parts.back().quoted != quoted)
            word.parts.push_back({{}, false, quoted});
        if (word.parts.back().text.size() < word_size_limit)
            word.parts.back().text += c;
    }

    GrubWord read_word() {
        GrubWord word;
        char quote = 0;
        while (!text_.empty()) {
            const char c = text_.front();
            if (!quote && std::string_view(" \t\r\n;{}&|").find(c) != std::string_view::npos)
                break;
            text_.remove_prefix(1);
            line_ += c == '\n' ? 1 : 0;
            if (quote ? c == quote : c == '\'' || c == '"') {
                if (!quote)
                    word.parts.push_back({{}, false, true});  // "" is a separate, empty word
                quote = quote ? '\0' : c;
            } else if (c == '$' && quote != '\'') {
                read_variable(word, quote != 0);
            } else if (c == '\\' && quote != '\'' && !text_.empty()) {
                // Within "" a backslash is literal, except before these.
                if (quote && std::string_view("$\"\\\n").find(text_.front()) == std::string_view::npos)
                    put(word, c, true);
                line_ += text_.front() == '\n' ? 1 : 0;
                if (text_.front() != '\n')
                    put(word, text_.front(), quote != 0);
                text_.remove_prefix(1);
            } else {
                put(word, c, quote != 0);
            }
        }
        unclosed_quote_ |= quote != 0;
        return word;
    }

    void read_variable(GrubWord& word, bool quoted) {
        const bool braces = text_.starts_with('{');
        if (braces)
            text_.remove_prefix(1);
        std::size_t size = 0;
        if (!text_.empty() && !braces &&
            std::string_view("?@#*").find(text_.front()) != std::string_view::npos)
            size = 1;
        else
            while (size < text_.size() &&
                   (braces ? text_[size] != '}' && text_[size] != '\n' : is_name_character(text_[size])))
                ++size;
        if (size == 0 && !braces) {
            put(word, '$', quoted);
            return;
        }
        word.parts.push_back({std::string(text_.substr(0, std::min<std::size_t>(size, 256))), true, quoted});
        text_.remove_prefix(size);
        if (braces && text_.starts_with('}'))
            text_.remove_prefix(1);
    }

    std::string_view text_;
    std::size_t line_ = 1;
    bool unclosed_quote_ = false;
};

class ScriptParser {
public:
    explicit ScriptParser(std::string_view text) : lexer_(text) { advance(); }

    GrubScript parse() {
        GrubScript script;
        while (token_.kind != Token::Kind::end && statements_ < statement_limit) {
            const GrubBlock more = block({}, 0);
            script.statements.insert(script.statements.end(), more.begin(), more.end());
            if (token_.kind != Token::Kind::end) {  // an unmatched "}" or "fi"
                note_error();
                advance();
            }
        }
        if (lexer_.unclosed_quote())
            note_error();
        script.error_line = error_line_;
        return script;
    }

private:
    void advance() { token_ = lexer_.next(); }

    void note_error(std::size_t line = 0) {
        if (error_line_ == 0)
            error_line_ = line != 0 ? line : token_.line;
    }

    bool at_keyword(std::initializer_list<std::string_view> keywords) const {
        return std::ranges::any_of(keywords, [this](std::string_view keyword) { return token_.is(keyword); });
    }

    /// Statements up to one of these keywords, or to a "}" or another closing word.
    GrubBlock block(std::initializer_list<std::string_view> until, std::size_t depth) {
        GrubBlock statements;
        while (statements_ < statement_limit) {
            if (token_.kind == Token::Kind::separator) {
                advance();
                continue;
            }
            if (token_.kind == Token::Kind::end || token_.kind == Token::Kind::close || at_keyword(until) ||
                at_keyword({"then", "elif", "else", "fi", "do", "done"}))
                break;
            if (depth > nesting_limit) {
                note_error();
                advance();
                continue;
            }
            ++statements_;
            statements.push_back(statement(depth));
        }
        return statements;
    }

    GrubStatement statement(std::size_t depth) {
        const std::size_t line = token_.line;
        if (token_.is("if"))
            return condition(line, depth);
        if (token_.is("while") || token_.is("until") || token_.is("for"))
            return loop(line, depth);
        GrubStatement made;
        made.line = line;
        if (token_.is("function")) {
            made.kind = GrubStatement::Kind::function;
            advance();
        }
        read_words(made);
        if (token_.kind == Token::Kind::open) {
            advance();
            made.has_body = true;
            made.body = block({}, depth + 1);
            if (token_.kind == Token::Kind::close)
                advance();
            else
                note_error(line);
        }
        return made;
    }

    void read_words(GrubStatement& statement) {
        for (; token_.kind == Token::Kind::word; advance())
            if (statement.words.size() < word_count_limit)
                statement.words.push_back(std::move(token_.word));
    }

    void expect(std::string_view keyword, std::size_t line) {
        if (token_.is(keyword))
            advance();
        else
            note_error(line);
    }

    GrubStatement condition(std::size_t line, std::size_t depth) {
        GrubStatement made;
        made.kind = GrubStatement::Kind::condition;
        made.line = line;
        do {
            advance();  // "if" or "elif"
            GrubStatement::Branch branch;
            branch.condition = block({"then"}, depth + 1);
            expect("then", line);
            branch.body = block({"elif", "else", "fi"}, depth + 1);
            made.branches.push_back(std::move(branch));
        } while (token_.is("elif"));
        if (token_.is("else")) {
            advance();
            made.branches.push_back({{}, block({"fi"}, depth + 1), true});
        }
        expect("fi", line);
        return made;
    }

    GrubStatement loop(std::size_t line, std::size_t depth) {
        GrubStatement made;
        made.line = line;
        const bool each = token_.is("for");
        made.kind = each ? GrubStatement::Kind::each : GrubStatement::Kind::loop;
        advance();
        if (each)
            read_words(made);
        else
            made.branches.push_back({block({"do"}, depth + 1), {}, false});
        while (token_.kind == Token::Kind::separator)
            advance();
        expect("do", line);
        made.body = block({"done"}, depth + 1);
        expect("done", line);
        return made;
    }

    Lexer lexer_;
    Token token_;
    std::size_t statements_ = 0, error_line_ = 0;
};

}  // namespace

GrubScript parse_grub_script(std::string_view text) {
    return ScriptParser(text).parse();
}

}  // namespace lktest
