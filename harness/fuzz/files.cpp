// SPDX-License-Identifier: MIT
#include <string>
#include <vector>

#include "builder/base/file.hpp"
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
