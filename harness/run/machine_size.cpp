// SPDX-License-Identifier: MIT
#include "harness/run/machine_size.hpp"

#include <sched.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>
#include <string>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"

namespace lktest {
namespace {

std::string content_of(const std::filesystem::path& path) {
    try {
        return read_file(path);
    } catch (const Error&) {
        return {};  // some kernels and containers hide some of these files
    }
}

std::optional<std::uint64_t> leading_number(std::string_view text) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    std::uint64_t number = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), number).ec != std::errc())
        return std::nullopt;
    return number;
}

/// The memory that a container's cgroup has left (cgroup v2, memory.max and memory.current).
std::optional<std::uint64_t> cgroup_rest() {
    const auto limit = leading_number(content_of("/sys/fs/cgroup/memory.max"));
    const auto used = leading_number(content_of("/sys/fs/cgroup/memory.current"));
    if (!limit || !used)
        return std::nullopt;
    return *limit - std::min(*limit, *used);
}

}  // namespace

std::uint64_t memory_available(std::string_view meminfo) {
    constexpr std::string_view key = "MemAvailable:";
    const std::size_t place = meminfo.find(key);
    if (place == std::string_view::npos)
        return 0;
    return leading_number(meminfo.substr(place + key.size())).value_or(0) * 1024;
}

MachineSize machine_size() {
    MachineSize size;
    cpu_set_t allowed;
    if (::sched_getaffinity(0, sizeof allowed, &allowed) == 0)
        size.cores = static_cast<unsigned>(std::max(1, CPU_COUNT(&allowed)));
    size.memory_available = memory_available(content_of("/proc/meminfo"));
    if (const auto rest = cgroup_rest())
        size.memory_available = std::min(size.memory_available, *rest);
    return size;
}

}  // namespace lktest
