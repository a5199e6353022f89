// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace lktest {

struct BootCell;
struct Diagnosis;
struct Examination;

/// A measured property of a boot. The causes in causes.toml require facts, or are refuted by them, by name.
struct Fact {
    std::string name;   ///< "initrd-given"
    bool holds = true;  ///< false: measured not to hold
    std::string text;   ///< a sentence for people
};

/// All measured facts. Any other fact is unknown, and refutes nothing.
struct Facts {
    std::vector<Fact> all;
    /// Words for the texts of causes: "serial" → "ttyAMA0". Printable.
    std::map<std::string, std::string, std::less<>> words;

    void add(std::string name, bool holds, std::string text) {
        all.push_back({std::move(name), holds, std::move(text)});
    }
    const Fact* find(std::string_view name) const;
};

/// Facts from the machine, its kernel's memory and its consoles. Pure.
/// @param console  the lines of all consoles since the last reset
Facts measured_facts(const Examination& seen, const Diagnosis& said, const BootCell& cell,
                     const std::vector<std::string>& console);

/// The last meaningful line of a program, without the dots of a progress display; empty if there is none.
/// Kernel lines, prompts and echoes of keys that lktest pressed do not count.
std::string last_words(const std::vector<std::string>& console);

/// `text` with each "{name}" replaced by its word; "{name|else}" has a fallback for an unknown word.
std::string with_words(std::string_view text, const std::map<std::string, std::string, std::less<>>& words);

}  // namespace lktest
