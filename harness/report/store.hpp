// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <filesystem>
#include <string>

#include "harness/report/renderers.hpp"

namespace lktest {

/// Makes the directory BASE for runs if it is missing. Throws a
/// usage Error if it is not a directory or is not writable.
void make_output(const std::filesystem::path& base);

/// The directory of one run, written while the run continues:
///
///     BASE/run-20261123-150001/matrix.json  junit.xml  index.html  CELL/events.jsonl  CELL/…
///     BASE/latest -> run-20261123-150001
///
/// A run never writes into another's directory. Files stay if a later write fails.
class RunDirectory {
public:
    /// Makes a new directory in BASE, from make_output().
    static RunDirectory create(const std::filesystem::path& base,
                               std::chrono::system_clock::time_point now = std::chrono::system_clock::now());

    const std::filesystem::path& path() const noexcept { return path_; }

    /// The cell's directory, created if needed.
    std::filesystem::path cell_directory(const BootCell& cell) const;

    /// Adds one line to the cell's events.jsonl. Removes an incomplete line if the disk is full. Throws a
    /// host Error.
    void append_event(const BootCell& cell, const Event& event) const;

    /// Replaces the reports for programs, matrix.json and junit.xml, each atomically. Throws a host Error.
    void write(const results::Run& run) const;

    /// Replaces index.html, the page for people. Throws a host Error.
    void write_page(const results::Run& run, const Rendering& with) const;

private:
    explicit RunDirectory(std::filesystem::path path) : path_(std::move(path)) {}
    std::filesystem::path path_;
};

}  // namespace lktest
