// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace lktest {

// Tables with one row per value of an enumeration, in the order of the values. A row is a struct whose
// members `value` and `name` are the value and what options, files and reports call it.

/// Each table has a static_assert with this, so that row_at() can use the value as an index.
template <typename Row, std::size_t count>
constexpr bool is_in_order(const std::array<Row, count>& rows) {
    for (std::size_t i = 0; i < count; ++i)
        if (static_cast<std::size_t>(rows[i].value) != i)
            return false;
    return true;
}

template <typename Row, std::size_t count>
constexpr const Row& row_at(const std::array<Row, count>& rows, decltype(Row::value) value) {
    return rows[static_cast<std::size_t>(value)];
}

/// Every value, in the table's order.
template <typename Row, std::size_t count>
constexpr auto values_of(const std::array<Row, count>& rows) {
    std::array<decltype(Row::value), count> values{};
    for (std::size_t i = 0; i < count; ++i)
        values[i] = rows[i].value;
    return values;
}

/// The value with this name; unset if there is none.
template <typename Row, std::size_t count>
constexpr std::optional<decltype(Row::value)> value_named(const std::array<Row, count>& rows,
                                                          std::string_view name) {
    for (const Row& row : rows)
        if (row.name == name)
            return row.value;
    return std::nullopt;
}

}  // namespace lktest
