// SPDX-License-Identifier: MIT
#include "harness/terminal/guarded_output.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <string>
#include <utility>

namespace lktest {
namespace {

bool in_ci() {
    constexpr std::array variables{"CI", "GITHUB_ACTIONS", "TF_BUILD", "GITLAB_CI", "TEAMCITY_VERSION"};
    return std::ranges::any_of(variables, [](const char* name) {
        const char* value = std::getenv(name);
        return value && *value;
    });
}

}  // namespace

bool write_all(int file, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t count = ::write(file, bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return false;
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
}

/// Replaces one of the C library's streams (fopencookie(3)).
class GuardedOutput::Stream {
public:
    Stream(std::FILE*& name, int file, int buffering) : name_(name), file_(file) {
        std::fflush(name_);
        const cookie_io_functions_t functions{
            .read = nullptr, .write = write, .seek = nullptr, .close = nullptr};
        stream_ = ::fopencookie(this, "w", functions);
        if (!stream_)
            std::abort();  // out of memory at startup; printing unfiltered text is not an option
        std::setvbuf(stream_, nullptr, buffering, BUFSIZ);
        before_ = std::exchange(name_, stream_);
    }
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    ~Stream() {
        name_ = before_;
        std::fclose(stream_);
    }

private:
    static ssize_t write(void* self, const char* bytes, std::size_t size) {
        auto& stream = *static_cast<Stream*>(self);
        const std::string filtered = stream.filter_.pass({bytes, size});
        return write_all(stream.file_, filtered) ? static_cast<ssize_t>(size) : 0;
    }

    std::FILE*& name_;
    int file_;
    CommandFilter filter_;
    std::FILE* stream_ = nullptr;
    std::FILE* before_ = nullptr;
};

GuardedOutput::GuardedOutput()
    : streams_{
          std::make_unique<Stream>(stdout, STDOUT_FILENO, ::isatty(STDOUT_FILENO) == 1 ? _IOLBF : _IOFBF),
          std::make_unique<Stream>(stderr, STDERR_FILENO, _IONBF)} {}

GuardedOutput::~GuardedOutput() = default;

int descriptor(std::FILE* stream) {
    if (stream == stdout)
        return STDOUT_FILENO;
    return stream == stderr ? STDERR_FILENO : ::fileno(stream);
}

void print_ci_commands(std::FILE* stream, std::string_view commands) {
    std::fflush(stream);
    write_all(descriptor(stream), commands);
}

ConsoleOutput::ConsoleOutput() {
    if (::isatty(STDOUT_FILENO) == 0 || in_ci())
        filter_.emplace();
}

bool ConsoleOutput::put(std::string_view bytes) {
    return filter_ ? write_all(STDOUT_FILENO, filter_->pass(bytes)) : write_all(STDOUT_FILENO, bytes);
}

}  // namespace lktest
