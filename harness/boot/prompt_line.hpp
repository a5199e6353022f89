// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lktest {

/// The line that a person edits at a prompt: arrow keys, Home, End, Delete and the usual Ctrl keys, earlier
/// lines with Up and Down, and Tab to complete the first word. Pure.
class PromptLine {
public:
    /// @param prompt  with its own line break, if it has one
    /// @param words   that Tab completes
    PromptLine(std::string prompt, std::vector<std::string> words)
        : prompt_(std::move(prompt)), words_(std::move(words)) {}

    /// Begins an empty line. Returns the text that shows it.
    std::string open();

    /// The effect of a byte.
    struct Result {
        std::string echo;                 ///< for the terminal
        std::optional<std::string> line;  ///< if the byte ended the line
    };
    Result put(char byte);

    /// The text that shows the line again, after other output.
    std::string redraw() const;

private:
    void insert(char byte);
    void erase(std::size_t from, std::size_t to);
    void recall(std::size_t index);
    void complete();
    void key(std::string_view sequence);
    std::size_t before(std::size_t at) const;  ///< of the character before this place
    std::size_t after(std::size_t at) const;
    std::size_t word_before(std::size_t at) const;

    std::string prompt_;
    std::vector<std::string> words_, history_;
    std::string line_, unsent_, escape_;
    std::size_t cursor_ = 0, recalled_ = 0;
};

}  // namespace lktest
