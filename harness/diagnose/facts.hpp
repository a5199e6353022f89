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

/// Something that was measured of a boot. causes.toml requires facts, or is refuted by them, by name.
struct Fact {
    std::string name;   ///< "initrd-given"
    bool holds = true;  ///< false: it was measured that it does not hold
    std::string text;   ///< a sentence for people
};

/// All that was measured. A fact that is not among them is unknown, which refutes no cause.
struct Facts {
    std::vector<Fact> all;
    /// Words for the texts of causes: "serial" → "ttyAMA0". Printable.
    std::map<std::string, std::string, std::less<>> words;

    void add(std::string name, bool holds, std::string text) {
        all.push_back({std::move(name), holds, std::move(text)});
    }
    const Fact* find(std::string_view name) const;
};

/// What the machine, its kernel's memory and its consoles show. Pure.
/// @param console  the lines of all consoles since the last reset
Facts measured_facts(const Examination& seen, const Diagnosis& said, const BootCell& cell,
                     const std::vector<std::string>& console);

/// The last line of a program that says something, without the dots of a progress display; empty if none
/// does. Lines of kernels, prompts and answers to our own keys are not meant.
std::string last_words(const std::vector<std::string>& console);

/// `text` with each "{name}" replaced by its word; "{name|else}" says what to put where there is none.
std::string with_words(std::string_view text, const std::map<std::string, std::string, std::less<>>& words);

}  // namespace lktest
