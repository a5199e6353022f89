// SPDX-License-Identifier: MIT
#define TOML_IMPLEMENTATION
#include "builder/base/toml_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <sstream>

namespace lktest {
namespace {

std::string_view type_name(toml::node_type type) {
    switch (type) {
        case toml::node_type::table: return "a table";
        case toml::node_type::array: return "an array";
        case toml::node_type::string: return "a string";
        case toml::node_type::integer: return "an integer";
        case toml::node_type::floating_point: return "a float";
        case toml::node_type::boolean: return "a boolean";
        case toml::node_type::none:
        case toml::node_type::date:
        case toml::node_type::time:
        case toml::node_type::date_time: break;
    }
    return "a date or time";
}

struct Unit {
    std::string_view suffix;
    std::uint64_t factor;
};

/// "20s" with {"s", 1000} is 20000; unset if the text is not a number with a unit.
std::optional<std::uint64_t> quantity(std::string_view text, std::span<const Unit> units) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end == text.data())
        return std::nullopt;
    const std::string_view suffix(end, text.data() + text.size() - end);
    for (const Unit& unit : units)
        if (suffix == unit.suffix && number <= (std::uint64_t{1} << 53) / unit.factor)
            return number * unit.factor;
    return std::nullopt;
}

}  // namespace

Place TomlSource::place(const toml::source_region& region) const {
    return {file, region.begin.line, region.begin.column};
}

void TomlSource::complain(const toml::source_region& where, std::string message, std::string hint) {
    problems.push_back({place(where), std::move(message), std::move(hint)});
}

toml::table parse_toml(TomlSource& source) {
    try {
        return toml::parse(source.text, source.file);
    } catch (const toml::parse_error& error) {
        source.complain(error.source(), std::string(error.description()));
        return {};
    }
}

TableReader::TableReader(TomlSource& source, const toml::table& table, std::string title)
    : source_(source), table_(table), title_(std::move(title)) {}

const toml::node* TableReader::find(std::string_view key) {
    known_.emplace_back(key);
    return table_.get(key);
}

void TableReader::wrong_type(const toml::node& node, std::string_view key, std::string_view expected) {
    source_.complain(node.source(),
                     fmt::format("'{}' must be {}, not {}", key, expected, type_name(node.type())));
}

std::optional<std::string> TableReader::string(std::string_view key) {
    const toml::node* node = find(key);
    if (!node)
        return std::nullopt;
    if (const auto* text = node->as_string())
        return text->get();
    wrong_type(*node, key, "a string");
    return std::nullopt;
}

std::string TableReader::required_string(std::string_view key) {
    if (!has(key)) {
        find(key);
        source_.complain(table_.source(), title_.empty() ? fmt::format("'{}' is missing", key)
                                                         : fmt::format("'{}' is missing in {}", key, title_));
        return {};
    }
    return string(key).value_or("");
}

std::optional<std::int64_t> TableReader::integer(std::string_view key, std::int64_t least,
                                                 std::int64_t most) {
    const toml::node* node = find(key);
    if (!node)
        return std::nullopt;
    const auto* number = node->as_integer();
    if (!number) {
        wrong_type(*node, key, "an integer");
        return std::nullopt;
    }
    if (number->get() < least || number->get() > most) {
        complain(key, fmt::format("'{}' must be from {} to {}", key, least, most));
        return std::nullopt;
    }
    return number->get();
}

std::optional<bool> TableReader::boolean(std::string_view key) {
    const toml::node* node = find(key);
    if (!node)
        return std::nullopt;
    if (const auto* flag = node->as_boolean())
        return flag->get();
    wrong_type(*node, key, "a boolean");
    return std::nullopt;
}

std::vector<std::string> TableReader::strings(std::string_view key) {
    std::vector<std::string> texts;
    const toml::node* node = find(key);
    if (!node)
        return texts;
    const toml::array* array = node->as_array();
    if (!array) {
        wrong_type(*node, key, "an array of strings");
        return texts;
    }
    for (const toml::node& element : *array) {
        if (const auto* text = element.as_string())
            texts.push_back(text->get());
        else
            wrong_type(element, key, "an array of strings");
    }
    return texts;
}

std::vector<PlacedText> TableReader::texts(std::string_view key) {
    std::vector<PlacedText> found;
    const toml::node* node = find(key);
    if (!node)
        return found;
    if (const auto* text = node->as_string())
        return {{text->get(), text->source()}};
    const toml::array* array = node->as_array();
    if (!array) {
        wrong_type(*node, key, "a string or an array of strings");
        return found;
    }
    for (const toml::node& element : *array) {
        if (const auto* text = element.as_string())
            found.push_back({text->get(), text->source()});
        else
            wrong_type(element, key, "a string or an array of strings");
    }
    return found;
}

std::optional<std::chrono::milliseconds> TableReader::duration(std::string_view key) {
    static constexpr Unit units[] = {{"ms", 1}, {"s", 1000}, {"m", 60'000}};
    const std::optional<std::string> text = string(key);
    if (!text)
        return std::nullopt;
    if (const auto value = quantity(*text, units))
        return std::chrono::milliseconds(*value);
    complain(key, fmt::format("'{}' is not a duration: \"{}\"", key, *text),
             "write a number and a unit: \"20s\", \"1500ms\" or \"2m\"");
    return std::nullopt;
}

std::optional<std::uint64_t> TableReader::size(std::string_view key) {
    static constexpr Unit units[] = {{"K", 1024}, {"M", 1 << 20}, {"G", 1 << 30}};
    const std::optional<std::string> text = string(key);
    if (!text)
        return std::nullopt;
    if (const auto value = quantity(*text, units))
        return value;
    complain(key, fmt::format("'{}' is not a size: \"{}\"", key, *text),
             "write a number and a unit: \"512M\" or \"1G\"");
    return std::nullopt;
}

std::optional<std::size_t> TableReader::one_of(std::string_view key,
                                               std::span<const std::string_view> names) {
    const std::optional<std::string> text = string(key);
    if (!text)
        return std::nullopt;
    if (const auto found = std::ranges::find(names, *text); found != names.end())
        return static_cast<std::size_t>(found - names.begin());
    complain(key, fmt::format("unknown {} '{}'", key, *text), suggestion(*text, names));
    return std::nullopt;
}

const toml::table* TableReader::table(std::string_view key) {
    const toml::node* node = find(key);
    if (!node)
        return nullptr;
    if (!node->is_table())
        wrong_type(*node, key, "a table");
    return node->as_table();
}

std::vector<const toml::table*> TableReader::tables(std::string_view key) {
    std::vector<const toml::table*> found;
    const toml::node* node = find(key);
    if (!node)
        return found;
    const toml::array* array = node->as_array();
    if (!array) {
        wrong_type(*node, key, "an array of tables");
        return found;
    }
    for (const toml::node& element : *array) {
        if (const toml::table* table = element.as_table())
            found.push_back(table);
        else
            wrong_type(element, key, "an array of tables");
    }
    return found;
}

const toml::source_region& TableReader::where(std::string_view key) const {
    const toml::node* node = table_.get(key);
    return node ? node->source() : table_.source();
}

void TableReader::complain(std::string_view key, std::string message, std::string hint) {
    source_.complain(where(key), std::move(message), std::move(hint));
}

void TableReader::finish() {
    const std::vector<std::string_view> names(known_.begin(), known_.end());
    for (const auto& [key, value] : table_) {
        if (std::ranges::find(names, key.str()) != names.end())
            continue;
        source_.complain(key.source(),
                         title_.empty() ? fmt::format("unknown key '{}'", key.str())
                                        : fmt::format("unknown key '{}' in {}", key.str(), title_),
                         suggestion(key.str(), names));
    }
}

}  // namespace lktest
