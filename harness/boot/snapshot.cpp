// SPDX-License-Identifier: MIT
#include "harness/boot/snapshot.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <vector>

#include "builder/base/file.hpp"
#include "harness/boot/placed_files.hpp"

namespace lktest {
namespace {

namespace fs = std::filesystem;

fs::path place_of(const Rig& rig) {
    return rig.directory.path() / "snapshot";
}

/// The files that a guest writes to.
std::vector<fs::path> written_files(const Rig& rig) {
    std::vector<fs::path> files;
    for (const DiskSpec& disk : rig.spec.disks)
        files.push_back(disk.path);
    if (has_variables(rig.spec))
        files.push_back(rig.spec.variables);
    return files;
}

}  // namespace

void keep_lines_open(Rig& rig) {
    const bool by_pipe = !rig.spec.serial_pipe.empty();
    for (const fs::path& pipe : {rig.spec.serial_pipe, rig.spec.port_pipe, rig.spec.firmware_log})
        if (by_pipe && !pipe.empty())
            rig.kept_open.emplace_back(
                ::open((pipe.string() + ".out").c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW));
}

void take_snapshot(Rig& rig) {
    if (rig.spec.daemon)
        throw usage_error("guests of a libvirt daemon do not support snapshots", "omit --connect");
    if (rig.kept_open.empty())
        keep_lines_open(rig);
    const TempDir scratch(rig.directory.path());
    rig.guest->suspend();  // which flushes QEMU's disk caches
    for (const fs::path& file : written_files(rig))
        copy_sparse(file, scratch.path() / file.filename());
    rig.guest->save(scratch.path() / "state");
    rig.onlooker.emplace(*rig.guest, rig.spec.cell.arch);
    make_directories(place_of(rig));
    for (const fs::directory_entry& entry : fs::directory_iterator(scratch.path()))
        fs::rename(entry.path(), place_of(rig) / entry.path().filename());
}

void restore_snapshot(Rig& rig) {
    const fs::path place = place_of(rig);
    if (!fs::exists(place / "state"))
        throw usage_error("no snapshot has been taken", "take one with 'snapshot'");
    rig.guest->restore(place / "state", [&] {
        for (const fs::path& file : written_files(rig))
            copy_sparse(place / file.filename(), file);  // into the same inode, which QEMU owns
    });
    rig.onlooker.emplace(*rig.guest, rig.spec.cell.arch);
}

}  // namespace lktest
