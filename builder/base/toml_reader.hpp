// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// toml++ 3.3 asserts on some bad input, such as "[[" at a line's end, although it has an error message for
// it.
#define TOML_ASSERT(condition) static_assert(true)
#define TOML_EXCEPTIONS 1
#define TOML_HEADER_ONLY 0
#include <toml++/toml.h>

#include "builder/base/problem.hpp"

namespace lktest {

/// A user's TOML file while it is read: its text, and every problem found so far.
struct TomlSource {
    std::string file;
    std::string text;
    std::vector<Problem> problems;

    /// The place of a key or value of this file.
    Place place(const toml::source_region& region) const;
    void complain(const toml::source_region& where, std::string message, std::string hint = {});
};

/// A string of a user's file, and its place.
struct PlacedText {
    std::string text;
    toml::source_region where;
};

/// Parses `source.text`; a syntax error becomes a problem and an empty table.
toml::table parse_toml(TomlSource& source);

/// Reads the keys of one table, and collects a problem for each wrong type,
/// missing required key and unknown key (the last when it is destroyed or finish() is called).
class TableReader {
public:
    /// @param title  how messages name this table: "[[milestone]]"; empty for the top level
    TableReader(TomlSource& source, const toml::table& table, std::string title);

    std::optional<std::string> string(std::string_view key);
    std::optional<std::int64_t> integer(std::string_view key, std::int64_t least, std::int64_t most);
    std::optional<bool> boolean(std::string_view key);
    std::vector<std::string> strings(std::string_view key);
    /// A string, or an array of strings, each with its place; empty if absent.
    std::vector<PlacedText> texts(std::string_view key);
    /// A string with a number and a unit: "1500ms", "20s", "2m".
    std::optional<std::chrono::milliseconds> duration(std::string_view key);
    /// A string with a number and a binary unit: "512M", "1G". Returns bytes.
    std::optional<std::uint64_t> size(std::string_view key);

    /// A string that must be one of `names`; its index.
    std::optional<std::size_t> one_of(std::string_view key, std::span<const std::string_view> names);

    /// Like string(), but reports a problem and returns "" if the key is absent.
    std::string required_string(std::string_view key);

    /// The sub-table `key`, if present.
    const toml::table* table(std::string_view key);
    /// The array of tables `key`; empty if absent.
    std::vector<const toml::table*> tables(std::string_view key);

    /// The place of the value of `key`; that of the table if the key is absent.
    const toml::source_region& where(std::string_view key) const;
    void complain(std::string_view key, std::string message, std::string hint = {});
    bool has(std::string_view key) const { return table_.contains(key); }

    /// Complains about every key that was not read.
    void finish();

private:
    const toml::node* find(std::string_view key);
    void wrong_type(const toml::node& node, std::string_view key, std::string_view expected);

    TomlSource& source_;
    const toml::table& table_;
    std::string title_;
    std::vector<std::string> known_;
};

}  // namespace lktest
