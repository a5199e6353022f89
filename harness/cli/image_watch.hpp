// SPDX-License-Identifier: MIT
#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "harness/results/run.hpp"

namespace lktest {

/// Which images a run boots, and whether they stay as they are. Digests are computed beside the run: a large
/// image would delay its first boot.
class ImageWatch {
public:
    /// @param paths  files, or directories that are booted from the network; one that this machine does not
    ///     have is another machine's, and is not watched
    explicit ImageWatch(const std::vector<std::filesystem::path>& paths);

    /// What is known at once: all but the digests.
    std::vector<results::BootedImage> begun() const;

    /// Waits for the digests, and looks at each image again.
    std::vector<results::BootedImage> ended();

private:
    struct State {
        std::uint64_t size = 0;
        timespec modified{};
        dev_t device = 0;
        ino_t number = 0;
    };
    struct Watched {
        std::filesystem::path path;
        State before;
        std::string sha256;
    };

    static State state_of(const std::filesystem::path& path);
    static std::string change(const Watched& image);
    static results::BootedImage described(const Watched& image);

    std::vector<Watched> images_;
    std::jthread digests_;  ///< writes `sha256` until it is joined; last, so that it ends first
};

}  // namespace lktest
