// SPDX-License-Identifier: MIT
// Reads pictures, memory and devices of a running guest.
#include <fcntl.h>
#include <fmt/format.h>
#include <libvirt/libvirt-qemu.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <span>

#include "builder/base/file.hpp"
#include "harness/machine/domain.hpp"

namespace lktest {
namespace fs = std::filesystem;
namespace {

/// Finds the process itself or its descendant. The process that libvirt starts as QEMU may be the box that
/// QEMU runs in.
pid_t last_descendant(pid_t process) {
    std::map<pid_t, pid_t> child_of;
    std::error_code gone;
    for (const fs::directory_entry& entry : fs::directory_iterator("/proc", gone)) {
        pid_t pid = 0, parent = 0;
        const std::string number = entry.path().filename();
        if (std::from_chars(number.data(), number.data() + number.size(), pid).ec != std::errc())
            continue;
        // "12 (a name with ) in it) S PARENT …", proc(5).
        std::ifstream file(entry.path() / "stat");
        std::string text;
        std::getline(file, text, '\0');
        const std::size_t end = text.rfind(") ");
        if (end == text.npos || text.size() < end + 5)
            continue;
        std::from_chars(text.data() + end + 4, text.data() + text.size(), parent);
        child_of[parent] = pid;
    }
    for (auto child = child_of.find(process); child != child_of.end(); child = child_of.find(process))
        process = child->second;
    return process;
}

std::string receive_all(virStream& stream) {
    std::string bytes;
    char chunk[65536];
    for (;;) {
        const int count = virStreamRecv(&stream, chunk, sizeof chunk);
        if (count < 0)
            throw libvirt_error("cannot read the screenshot");
        if (count == 0)
            return bytes;
        bytes.append(chunk, static_cast<std::size_t>(count));
    }
}

}  // namespace

/// A picture file that QEMU writes. libvirt would choose a path that a QEMU in a box cannot see.
struct Domain::PictureFile {
    fs::path path;  ///< in a directory that QEMU cannot write to
    std::mutex alone;

    std::string read() const {
        constexpr std::uint64_t most = 64 << 20;
        const UniqueFd file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
        struct stat facts {};
        if (!file || ::fstat(file.get(), &facts) < 0 || !S_ISREG(facts.st_mode))
            throw system_error(fmt::format("cannot read {}", path.string()), errno);
        std::string image(std::min(most, static_cast<std::uint64_t>(facts.st_size)), '\0');
        image.resize(read_at(file.get(), 0, std::as_writable_bytes(std::span(image)), path));
        return image;
    }
};

void Domain::use_for_pictures(const fs::path& file) {
    picture_ = std::make_shared<PictureFile>();
    picture_->path = file;
}

Domain::Camera Domain::camera() const {
    virDomainRef(handle_.get());
    const std::shared_ptr<virDomain> guest(handle_.get(), virDomainFree);
    if (picture_)
        return [guest, file = picture_] {
            const std::lock_guard alone(file->alone);
            // A QEMU older than 7.1 knows only its own format.
            std::string refusal;
            for (const char* type : {"png", "ppm"}) {
                nlohmann::json command{{"execute", "screendump"},
                                       {"arguments", {{"filename", file->path.string()}}}};
                if (type == std::string_view("png"))
                    command["arguments"]["format"] = type;
                char* text = nullptr;
                if (virDomainQemuMonitorCommand(guest.get(), command.dump().c_str(), &text, 0) < 0)
                    break;
                const auto answer = nlohmann::json::parse(take_string(text), nullptr, false);
                if (answer.is_object() && answer.contains("return"))
                    return Screenshot{
                        .type = type == std::string_view("png") ? "image/png" : "image/x-portable-pixmap",
                        .image = file->read()};
                if (answer.is_object() && answer.contains("error"))
                    refusal = answer["error"].value("desc", "");
            }
            throw host_error(fmt::format("cannot take a screenshot of the guest {}: {}",
                                         virDomainGetName(guest.get()), refusal));
        };
    return [guest] {
        const Handle<virStream, virStreamFree> stream(virStreamNew(virDomainGetConnect(guest.get()), 0));
        char* type = stream ? virDomainScreenshot(guest.get(), stream.get(), 0, 0) : nullptr;
        if (!type)
            throw libvirt_error(
                fmt::format("cannot take a screenshot of the guest {}", virDomainGetName(guest.get())));
        Screenshot screenshot{.type = take_string(type), .image = receive_all(*stream)};
        virStreamFinish(stream.get());
        return screenshot;
    };
}

Domain::DeviceUse Domain::device_use() const {
    virDomainPtr domains[] = {handle_.get(), nullptr};
    virDomainStatsRecordPtr* answer = nullptr;
    const int count =
        virDomainListGetStats(domains, VIR_DOMAIN_STATS_BLOCK | VIR_DOMAIN_STATS_INTERFACE, &answer, 0);
    const Handle<virDomainStatsRecordPtr, virDomainStatsRecordListFree> records(answer);
    if (count < 1)
        throw libvirt_error(fmt::format("cannot ask for the statistics of the guest {}", name_));
    virTypedParameterPtr values = answer[0]->params;
    const int size = answer[0]->nparams;
    const auto count_of = [&](const char* what) {
        unsigned devices = 0;
        virTypedParamsGetUInt(values, size, what, &devices);
        return devices;
    };
    const auto name_of = [&](const std::string& device) {
        const char* name = nullptr;
        virTypedParamsGetString(values, size, (device + ".name").c_str(), &name);
        return std::string(name ? name : "");
    };
    const auto number = [&](const std::string& device, std::string_view what) {
        unsigned long long value = 0;
        virTypedParamsGetULLong(values, size, fmt::format("{}.{}", device, what).c_str(), &value);
        return value;
    };
    DeviceUse use;
    for (unsigned i = 0; i < count_of("block.count"); ++i) {
        const std::string disk = fmt::format("block.{}", i);
        use.disks.push_back({.name = name_of(disk),
                             .reads = number(disk, "rd.reqs"),
                             .writes = number(disk, "wr.reqs"),
                             .bytes_read = number(disk, "rd.bytes"),
                             .bytes_written = number(disk, "wr.bytes")});
    }
    for (unsigned i = 0; i < count_of("net.count"); ++i) {
        const std::string card = fmt::format("net.{}", i);
        // libvirt omits the counts of a device that it cannot see.
        if (virTypedParamsGet(values, size, (card + ".tx.pkts").c_str()))
            use.cards.push_back({.name = name_of(card),
                                 .packets_sent = number(card, "tx.pkts"),
                                 .packets_received = number(card, "rx.pkts")});
    }
    return use;
}

Domain::Peek Domain::peek() const {
    virDomainRef(handle_.get());
    const std::shared_ptr<virDomain> guest(handle_.get(), virDomainFree);
    return [guest](std::uint64_t address, std::size_t size) {
        std::string bytes(size, '\0');
        if (virDomainMemoryPeek(guest.get(), address, size, bytes.data(), VIR_MEMORY_PHYSICAL) < 0)
            bytes.clear();
        return bytes;
    };
}

std::optional<pid_t> Domain::process() const {
    // First the embedded driver's directory, then those of root's daemons and of a user session.
    const char* user = std::getenv("XDG_RUNTIME_DIR");
    const std::vector<fs::path> places =
        connection_->root().empty()
            ? std::vector<fs::path>{"/run/libvirt/qemu", fs::path(user ? user : "/") / "libvirt/qemu/run"}
            : std::vector<fs::path>{connection_->root() / "run/qemu"};
    for (const fs::path& place : places) {
        const fs::path file = place / (name_ + ".pid");
        std::error_code error;
        if (!fs::exists(file, error))
            continue;
        pid_t pid = 0;
        const std::string text = read_file(file);
        if (std::from_chars(text.data(), text.data() + text.size(), pid).ec == std::errc())
            return pid;
    }
    return std::nullopt;
}

std::optional<pid_t> Domain::qemu() const {
    const std::optional<pid_t> box = process();
    return box ? std::optional(last_descendant(*box)) : std::nullopt;
}

UniqueFd Domain::memory() const {
    const std::optional<pid_t> process = qemu();
    if (!process)
        return {};
    std::error_code error;
    for (const fs::directory_entry& entry :
         fs::directory_iterator(fmt::format("/proc/{}/fd", *process), error)) {
        std::error_code closed;
        if (fs::read_symlink(entry.path(), closed).native().starts_with("/memfd:"))
            return UniqueFd(::open(entry.path().c_str(), O_RDONLY | O_CLOEXEC));
    }
    return {};
}

}  // namespace lktest
