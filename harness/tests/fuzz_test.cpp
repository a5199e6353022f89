// SPDX-License-Identifier: MIT
// Every reader of foreign bytes, on its seeds and on mutations of them, always the same ones. ci/fuzz
// searches further, with libFuzzer.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <random>

#include "builder/base/error.hpp"
#include "harness/fuzz/readers.hpp"

namespace lktest {
namespace {

class Mutator {
public:
    explicit Mutator(unsigned seed) : random_(seed) {}

    /// Changes a few places, as libFuzzer's own mutators do.
    std::string mutate(std::string bytes) {
        for (std::size_t changes = 1 + below(4); changes > 0; --changes)
            change(bytes);
        return bytes;
    }

private:
    static constexpr std::size_t largest = 4 << 20;

    std::size_t below(std::size_t end) { return end == 0 ? 0 : random_() % end; }

    /// Most lengths, counts and offsets stand near the beginning.
    std::size_t place(const std::string& bytes) {
        return below(below(2) == 0 ? std::min<std::size_t>(bytes.size(), 4096) : bytes.size());
    }

    void change(std::string& bytes) {
        const std::size_t at = place(bytes);
        switch (below(7)) {
            case 0:
                if (!bytes.empty())
                    bytes[at] = static_cast<char>(bytes[at] ^ 1 << below(8));
                return;
            case 1: return overwrite(bytes, at);
            case 2: bytes.insert(at, 1 + below(16), static_cast<char>(below(256))); return;
            case 3: bytes.erase(at, 1 + below(64)); return;
            case 4: bytes.resize(at); return;
            case 5: return repeat(bytes, at);
            default: return digits(bytes, at);
        }
    }

    /// A number that lengths and offsets overflow with.
    void overwrite(std::string& bytes, std::size_t at) {
        constexpr std::array<std::uint64_t, 8> telling{
            0, 1, 0x7f, 0x7fff, 0x7fff'ffff, 0x8000'0000, 0xffff'fff0, ~std::uint64_t{0}};
        const std::uint64_t value = telling[below(telling.size())];
        const std::size_t size = std::min(std::size_t{1} << below(4), bytes.size() - at);
        std::memcpy(bytes.data() + at, &value, size);
    }

    void repeat(std::string& bytes, std::size_t at) {
        const std::string piece = bytes.substr(at, 1 + below(256));
        for (std::size_t times = 1 + below(64); times > 0 && bytes.size() < largest; --times)
            bytes.insert(at, piece);
    }

    /// Replaces a number in a text.
    void digits(std::string& bytes, std::size_t at) {
        const std::size_t digit = bytes.find_first_of("0123456789", at);
        if (digit != bytes.npos)
            bytes.replace(digit, 1, below(2) == 0 ? "99999999999999999999" : "-1");
    }

    std::mt19937 random_;
};

class Fuzz : public testing::TestWithParam<FuzzReader> {};

TEST_P(Fuzz, ReadsAnyBytes) {
    const FuzzReader& reader = GetParam();
    std::vector<std::string> inputs = reader.seeds();
    ASSERT_FALSE(inputs.empty());
    Mutator mutator(17);
    const std::size_t seeds = inputs.size();
    std::size_t refused = 0;
    for (std::size_t i = 0; i < seeds + reader.rounds; ++i) {
        const std::string bytes = i < seeds ? inputs[i] : mutator.mutate(inputs[i % seeds]);
        try {
            reader.read(bytes);
        } catch (const Error& error) {
            EXPECT_NE(error.what(), std::string());
            ++refused;
        }
    }
    EXPECT_LT(refused, seeds + reader.rounds) << "no input at all was accepted";
}

INSTANTIATE_TEST_SUITE_P(Readers, Fuzz, testing::ValuesIn(all_readers()),
                         [](const auto& reader) { return std::string(reader.param.name); });

}  // namespace
}  // namespace lktest
