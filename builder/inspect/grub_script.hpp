// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace lktest {

/// A word of GRUB's script language, before its variables are expanded.
struct GrubWord {
    struct Part {
        std::string text;       ///< literal text, or the name of a variable
        bool variable = false;  ///< "$name"
        bool quoted = false;    ///< within "" or '', so that it stays even if it is empty
    };
    std::vector<Part> parts;
};

struct GrubStatement;
using GrubBlock = std::vector<GrubStatement>;

/// A command, or a construct that holds other statements.
struct GrubStatement {
    enum class Kind {
        command,    ///< words, and the block of `menuentry … { }`
        condition,  ///< `if`: branches; one without a condition is `else`
        each,       ///< `for`: words are the variable and its values
        loop,       ///< `while` and `until`
        function,   ///< words are the name
    };
    struct Branch {
        GrubBlock condition, body;
        bool otherwise = false;
    };
    Kind kind = Kind::command;
    std::size_t line = 0;  ///< from 1
    std::vector<GrubWord> words;
    std::vector<Branch> branches;
    bool has_body = false;
    GrubBlock body;
};

struct GrubScript {
    GrubBlock statements;
    std::size_t error_line = 0;  ///< of the first syntax error, or 0
};

/// Reads at most 1 MiB of text and 20 000 statements, nested 60 deep. Never fails: like GRUB, it skips
/// invalid commands.
GrubScript parse_grub_script(std::string_view text);

}  // namespace lktest
