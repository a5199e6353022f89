// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "builder/inspect/byte_view.hpp"
#include "builder/inspect/elf.hpp"

namespace lktest {

/// All ELF files of one machine in an initramfs.
struct ElfGroup {
    ElfMachine machine;
    std::size_t count = 0;
    std::vector<std::string> examples;  ///< the first few paths
};

/// The program that the kernel starts.
struct InitProgram {
    std::string path;         ///< "/init", or the path in rdinit=
    bool executable = false;  ///< a regular file with an x bit
    std::string interpreter;  ///< of "#!", or an ELF program's PT_INTERP; may be empty
    bool interpreter_there = true, interpreter_executable = true;
    bool carriage_return = false;  ///< the "#!" line ends in CR, which becomes part of the name
};

/// The unpacked contents of one or several initrd files, as the boot loader combines them.
struct InitramfsImage {
    std::vector<std::string> segments;  ///< "cpio", "zstd": the format of each part
    std::string fault;                  ///< why it cannot be read to its end; empty if it can
    std::string remedy;                 ///< of the fault; may be empty
    bool xz_crc64 = false;              ///< an xz check that the kernel's decoder refuses
    bool lz4_frame = false;             ///< lz4's newer format, which the kernel does not unpack
    bool old_ramdisk = false;           ///< a file system image, as kernels before initramfs used
    std::size_t files = 0;
    std::vector<ElfGroup> machines;   ///< without firmware blobs and BPF; the most frequent first
    std::optional<InitProgram> init;  ///< unset if it is missing
    bool busybox = false;
    bool has_modules = false;               ///< there are kernel modules
    bool knows_builtin = false;             ///< there is a modules.builtin
    std::set<std::string> modules;          ///< names with '_', files and built-in ones
    std::vector<std::string> releases;      ///< directories of /lib/modules
    std::set<std::string> module_releases;  ///< those that hold a module
    /// Its files without modules and firmware. "/usr" is dropped from the front of each path.
    std::set<std::string, std::less<>> paths;
    /// Scripts and settings by such a path. They identify the live system and the files that it looks for.
    std::map<std::string, std::string, std::less<>> texts;
};

/// Reads newc and crc cpio archives (Linux, Documentation/driver-api/early-userspace/buffer-format.rst),
/// each compressed or not, one after the other. Limits: 2 GiB unpacked, 300 000 files.
/// @param files  in load order
InitramfsImage read_initramfs(std::span<const ByteView> files, const std::string& init_path = "/init");

}  // namespace lktest
