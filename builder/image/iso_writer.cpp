// SPDX-License-Identifier: MIT
#include "builder/image/iso_writer.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

// libburn's burn_source is all that is needed of it; this makes libisofs.h declare it.
#define LIBISOFS_WITHOUT_LIBBURN 1
#include <libisofs/libisofs.h>

#include "builder/base/error.hpp"
#include "builder/base/handle.hpp"

namespace lktest {
namespace fs = std::filesystem;
namespace {

/// libisofs has global state, so only one image is written at a time.
class Library {
public:
    Library() {
        if (iso_init() < 0)
            throw host_error("cannot start libisofs");
        std::string keep = "FAILURE", print = "NEVER", prefix;
        iso_set_msgs_severities(keep.data(), print.data(), prefix.data());
    }
    Library(const Library&) = delete;
    Library& operator=(const Library&) = delete;
    ~Library() { iso_finish(); }
};

using Image = Handle<IsoImage, iso_image_unref>;
using Options = Handle<IsoWriteOpts, iso_write_opts_free>;

void free_source(burn_source* source) {
    source->free_data(source);
    std::free(source);
}
using Source = Handle<burn_source, free_source>;

/// The queued messages of libisofs about a failure, which say more than the status.
std::string queued_messages() {
    std::string text;
    std::array<char, ISO_MSGS_MESSAGE_LEN> message{};
    std::array<char, 80> severity{};
    std::string least = "FAILURE";
    int code = 0, image = 0;
    while (iso_obtain_msgs(least.data(), &code, &image, message.data(), severity.data()) == 1)
        text += fmt::format("\n{}", message.data());
    return text;
}

void check(int status, std::string_view what) {
    if (status < 0)
        throw host_error(
            fmt::format("cannot write the ISO: {}: {}{}", what, iso_error_to_msg(status), queued_messages()));
}

void set_times(IsoNode* node, mode_t mode, std::int64_t time) {
    iso_node_set_permissions(node, mode);
    iso_node_set_uid(node, 0);
    iso_node_set_gid(node, 0);
    iso_node_set_mtime(node, time);
    iso_node_set_atime(node, time);
    iso_node_set_ctime(node, time);
}

IsoDir* directory(IsoImage* image, const fs::path& path, std::int64_t time) {
    IsoDir* parent = iso_image_get_root(image);
    for (const fs::path& part : path.relative_path()) {
        IsoNode* node = nullptr;
        if (iso_dir_get_node(parent, part.c_str(), &node) != 1) {
            IsoDir* made = nullptr;
            check(iso_image_add_new_dir(image, parent, part.c_str(), &made), part.string());
            node = ISO_NODE(made);
            set_times(node, 0755, time);
        }
        parent = reinterpret_cast<IsoDir*>(node);
    }
    return parent;
}

IsoNode* add_bytes(IsoImage* image, IsoDir* parent, const std::string& name, const std::string& bytes) {
    // The stream frees its memory with free(); an empty one still needs an address.
    auto* copy = static_cast<unsigned char*>(std::malloc(bytes.size() + 1));
    if (!copy)
        throw std::bad_alloc();
    std::ranges::copy(bytes, copy);
    IsoStream* stream = nullptr;
    if (const int status = iso_memory_stream_new(copy, bytes.size(), &stream); status < 0) {
        std::free(copy);
        check(status, name);
    }
    IsoFile* node = nullptr;
    const int status = iso_image_add_new_file(image, parent, name.c_str(), stream, &node);
    if (status < 0)
        iso_stream_unref(stream);  // not transferred
    check(status, name);
    return ISO_NODE(node);
}

void add_files(IsoImage* image, std::span<const ImageFile> files, std::int64_t time) {
    set_times(ISO_NODE(iso_image_get_root(image)), 0755, time);
    int weight = static_cast<int>(files.size());
    for (const ImageFile& file : files) {
        const fs::path path = file.path;
        IsoDir* parent = directory(image, path.parent_path(), time);
        const std::string name = path.filename();
        IsoNode* node = nullptr;
        if (const auto* bytes = std::get_if<std::string>(&file.content)) {
            node = add_bytes(image, parent, name, *bytes);
        } else {
            const fs::path source = fs::absolute(std::get<fs::path>(file.content));
            check(iso_tree_add_new_node(image, parent, name.c_str(), source.c_str(), &node), source.string());
        }
        set_times(node, 0644, time);
        iso_node_set_sort_weight(node, weight--);  // heavier is nearer to the start
    }
}

void add_el_torito(IsoImage* image, const Layout& layout, std::int64_t time) {
    directory(image, fs::path(layout.catalogue).parent_path(), time);
    const std::string esp = fmt::format("--interval:appended_partition_{}:all::", layout.esp_partition);
    ElToritoBootImage* entry = nullptr;
    if (layout.bios) {
        check(iso_image_set_boot_image(image, layout.bios->loader.c_str(), ELTORITO_NO_EMUL,
                                       layout.catalogue.c_str(), &entry),
              layout.bios->loader);
        el_torito_set_load_size(entry, static_cast<short>(layout.bios->load_sectors));
        constexpr int boot_info_table = 1;
        check(el_torito_set_isolinux_options(entry, boot_info_table, 0), layout.bios->loader);
        check(iso_image_add_boot_image(image, esp.c_str(), ELTORITO_NO_EMUL, 0, &entry), "the UEFI entry");
    } else {
        check(
            iso_image_set_boot_image(image, esp.c_str(), ELTORITO_NO_EMUL, layout.catalogue.c_str(), &entry),
            "the UEFI entry");
    }
    constexpr std::uint8_t efi_platform = 0xef;  // El Torito, section header: platform ID
    el_torito_set_boot_platform_id(entry, efi_platform);
}

void set_system_area(IsoWriteOpts* options, const Layout& layout, const std::string& mbr) {
    constexpr int isohybrid = 1 << 1, never_align = 2 << 8, set_active = 1 << 15;
    std::array<char, 32768> area{};
    std::memcpy(area.data(), mbr.data(), std::min(mbr.size(), area.size()));
    const int flags = never_align | (layout.bios ? isohybrid | set_active : 0);
    check(iso_write_opts_set_system_area(options, area.data(), flags, 0), "the system area");
}

Options write_options(const Volume& volume, const Layout& layout, const fs::path& esp,
                      const std::string& mbr) {
    IsoWriteOpts* made = nullptr;
    check(iso_write_opts_new(&made, 0), "options");
    Options owner(made);
    IsoWriteOpts* options = owner.get();
    iso_write_opts_set_iso_level(options, 3);  // files of 4 GiB and more
    iso_write_opts_set_rockridge(options, 1);
    iso_write_opts_set_joliet(options, 1);
    iso_write_opts_set_joliet_long_names(options, 1);
    iso_write_opts_set_joliet_longer_paths(options, 1);
    iso_write_opts_set_allow_deep_paths(options, 1);
    iso_write_opts_set_relaxed_vol_atts(options, 1);
    iso_write_opts_set_sort_files(options, 1);
    iso_write_opts_set_tail_blocks(options, 0);
    iso_write_opts_set_record_md5(options, 0, 0);
    // Reproducible: RRIP 1.12 would record inode numbers of the source files.
    iso_write_opts_set_rrip_version_1_10(options, 1);
    iso_write_opts_set_always_gmt(options, 1);
    iso_write_opts_set_replace_timestamps(options, 2);
    iso_write_opts_set_default_timestamp(options, volume.time);
    std::string uuid = volume_uuid(volume.time);
    iso_write_opts_set_pvd_times(options, volume.time, volume.time, 0, 0, uuid.data());
    Guid unused{};
    iso_write_opts_set_gpt_guid(options, unused.data(), 2);  // derived from the volume's UUID

    set_system_area(options, layout, mbr);
    std::string esp_path = fs::absolute(esp);
    constexpr std::uint8_t mbr_esp_type = 0xef;
    check(iso_write_opts_set_partition_img(options, layout.esp_partition, mbr_esp_type, esp_path.data(), 0),
          esp_path);
    iso_write_opts_set_appended_as_gpt(options, layout.table == PartitionTable::gpt ? 1 : 0);
    iso_write_opts_set_part_offset(options, layout.first_block, 0, 0);
    Guid esp_type = layout.esp_type, iso_type = layout.iso_type;
    iso_write_opts_set_part_type_guid(options, layout.esp_partition, esp_type.data(), 1);
    iso_write_opts_set_iso_type_guid(options, iso_type.data(), 1);
    return owner;
}

using Chunk = std::array<std::uint8_t, 524288>;

bool is_zero(const Chunk& chunk) {
    return chunk[0] == 0 && std::memcmp(chunk.data(), chunk.data() + 1, chunk.size() - 1) == 0;
}

void copy(burn_source& source, const fs::path& iso, const Progress& progress) {
    const UniqueFd out(::open(iso.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!out)
        throw system_error(fmt::format("cannot write {}", iso.string()), errno);
    const auto total = static_cast<std::uint64_t>(source.get_size(&source));
    Chunk chunk;
    struct stat status {};
    const bool sparse = ::fstat(out.get(), &status) == 0 && S_ISREG(status.st_mode);  // emptied
    for (std::uint64_t done = 0; done < total;) {
        // As many bytes at once as possible, because each call wakes libisofs' thread.
        const std::size_t filled = std::min<std::uint64_t>(chunk.size(), total - done);
        const int count = source.read_xt(&source, chunk.data(), static_cast<int>(filled));
        if (count < 0)
            throw host_error(
                fmt::format("cannot write the ISO: reading its files failed{}", queued_messages()));
        if (static_cast<std::size_t>(count) < filled)
            throw host_error(fmt::format("cannot write the ISO: it ended before {} of {} bytes{}",
                                         done + filled, total, queued_messages()));
        // Zeros become holes: they need neither disk space nor time.
        const bool hole = sparse && filled == chunk.size() && is_zero(chunk);
        if (hole && ::lseek(out.get(), static_cast<off_t>(filled), SEEK_CUR) < 0)
            throw system_error(fmt::format("cannot write {}", iso.string()), errno);
        for (std::size_t written = hole ? filled : 0; written < filled;) {
            const ssize_t size = ::write(out.get(), chunk.data() + written, filled - written);
            if (size < 0 && errno != EINTR)
                throw system_error(fmt::format("cannot write {}", iso.string()), errno,
                                   errno == ENOSPC ? "free some space on that file system" : "");
            written += size > 0 ? static_cast<std::size_t>(size) : 0;
        }
        done += filled;
        progress("iso", done, total);
    }
    if (sparse && ::ftruncate(out.get(), static_cast<off_t>(total)) < 0)
        throw system_error(fmt::format("cannot write {}", iso.string()), errno);
}

}  // namespace

void write_iso(const fs::path& iso, const Volume& volume, const Layout& layout,
               std::span<const ImageFile> files, const fs::path& esp, const std::string& mbr,
               const Progress& progress) {
    const Library library;
    IsoImage* made = nullptr;
    check(iso_image_new(volume.label.c_str(), &made), "a new image");
    const Image image(made);
    // Rock Ridge does not support longer names; libisofs would shorten them silently.
    check(iso_image_set_truncate_mode(image.get(), 0, 255), "names");
    iso_image_set_volset_id(image.get(), volume.label.c_str());
    iso_image_set_application_id(image.get(), volume.application.c_str());
    iso_image_set_system_id(image.get(), "LINUX");
    add_files(image.get(), files, volume.time);
    add_el_torito(image.get(), layout, volume.time);
    const Options options = write_options(volume, layout, esp, mbr);

    burn_source* started = nullptr;
    check(iso_image_create_burn_source(image.get(), options.get(), &started), "starting");
    const Source source(started);
    copy(*source, iso, progress);
}

}  // namespace lktest
