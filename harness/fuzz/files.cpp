// SPDX-License-Identifier: MIT
#include <string>
#include <vector>

#include "builder/base/file.hpp"
#include "builder/base/little_endian.hpp"
#include "firmware/variable_store.hpp"
#include "harness/boot/machine_keys.hpp"
#include "harness/boot/variable_report.hpp"
#include "harness/fuzz/readers.hpp"
#include "harness/report/json.hpp"
#include "harness/report/renderers.hpp"
#include "harness/results/json.hpp"
#include "harness/scenario/known_failures.hpp"
#include "harness/scenario/parse.hpp"
#include "harness/tests/support/sample_report.hpp"

namespace lktest {
namespace {

/// A stranger's run, and every report of it.
void saved_run(const std::string& bytes) {
    const results::Run run = results::parse_run(bytes, "run/matrix.json");
    for (const Renderer& format : renderers())
        format.render(run, {});
}

void scenario(const std::string& bytes) {
    parse_scenario("fuzz.toml", bytes);
}

void known_failures(const std::string& bytes) {
    const TempDir directory;
    write_file(directory.path() / "known.toml", bytes);
    read_known_failures(directory.path() / "known.toml");
}

/// A store that a guest has written, and the report of what it changed.
void variable_store(const std::string& bytes) {
    machine_keys(bytes);
    report_variables({}, bytes);
    report_variables(bytes, {});
}

/// A volume of EDK2's authenticated variables (PI 1.8, volume 3, 3.2.1) with the variables of Secure Boot.
std::vector<std::string> variable_stores() {
    constexpr std::size_t header = 72, room = 1024;
    constexpr std::string_view vendor("0123456789abcdef");
    std::string store(header, '\0');
    store.replace(40, 4, "_FVH");
    store[48] = static_cast<char>(header);
    store += std::string("\x78\x2c\xf3\xaa\x7b\x94\x9a\x43\xa1\x80\x2e\x14\x4e\xc3\x77\x92", 16);
    add_le(store, room + 28, 4);
    store += std::string("\x5a\xfe\0\0\0\0\0\0", 8) + std::string(room, '\xff');
    const NewVariable variables[] = {{"SbatLevel", vendor, "sbat,1,2021030218\n", boot_service_variable},
                                     {"BootOrder", vendor, std::string("\1\0", 2)},
                                     {"Boot0001", vendor, std::string("\1\0\0\0\4\0U\0S\0B\0\0\0", 14)},
                                     {"dbx", vendor, std::string(76, '\x26')}};
    const std::string whole = with_variables(store, variables);
    std::string long_name = whole, long_value = whole, unknown = whole, no_end = whole;
    // The first variable's header: attributes at 4, sizes of name and value at 36 and 40 (UEFI 2.10, 8.2).
    constexpr std::size_t first = header + 28;
    long_name.replace(first + 36, 4, "\xfe\xff\xff\xff");
    long_value.replace(first + 40, 4, "\xff\xff\xff\x7f");
    unknown.replace(header, 16, "a store of other");
    no_end.replace(header + 16, 4, "\xff\xff\xff\xff");
    return {whole, whole.substr(0, first + 50), long_name, long_value, unknown, no_end};
}

std::vector<std::string> runs() {
    return {json_report(sample_failures())};
}

std::vector<std::string> scenarios() {
    const std::string milestone =
        "about = \"It boots.\"\n[[milestone]]\nname = 'kernel'\n"
        "pattern = 'Linux version (\\d+)'\nwithin = '2m'\n";
    return {
        milestone +
            "[boot]\nappend = \"toram\"\n[[disk]]\nname = \"data\"\nsize = \"64M\"\nfilesystem = \"ext4\"\n"
            "label = \"DATA\"\n[[step]]\nrun = \"uname -m\"\nexpect = '^(?P<machine>\\w+)$'\n"
            "[[step]]\nhost = 'test \"$machine\" = x86_64'\nstatus = 1\nwithin = \"3s\"\n"
            "[[step]]\nname = \"the end\"\nunchanged = \"data\"\narch = \"aarch64\"\n",
        milestone +
            "[[failure]]\nname = \"mine\"\npattern = 'oops (.*)'\noutcome = \"kernel-crash\"\n"
            "reason = 'it said \\1'\nhint = \"read it\"\n"};
}

std::vector<std::string> known() {
    return {
        "[[known]]\ncell = 'boot\\..*-uefi-usb'\nfailure = 'kernel-crash'\nreason = \"see there\"\n"
        "link = \"https://example.invalid/1\"\nexpires = \"2027-01-31\"\n"};
}

}  // namespace

std::vector<FuzzReader> file_readers() {
    return {{"saved_run", saved_run, runs, 150},
            {"scenario", scenario, scenarios},
            {"variable_store", variable_store, variable_stores},
            {"known_failures", known_failures, known}};
}

std::vector<FuzzReader> all_readers() {
    std::vector<FuzzReader> all;
    for (const auto& readers :
         {media_readers, source_readers, console_readers, memory_readers, network_readers, file_readers}) {
        const std::vector<FuzzReader> some = readers();
        all.insert(all.end(), some.begin(), some.end());
    }
    return all;
}

}  // namespace lktest
