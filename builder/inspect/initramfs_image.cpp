// SPDX-License-Identifier: MIT
#include "builder/inspect/initramfs_image.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "builder/inspect/cpio_reader.hpp"
#include "builder/inspect/elf_program.hpp"
#include "builder/inspect/limits.hpp"
#include "builder/inspect/path_lookup.hpp"
#include "builder/inspect/unpack.hpp"

namespace lktest {
namespace {

constexpr std::size_t file_limit = 300'000, segment_limit = 16, example_limit = 3;
constexpr std::size_t head_size = 4096, index_limit = 8 << 20, script_limit = 64 << 10,
                      all_scripts_limit = 4 << 20, kept_path_limit = 50'000;
constexpr std::uint64_t unpacked_limit = std::uint64_t{2} << 30;
constexpr std::size_t names_limit = 64 << 20, all_indices_limit = 16 << 20;  // bytes
constexpr std::size_t named_release_limit = 8,
                      module_limit = 50'000;  // names; an allyesconfig kernel has 10 000
constexpr std::uint32_t type_mask = 0170000, regular = 0100000, directory = 0040000, symlink = 0120000,
                        any_execute = 0111;

struct Node {
    std::uint32_t mode = 0;
    std::string target;  ///< of a symbolic link
    std::string interpreter;
    bool carriage_return = false;
};
using Nodes = std::map<std::string, Node, std::less<>>;

bool is_executable(const Node& node) {
    return (node.mode & type_mask) == regular && (node.mode & any_execute) != 0;
}

bool is_index(std::string_view path) {
    return path.ends_with("/modules.builtin");
}

/// "/lib/live" of "/usr/lib/live".
std::string_view without_usr(std::string_view path) {
    return path.starts_with("/usr/") ? path.substr(4) : path;
}

/// Scripts and settings that identify live systems.
bool is_script(std::string_view full_path) {
    constexpr std::array directories{
        std::string_view("/scripts/"),
        std::string_view("/conf/"),
        std::string_view("/hooks/"),
        std::string_view("/lib/live/"),
        std::string_view("/lib/dracut/modules"),
        std::string_view("/etc/cmdline.d/"),
        std::string_view("/etc/conf.d/"),
    };
    constexpr std::array files{
        std::string_view("/init"),
        std::string_view("/linuxrc"),
        std::string_view("/lib/config"),
        std::string_view("/lib/.config"),
        std::string_view("/lib/livekitlib"),
        std::string_view("/sbin/dmsquash-live-root"),
        std::string_view("/sbin/kiwi-live-root"),
    };
    const std::string_view path = without_usr(full_path);
    return std::ranges::find(files, path) != files.end() ||
           std::ranges::any_of(directories,
                               [path](std::string_view prefix) { return path.starts_with(prefix); });
}

struct OtherFormat {
    std::size_t at;
    std::string_view magic, what, remedy;
};
constexpr const char* newc_remedy = "Pack it with cpio -o -H newc.";
/// Formats that people take for an initramfs, and that Linux does not unpack.
constexpr std::array other_formats{
    OtherFormat{0, "070707", "it is a cpio archive of the old format (odc), and Linux unpacks only newc",
                newc_remedy},
    OtherFormat{0,
                {"\xc7\x71", 2},
                "it is a cpio archive of the binary format, and Linux unpacks only newc",
                newc_remedy},
    OtherFormat{0,
                {"\x71\xc7", 2},
                "it is a cpio archive of the binary format, and Linux unpacks only newc",
                newc_remedy},
    OtherFormat{257, "ustar", "it is a tar archive, and Linux unpacks only cpio archives of the format newc",
                newc_remedy},
    OtherFormat{0,
                {"\x27\x05\x19\x56", 4},
                "it has the header of U-Boot's mkimage, which only U-Boot removes",
                "Use the file without that header: dd bs=64 skip=1."},
    OtherFormat{
        0, {"PK\x03\x04", 4}, "it is a ZIP archive, and Linux unpacks only cpio archives", newc_remedy},
    OtherFormat{0,
                "\x7f"
                "ELF",
                "it is an ELF file", "Name the initramfs instead."},
    OtherFormat{0, "MZ", "it is an EFI program or a kernel", "Name the initramfs instead."},
};

const OtherFormat* other_format(std::string_view head) {
    const auto found = std::ranges::find_if(
        other_formats, [head](const OtherFormat& format) { return has_text(head, format.at, format.magic); });
    return found == other_formats.end() ? nullptr : &*found;
}

std::size_t wanted_of(const std::string& path) {
    return is_index(path) ? index_limit : is_script(path) ? script_limit : head_size;
}

/// An ext2, cramfs, romfs or SquashFS image, which kernels load into /dev/ram0.
bool is_file_system(const ByteView& bytes) {
    const std::string head = bytes.read(0, 1082);
    return head.starts_with("hsqs") || head.starts_with("-rom1fs-") || head.starts_with("\x45\x3d\xcd\x28") ||
           le16(head, 1080) == 0xef53;
}

/// "virtio_net" of "/lib/modules/6.1/kernel/drivers/net/virtio-net.ko.xz"; empty if it is not a module.
std::string module_name(std::string_view path) {
    std::string name(file_name_of(path));
    const std::size_t end = name.find(".ko");
    if (end == std::string::npos || (end + 3 != name.size() && name[end + 3] != '.'))
        return {};
    name.resize(end);
    std::ranges::replace(name, '-', '_');
    return name;
}

/// ELF files that are not meant for the machine's CPU.
bool is_foreign_by_design(const std::string& path, const ElfMachine& machine) {
    constexpr std::uint16_t none = 0, bpf = 247;
    return path.find("/lib/firmware/") != std::string::npos || machine.machine == bpf ||
           machine.machine == none;
}

class Reader {
public:
    void read(const ByteView& file) {
        std::uint64_t at = 0;
        for (std::size_t segment = 0; segment < segment_limit; ++segment) {
            at = skip_zeros(file, at);
            if (at >= file.size())
                return;
            const ByteView rest = file.from(at);
            const std::string head = rest.read(0, 16);
            if (head.starts_with("070701") || head.starts_with("070702")) {
                image_.segments.emplace_back("cpio");
                const CpioResult result = read_archive(plain_stream(rest));
                at += result.read;
                if (!result.complete) {
                    image_.fault = result.fault;
                    return;
                }
            } else {
                read_compressed(rest, head);
                return;
            }
        }
    }

    InitramfsImage finish(const std::string& init_path) {
        image_.files = nodes_.size();
        std::ranges::stable_sort(image_.machines, std::ranges::greater(), &ElfGroup::count);
        const std::string path = reach(init_path);
        if (const auto node = nodes_.find(path); node != nodes_.end()) {
            const std::string& interpreter = node->second.interpreter;
            const auto runs = interpreter.empty() ? node : nodes_.find(reach(interpreter));
            image_.init = InitProgram{.path = init_path,
                                      .executable = is_executable(node->second),
                                      .interpreter = interpreter,
                                      .interpreter_there = runs != nodes_.end(),
                                      .interpreter_executable = interpreter.empty() || runs == nodes_.end() ||
                                                                is_executable(runs->second),
                                      .carriage_return = node->second.carriage_return};
        }
        return std::move(image_);
    }

private:
    static std::uint64_t skip_zeros(const ByteView& file, std::uint64_t at) {
        while (at < file.size()) {
            const std::string bytes = file.read(at, 4096);
            const std::size_t found = bytes.find_first_not_of('\0');
            if (found != std::string::npos)
                return at + found;
            at += std::max<std::size_t>(bytes.size(), 1);
        }
        return at;
    }

    void read_compressed(const ByteView& bytes, const std::string& head) {
        const std::string_view compression = compression_of(head);
        if (compression.empty()) {
            image_.old_ramdisk = image_.segments.empty() && is_file_system(bytes);
            if (const OtherFormat* other = other_format(bytes.read(0, 512)); other && image_.segments.empty())
                set_fault(*other);
            else if (!image_.old_ramdisk)
                image_.fault = image_.segments.empty() ? "it is neither a cpio archive nor compressed"
                                                       : "it has unknown data after its first archive";
            return;
        }
        image_.segments.emplace_back(compression);
        // Stream flags: the check's type (The .xz File Format, 2.1.1.2). Linux supports CRC32 or no check.
        if (compression == "xz" && (u8(head, 7) & 0xf) > 1)
            image_.xz_crc64 = true;
        image_.lz4_frame |= head.starts_with("\x04\x22\x4d\x18");
        if (compression == "lzo")  // libarchive would run lzop(1)
            return;
        Unpacked unpacked(bytes, unpacked_left_);
        const Stream stream = [&](std::span<char> buffer) {
            const std::size_t got = unpacked.read(buffer);
            unpacked_left_ -= got;
            return got;
        };
        const CpioResult result = read_archive(stream);
        if (result.read == 0 && unpacked.fault().empty() && !result.complete)
            if (const OtherFormat* other = other_format(unpacked_head(bytes))) {
                set_fault(*other);
                return;
            }
        if (!result.complete)
            image_.fault = unpacked.fault().empty() ? result.fault : unpacked.fault();
    }

    static std::string unpacked_head(const ByteView& bytes) {
        Unpacked again(bytes, 1024);
        return read_some([&again](std::span<char> buffer) { return again.read(buffer); }, 512);
    }

    void set_fault(const OtherFormat& format) {
        image_.fault = format.what;
        image_.remedy = format.remedy;
    }

    CpioResult read_archive(const Stream& stream) {
        return read_cpio(stream, wanted_of, [this](CpioEntry entry) { return take(std::move(entry)); });
    }

    bool take(CpioEntry entry) {
        names_ += entry.path.size();
        if (names_ > names_limit)
            return false;
        Node node{entry.mode, {}, {}, false};
        const std::uint32_t type = entry.mode & type_mask;
        if (type == symlink) {
            node.target = entry.head;
            names_ += node.target.size();
        }
        if (type == regular) {
            look_at_content(entry, node);
            if (std::string module = module_name(entry.path); !module.empty()) {
                image_.has_modules = true;
                if (std::string release = release_of(entry.path);
                    !release.empty() && image_.module_releases.size() < named_release_limit)
                    image_.module_releases.insert(std::move(release));
                add_module(std::move(module));
            }
        }
        note_release(entry, type);
        note_path(entry, type);
        image_.busybox |= file_name_of(entry.path) == "busybox";
        nodes_.insert_or_assign(std::move(entry.path), std::move(node));
        return nodes_.size() < file_limit;
    }

    void look_at_content(const CpioEntry& entry, Node& node) {
        if (is_index(entry.path)) {
            image_.knows_builtin = true;
            indices_ += entry.head.size();
            if (indices_ <= all_indices_limit)
                add_builtin(entry.head);
        }
        if (entry.head.starts_with("#!")) {
            node.interpreter = interpreter_of(entry.head);
            // Or at the end of the interpreter's one argument: "#!/bin/busybox sh".
            const std::string_view line = std::string_view(entry.head).substr(0, entry.head.find('\n'));
            node.carriage_return = line.ends_with('\r');
            if (node.interpreter.ends_with('\r'))
                node.interpreter.pop_back();
        }
        const auto machine = elf_machine_of(entry.head);
        if (!machine)
            return;
        node.interpreter = interpreter_of(entry.head);
        if (!is_foreign_by_design(entry.path, *machine))
            count(*machine, entry.path);
    }

    void count(const ElfMachine& machine, const std::string& path) {
        auto group = std::ranges::find_if(image_.machines, [&](const ElfGroup& known) {
            return known.machine.machine == machine.machine && known.machine.is_64_bit == machine.is_64_bit;
        });
        if (group == image_.machines.end())
            group = image_.machines.insert(group, {machine, 0, {}});
        ++group->count;
        if (group->examples.size() < example_limit)
            group->examples.push_back(path);
    }

    void add_builtin(std::string_view text) {
        while (!text.empty()) {
            const std::string_view line = text.substr(0, text.find('\n'));
            text.remove_prefix(std::min(line.size() + 1, text.size()));
            if (std::string name = module_name(line); !name.empty())
                add_module(std::move(name));
        }
    }

    void add_module(std::string name) {
        if (image_.modules.size() < module_limit && name.size() <= longest_file_name)
            image_.modules.insert(std::move(name));
    }

    /// "/usr/lib/modules/6.1.0-13-arm64" is a directory of modules.
    void note_release(const CpioEntry& entry, std::uint32_t type) {
        const std::string_view parent = directory_of(entry.path);
        if (type == directory && (parent == "/lib/modules" || parent == "/usr/lib/modules") &&
            image_.releases.size() < named_release_limit)
            image_.releases.emplace_back(file_name_of(entry.path));
    }

    /// "6.1.0" of "/usr/lib/modules/6.1.0/kernel/fs/isofs.ko".
    static std::string release_of(std::string_view path) {
        constexpr std::string_view modules = "/lib/modules/";
        path = without_usr(path);
        return path.starts_with(modules)
                   ? std::string(path.substr(modules.size(), path.find('/', modules.size()) - modules.size()))
                   : std::string();
    }

    void note_path(const CpioEntry& entry, std::uint32_t type) {
        const std::string_view path = without_usr(entry.path);
        if (path.starts_with("/lib/modules/") || path.starts_with("/lib/firmware/"))
            return;
        if (image_.paths.size() < kept_path_limit)
            image_.paths.emplace(path);
        if (type == regular && is_script(path) && scripts_ + entry.head.size() <= all_scripts_limit) {
            scripts_ += entry.head.size();
            image_.texts.insert_or_assign(std::string(path), entry.head);
        }
    }

    std::string reach(const std::string& path) const {
        return follow_links(path, [this](const std::string& at) {
            const auto node = nodes_.find(at);
            return node == nodes_.end() || node->second.target.empty() ? std::nullopt
                                                                       : std::optional(node->second.target);
        });
    }

    InitramfsImage image_;
    Nodes nodes_;
    std::size_t scripts_ = 0;  ///< bytes of them
    std::uint64_t unpacked_left_ = unpacked_limit;
    std::size_t names_ = 0, indices_ = 0;
};

}  // namespace

InitramfsImage read_initramfs(std::span<const ByteView> files, const std::string& init_path) {
    Reader reader;
    for (const ByteView& file : files)
        reader.read(file);
    return reader.finish(init_path);
}

}  // namespace lktest
