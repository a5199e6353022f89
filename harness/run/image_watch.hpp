// SPDX-License-Identifier: MIT
#pragma once

#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <future>
#include <stop_token>
#include <string>
#include <vector>

#include "harness/results/run.hpp"

namespace lktest {

/// Which images a run boots, and whether they stay as they are. Digests are computed beside the run: a large
/// image would delay its first boot.
class ImageWatch {
public:
    /// @param paths  files, or directories that are booted from the network. A path that does not exist here
    ///     belongs to another machine, and is not watched. Nor are devices.
    explicit ImageWatch(const std::vector<std::filesystem::path>& paths);
    ImageWatch(const ImageWatch&) = delete;
    ImageWatch& operator=(const ImageWatch&) = delete;
    ~ImageWatch();

    /// The images as they are now, without digests.
    std::vector<results::BootedImage> begun() const;

    /// Looks at each image again.
    /// @param patience  for the digests. Those that take longer stay empty: an image may be a sparse file of
    ///     many terabytes.
    std::vector<results::BootedImage> ended(std::chrono::milliseconds patience = std::chrono::minutes(1));

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
    std::stop_source stop_;
    std::future<void> digests_;  ///< writes `sha256` until it is ready
};

}  // namespace lktest
