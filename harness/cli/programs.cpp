// SPDX-License-Identifier: MIT
#include "harness/cli/programs.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>

#include "builder/base/process.hpp"

namespace lktest {

std::optional<std::filesystem::path> find_program(std::string_view program, std::string_view path) {
    const std::string directories = std::string(path) + ":/usr/sbin:/sbin";
    for (std::size_t start = 0; start <= directories.size();) {
        const std::size_t end = std::min(directories.find(':', start), directories.size());
        std::filesystem::path file = std::filesystem::path(directories.substr(start, end - start)) / program;
        start = end + 1;
        std::error_code ignored;
        if (file.is_absolute() && std::filesystem::is_regular_file(file, ignored) &&
            ::access(file.c_str(), X_OK) == 0)
            return file;
    }
    return std::nullopt;
}

std::optional<std::filesystem::path> find_program(std::string_view program) {
    const char* path = std::getenv("PATH");
    return find_program(program, path ? path : "");
}

std::string qemu_version(std::string_view printed) {
    constexpr std::string_view before = "QEMU emulator version ";
    if (!printed.starts_with(before))
        return {};
    printed.remove_prefix(before.size());
    return std::string(printed.substr(0, printed.find_first_not_of("0123456789.")));
}

std::string ask_qemu_version(const std::filesystem::path& program) {
    const ProcessResult result =
        run_process({program.string(), "--version"}, {.deadline = std::chrono::seconds(10)});
    return qemu_version(result.out);
}

}  // namespace lktest
