// SPDX-License-Identifier: MIT
#include "harness/cli/init.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/base/printable.hpp"
#include "harness/run/lookup.hpp"

namespace lktest {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view scenario_text = R"(# What a boot must reach. Test an ISO with it:
#
#     lktest run my.iso --scenario scenario.toml
#
# scenarios/README.md of lktest describes all keys.

about = "My live system boots and my service answers."
# arch = ["x86_64"]            # default: all architectures
# firmware = ["bios", "uefi"]  # default
# medium = ["cdrom", "usb"]    # default: cdrom

[machine]
memory = "1G"
cpus = 1

# Points that a boot must reach, in this order. `pattern` is a regular expression (RE2) for a line of the
# serial console. `within` limits the time since the previous milestone with hardware acceleration; an
# emulated machine gets more.
[[milestone]]
name = "firmware"
banner = true                  # the first words of any firmware
within = "20s"

[[milestone]]
name = "kernel"
pattern = ['^Linux version \d+\.\d+\S*', '^Booting Linux on physical CPU', 'EFI stub: Booting Linux kernel']
within = "60s"

# What recipe.toml builds reports itself; other systems ask for a login. A prompt does not end in a newline,
# so `view = "prompt"` also matches the unfinished line.
[[milestone]]
name = "userspace"
view = "prompt"
pattern = ['^lktest: userspace: ready', '(?:^|\s)[\w.-]+ login: ?$']
within = "120s"

# The network as seen from the host: the guest has got an address and answers a ping.
# [[milestone]]
# name = "network"
# network = { lease = true, ping = true }
# within = "30s"

# Lines that end the boot at once. lktest already knows panics, emergency shells and loader errors.
[[failure]]
pattern = 'my-service: gave up: (.*)'
reason = 'the service says: \1'

# Steps after the last milestone.
# [[step]]
# run = "systemctl is-active my-service"
)";

/// Our own recipe with its comments, because most users start from it.
std::string recipe_text() {
    return "# Your own live system. Change it, then build it:\n#\n#     lktest build ./recipe.toml "
           "--arch x86_64 "
           "-o my.iso\n#\n# It starts as lktest's own recovery system:\n#\n" +
           read_file(find_data(recipe_files, "recovery"));
}

}  // namespace

void add_init(CLI::App& app, InitRequest& request) {
    app.add_option("DIR", request.directory, "directory for scenario.toml and recipe.toml")
        ->type_name("DIR")
        ->default_str(".");
}

int init(const InitRequest& request) {
    const fs::path scenario = request.directory / "scenario.toml", recipe = request.directory / "recipe.toml";
    for (const fs::path& file : {scenario, recipe})
        if (fs::exists(fs::symlink_status(file)))
            throw usage_error(fmt::format("{} already exists", file.string()),
                              "choose another directory, or move the file away");
    make_directories(request.directory);
    write_file(recipe, recipe_text());
    write_file(scenario, scenario_text);
    fmt::print("{}   the image; build it: lktest build {} -o my.iso\n", printable(recipe.string()),
               printable((recipe.has_parent_path() ? recipe : "." / recipe).string()));
    fmt::print("{} what its boot must reach; test it: lktest run my.iso --scenario {}\n",
               printable(scenario.string()), printable(scenario.string()));
    return static_cast<int>(ExitCode::passed);
}

}  // namespace lktest
