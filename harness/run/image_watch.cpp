// SPDX-License-Identifier: MIT
#include "harness/run/image_watch.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "builder/base/error.hpp"
#include "builder/image/checksums.hpp"

namespace lktest {
namespace {

namespace fs = std::filesystem;

/// The regular files of a directory, sorted; links are not followed.
std::vector<fs::path> files_below(const fs::path& directory) {
    std::vector<fs::path> files;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(directory))
        if (entry.is_regular_file() && !entry.is_symlink())
            files.push_back(entry.path());
    std::ranges::sort(files);
    return files;
}

/// Empty if it cannot be read, or a stop was requested.
std::string digest_of_image(const fs::path& path, const std::stop_token& stop) {
    try {
        if (!fs::is_directory(path))
            return digest_of_file(path, stop).sha256;
        std::vector<FileDigest> files;
        for (const fs::path& file : files_below(path)) {
            files.push_back(digest_of_file(file, stop));
            if (files.back().sha256.empty())
                return "";
            files.back().path = "/" + file.lexically_relative(path).string();
        }
        const ImageFile list{"", checksum_list(files)};
        return digests({&list, 1}).front().sha256;
    } catch (const std::exception&) {  // ended() says what happened to it
        return "";
    }
}

bool is_later(const timespec& a, const timespec& b) {
    return std::pair(a.tv_sec, a.tv_nsec) > std::pair(b.tv_sec, b.tv_nsec);
}

}  // namespace

ImageWatch::State ImageWatch::state_of(const fs::path& path) {
    struct stat facts {};
    if (::stat(path.c_str(), &facts) < 0)
        throw std::system_error(errno, std::generic_category());
    State state{.size = static_cast<std::uint64_t>(facts.st_size),
                .modified = facts.st_mtim,
                .device = facts.st_dev,
                .number = facts.st_ino};
    if (S_ISREG(facts.st_mode))
        return state;
    if (!S_ISDIR(facts.st_mode))
        throw std::system_error(std::make_error_code(std::errc::invalid_argument));
    state.size = 0;
    for (const fs::path& file : files_below(path)) {
        const State part = state_of(file);
        state.size += part.size;
        if (is_later(part.modified, state.modified))
            state.modified = part.modified;
    }
    return state;
}

std::string ImageWatch::change(const Watched& image) {
    State now;
    try {
        now = state_of(image.path);
    } catch (const std::system_error& error) {
        return error.code() == std::errc::no_such_file_or_directory ? "it was removed"
                                                                    : error.code().message();
    }
    if (now.device != image.before.device || now.number != image.before.number)
        return "another file has its name now";
    if (now.size != image.before.size)
        return fmt::format("its size went from {} to {} bytes", image.before.size, now.size);
    const bool written =
        is_later(now.modified, image.before.modified) || is_later(image.before.modified, now.modified);
    return written ? "it was written to" : "";
}

results::BootedImage ImageWatch::described(const Watched& image) {
    return {.path = image.path.string(),
            .sha256 = {},
            .size = image.before.size,
            .modified = std::chrono::system_clock::from_time_t(image.before.modified.tv_sec),
            .changed = {}};
}

ImageWatch::ImageWatch(const std::vector<fs::path>& paths) {
    for (const fs::path& path : paths) {
        if (std::ranges::find(images_, path, &Watched::path) != images_.end())
            continue;
        try {
            images_.push_back({path, state_of(path), ""});
        } catch (const std::system_error&) {
            continue;
        }
    }
    digests_ = std::async(std::launch::async, [this] {
        // Of this thread alone: guests come first.
        constexpr int lower = 10;
        ::setpriority(PRIO_PROCESS, 0, lower);
        for (Watched& image : images_)
            image.sha256 = digest_of_image(image.path, stop_.get_token());
    });
}

ImageWatch::~ImageWatch() {
    stop_.request_stop();
}

std::vector<results::BootedImage> ImageWatch::begun() const {
    std::vector<results::BootedImage> found;
    for (const Watched& image : images_)
        found.push_back(described(image));
    return found;
}

std::vector<results::BootedImage> ImageWatch::ended(std::chrono::milliseconds patience) {
    if (digests_.valid()) {
        digests_.wait_for(patience);
        stop_.request_stop();
        digests_.get();
    }
    std::vector<results::BootedImage> found;
    for (const Watched& image : images_) {
        found.push_back(described(image));
        found.back().sha256 = image.sha256;
        found.back().changed = change(image);
    }
    return found;
}

}  // namespace lktest
