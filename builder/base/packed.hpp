// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

// Values as bytes, for another process of this program. A structure can be packed if it has
//
//   template <typename Archive> void each_field(Archive& archive, S& s) { auto& [a, b] = s; archive(a, b); }
//
// The binding does not compile if a field is missing from the list.
namespace lktest {

/// Writes values one after another.
class Packer {
public:
    template <typename... T>
    void operator()(T&... values) {
        (put(values), ...);
    }
    std::string take() && { return std::move(bytes_); }

private:
    template <typename T>
    requires std::is_arithmetic_v<T> || std::is_enum_v<T>
    void put(T value) { bytes_.append(reinterpret_cast<const char*>(&value), sizeof value); }
    void put(std::string& text) {
        put(std::uint64_t{text.size()});
        bytes_ += text;
    }
    template <typename Rep, typename Period>
    void put(std::chrono::duration<Rep, Period>& time) {
        put(time.count());
    }
    template <typename T>
    void put(std::vector<T>& values) {
        put(std::uint64_t{values.size()});
        for (T& value : values)
            put(value);
    }
    template <typename T>
    void put(std::optional<T>& value) {
        put(value.has_value());
        if (value)
            put(*value);
    }
    template <typename T>
    requires std::is_class_v<T>
    void put(T& value) { each_field(*this, value); }

    std::string bytes_;
};

/// Reads them in the same order. Bytes that were not written by a Packer may yield values, but never more of
/// them than bytes.
class Unpacker {
public:
    explicit Unpacker(std::string_view bytes) : bytes_(bytes) {}

    template <typename... T>
    void operator()(T&... values) {
        (get(values), ...);
    }
    /// Whether all values were complete, and no bytes are left.
    bool whole() const noexcept { return whole_ && bytes_.empty(); }

private:
    template <typename T>
    requires std::is_arithmetic_v<T> || std::is_enum_v<T>
    void get(T& value) {
        const std::string_view raw = next(sizeof value);
        if (raw.size() != sizeof value)
            return;
        if constexpr (std::is_same_v<T, bool>)
            value = raw[0] != 0;
        else
            std::memcpy(&value, raw.data(), sizeof value);
    }
    void get(std::string& text) { text = next(count()); }
    template <typename Rep, typename Period>
    void get(std::chrono::duration<Rep, Period>& time) {
        Rep ticks{};
        get(ticks);
        time = std::chrono::duration<Rep, Period>(ticks);
    }
    template <typename T>
    void get(std::vector<T>& values) {
        values.clear();
        for (std::uint64_t left = count(); left > 0 && whole_; --left)
            get(values.emplace_back());
    }
    template <typename T>
    void get(std::optional<T>& value) {
        bool there = false;
        get(there);
        value.reset();
        if (there && whole_)
            get(value.emplace());
    }
    template <typename T>
    requires std::is_class_v<T>
    void get(T& value) { each_field(*this, value); }

    std::uint64_t count() {
        std::uint64_t said = 0;
        get(said);
        whole_ = whole_ && said <= bytes_.size();
        return whole_ ? said : 0;
    }
    std::string_view next(std::uint64_t size) {
        whole_ = whole_ && size <= bytes_.size();
        const std::string_view part = bytes_.substr(0, whole_ ? size : 0);
        bytes_.remove_prefix(part.size());
        return part;
    }

    std::string_view bytes_;
    bool whole_ = true;
};

template <typename... T>
std::string packed(T&... values) {
    Packer packer;
    packer(values...);
    return std::move(packer).take();
}

/// @return whether the bytes were exactly these values
template <typename... T>
bool unpack(std::string_view bytes, T&... values) {
    Unpacker unpacker(bytes);
    unpacker(values...);
    return unpacker.whole();
}

}  // namespace lktest
