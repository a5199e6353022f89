// SPDX-License-Identifier: MIT
#include "harness/diagnose/ram_layout.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <map>
#include <string>

#include "builder/base/re2_text.hpp"

namespace lktest {

std::vector<RamRange> ram_layout(std::string_view mtree) {
    // "  0000000100000000-000000017fffffff (prio 0, ram): pc.ram @0000000080000000 KVM"
    static const re2::RE2 range(
        R"(\s*([0-9a-f]{1,16})-([0-9a-f]{1,16}) \(prio -?\d+, ram\): (\S+)(?: @([0-9a-f]{1,16}))?.*)");
    std::map<std::string, std::vector<RamRange>> by_name;
    bool in_view = false;
    while (!mtree.empty()) {
        std::string_view line = mtree.substr(0, mtree.find('\n'));
        mtree.remove_prefix(std::min(line.size() + 1, mtree.size()));
        if (line.ends_with('\r'))
            line.remove_suffix(1);
        if (line.starts_with("FlatView"))
            in_view = false;
        else if (line.find("AS \"memory\"") != line.npos)
            in_view = true;
        std::uint64_t first = 0, last = 0, offset = 0;
        std::string name, offset_text;
        if (!in_view || !re2::RE2::FullMatch(to_re2(line), range, re2::RE2::Hex(&first), re2::RE2::Hex(&last),
                                             &name, &offset_text))
            continue;
        if (!offset_text.empty() && !re2::RE2::FullMatch(offset_text, "(.*)", re2::RE2::Hex(&offset)))
            continue;
        if (last >= first && last - first < std::uint64_t{1} << 52)
            by_name[name].push_back({.address = first, .size = last - first + 1, .offset = offset});
    }
    const auto total = [](const auto& entry) {
        std::uint64_t sum = 0;
        for (const RamRange& range_of : entry.second)
            sum += range_of.size;
        return sum;
    };
    const auto largest = std::ranges::max_element(by_name, {}, total);
    return largest == by_name.end() ? std::vector<RamRange>{} : largest->second;
}

}  // namespace lktest
