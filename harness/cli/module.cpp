// SPDX-License-Identifier: MIT
#include "harness/cli/module.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <ctime>
#include <thread>
#include <vector>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/base/printable.hpp"
#include "builder/layer/squashfs_unpacker.hpp"
#include "builder/layer/squashfs_writer.hpp"
#include "builder/tree/from_directory.hpp"
#include "harness/cli/option.hpp"
#include "harness/terminal/held_signals.hpp"
#include "harness/terminal/progress_bar.hpp"
#include "harness/terminal/terminal.hpp"

namespace lktest {
namespace {

constexpr std::array<std::string_view, 2> actions{"pack", "unpack"};

std::vector<std::string> pack(const std::filesystem::path& directory, const std::filesystem::path& file,
                              const Progress& progress) {
    AtomicFile target(file);
    std::vector<std::string> omitted =
        write_squashfs(directory_tree(directory), target.temporary(), {Compressor::zstd, 9, 128 << 10},
                       std::time(nullptr), std::max(1U, std::thread::hardware_concurrency()), progress);
    target.commit();
    return omitted;
}

}  // namespace

void add_module(CLI::App& app, ModuleRequest& request) {
    app.add_option("ACTION", request.action, "pack or unpack")->type_name(alternatives(actions))->required();
    app.add_option("FROM", request.from, "directory to pack, or module to unpack")
        ->type_name("FROM")
        ->required();
    app.add_option("TO", request.to, "new module, named NN-NAME.sb, or new directory")
        ->type_name("TO")
        ->required();
}

int module(const ModuleRequest& request) {
    const bool packs = choose("ACTION", request.action, actions) == 0;
    const HeldSignals signals;
    ProgressBar bar(stderr, is_terminal(stderr), [] { return style_of(stderr); });
    const Progress progress = [&](std::string_view step, std::uint64_t done, std::uint64_t total) {
        if (signals.arrived())
            throw host_error("interrupted");
        bar.update(step, done, total);
    };
    const std::vector<std::string> omitted = packs ? pack(request.from, request.to, progress)
                                                   : unpack_squashfs(request.from, request.to, progress);
    for (const std::string& sentence : omitted)
        bar.say(sentence);
    bar.finish();
    fmt::print("{}\n", printable(request.to.string()));
    if (packs && request.to.extension() != ".sb")
        fmt::print(stderr, "lktest: the live system loads only modules whose names end in .sb\n");
    return static_cast<int>(ExitCode::passed);
}

}  // namespace lktest
