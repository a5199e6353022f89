// SPDX-License-Identifier: MIT
#include "harness/console/novelty.hpp"

#include <algorithm>
#include <functional>
#include <iterator>
#include <utility>

namespace lktest {
namespace {

constexpr std::size_t most_known = 4096, longest = 400;

bool is_letter(char c) {
    const char small = static_cast<char>(c | 0x20);
    return (small >= 'a' && small <= 'z') || static_cast<unsigned char>(c) >= 0x80;
}

/// Shortens a long run of one character, such as dots, to three.
std::string without_runs(std::string_view line) {
    constexpr std::size_t longest_run = 3;
    std::string text;
    std::size_t run = 0;
    for (const char c : line) {
        run = !text.empty() && text.back() == c ? run + 1 : 1;
        if (run <= longest_run)
            text += c;
    }
    return text;
}

}  // namespace

void Novelty::said(std::string_view line, std::chrono::microseconds at) {
    line = line.substr(0, longest);
    std::string letters;
    std::ranges::copy_if(line, std::back_inserter(letters), is_letter);
    if (letters.empty()) {  // a dot, a number or a blank line is not new
        if (line.find_first_not_of(" \t\r") != std::string_view::npos)
            repeats(line);
        return;
    }
    const std::size_t hash = std::hash<std::string>()(letters);
    if (!known_.insert(hash).second)
        return repeats(line);
    new_at_ = at;
    repeated_.clear();
    numbers_.clear();
    counts_ = false;
    order_.push_back(hash);
    if (order_.size() > most_known) {
        known_.erase(order_.front());
        order_.pop_front();
    }
}

void Novelty::repeats(std::string_view line) {
    std::string numbers;
    std::ranges::copy_if(line, std::back_inserter(numbers), [](char c) { return c >= '0' && c <= '9'; });
    counts_ = counts_ || (!numbers_.empty() && !numbers.empty() && numbers != numbers_);
    repeated_ = without_runs(line);
    numbers_ = std::move(numbers);
}

void Novelty::restart(std::chrono::microseconds at) {
    *this = {};
    new_at_ = at;
}

}  // namespace lktest
