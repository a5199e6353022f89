// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace lktest {

/// CI systems read commands from the output of the programs that they run. This filter breaks every
/// such command that a text contains:
///
///     ::error …              GitHub Actions, Forgejo: first in a line
///     ##[error] …            GitHub Actions and Azure Pipelines: anywhere in a line
///     ##vso[…] ##teamcity[…] Azure Pipelines and TeamCity: anywhere in a line
///     section_start:1:name   GitLab: anywhere in a line
///
/// It keeps its state between the pieces of a stream, so it also finds a command that is split in two.
/// Some runners compare text by the rules of a language, which skip control characters and combining
/// marks. So does this filter, and it also skips the colours of a terminal.
class CommandFilter {
public:
    enum class Break {
        with_space,   ///< "## [error]": for text
        with_escape,  ///< "##\u005berror]": the same string for every JSON or YAML parser
    };
    explicit CommandFilter(Break how = Break::with_space) : how_(how) {}

    /// The piece with every command broken.
    std::string pass(std::string_view piece);

private:
    enum class Escape { none, begun, sequence };

    bool completes_command(char c);
    bool continues_sequence(char c);
    void note_for_section(char c);
    void skip(char c);
    void see(char c);

    Break how_;
    Escape escape_ = Escape::none;
    bool line_is_blank_ = true;  ///< nothing visible in this line yet, except `colon_`
    bool colon_ = false;         ///< the first visible character of the line was a colon
    std::size_t hashes_ = 0;     ///< of the last characters: "#" is 1, "##" and "##word" are 2
    std::string section_;        ///< the beginning of "section_start" that the last characters are
};

/// A whole text, filtered.
std::string without_commands(std::string_view text);

/// JSON that means the same and contains no command.
std::string json_without_commands(std::string_view json);

}  // namespace lktest
