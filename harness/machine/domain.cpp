// SPDX-License-Identifier: MIT
#include "harness/machine/domain.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <libvirt/libvirt-qemu.h>
#include <libvirt/virterror.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <pugixml.hpp>
#include <span>
#include <utility>

#include "builder/base/file.hpp"
#include "harness/machine/core_file.hpp"

namespace lktest {
namespace fs = std::filesystem;
namespace {

/// Takes a string that libvirt allocated.
std::string take(char* text) {
    std::string copy(text);
    std::free(text);
    return copy;
}

/// Whether the call failed only because the guest has gone.
bool guest_is_gone() {
    const int code = virGetLastErrorCode();
    return code == VIR_ERR_OPERATION_INVALID || code == VIR_ERR_NO_DOMAIN;
}

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

Domain Domain::create(Connection& connection, const std::string& domain_name, const std::string& xml,
                      DomainEventSink on_event, const RunIn& run_in) {
    connection.listeners().listen(domain_name, std::move(on_event));
    Domain domain(connection, domain_name, run_in);
    // The embedded driver has no autodestroy, but its guests end with the jail.
    unsigned flags = VIR_DOMAIN_START_PAUSED;
    if (connection.root().empty())
        flags |= VIR_DOMAIN_START_AUTODESTROY;
    const auto start = [&] {
        domain.handle_.reset(virDomainCreateXML(connection.get(), xml.c_str(), flags));
        if (domain.handle_)
            return;
        Error error =
            libvirt_error(fmt::format("cannot start the guest {}", domain_name),
                          connection.root().empty()
                              ? "the daemon's QEMU runs as another user, who must be able to read the image"
                              : "");
        const std::string words = connection.last_words(domain_name);
        if (words.empty() || std::string_view(error.what()).find(words) != std::string_view::npos)
            throw error;
        throw host_error(fmt::format("{}\nQEMU said:\n{}", error.what(), words), error.hint());
    };
    domain.run_where_it_lives(start);
    return domain;
}

Domain Domain::find(Connection& connection, const std::string& domain_name) {
    Domain domain(connection, domain_name);
    domain.ours_ = false;
    domain.handle_.reset(virDomainLookupByName(connection.get(), domain_name.c_str()));
    if (!domain.handle_ || virDomainIsActive(domain.handle_.get()) != 1)
        throw usage_error(fmt::format("libvirt has no running guest {}", domain_name), "see virsh list");
    return domain;
}

Domain::Domain(Domain&& other) noexcept
    : connection_(std::exchange(other.connection_, nullptr)),
      name_(std::move(other.name_)),
      run_in_(std::move(other.run_in_)),
      ours_(other.ours_),
      picture_(std::move(other.picture_)),
      handle_(std::move(other.handle_)) {}

Domain::~Domain() {
    if (!connection_ || !ours_)
        return;
    if (handle_)
        virDomainDestroy(handle_.get());
    connection_->listeners().forget(name_);
}

void Domain::use_for_pictures(const fs::path& file) {
    picture_ = std::make_shared<PictureFile>();
    picture_->path = file;
}

void Domain::run_where_it_lives(const std::function<void()>& work) const {
    if (run_in_)
        run_in_(work);
    else
        work();
}

void Domain::resume() {
    if (virDomainResume(handle_.get()) < 0)
        throw libvirt_error(fmt::format("cannot resume the guest {}", name_));
}

void Domain::suspend() {
    if (virDomainSuspend(handle_.get()) < 0)
        throw libvirt_error(fmt::format("cannot pause the guest {}", name_));
}

bool Domain::running() const {
    int state = VIR_DOMAIN_NOSTATE;
    return virDomainGetState(handle_.get(), &state, nullptr, 0) == 0 && state == VIR_DOMAIN_RUNNING;
}

void Domain::reset() {
    if (virDomainReset(handle_.get(), 0) < 0)
        throw libvirt_error(fmt::format("cannot reset the guest {}", name_));
}

void Domain::press_power() {
    if (virDomainShutdownFlags(handle_.get(), VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN) < 0)
        throw libvirt_error(fmt::format("cannot press the power button of the guest {}", name_));
}

void Domain::press_keys(const std::vector<std::string>& keys) {
    nlohmann::json pressed = nlohmann::json::array();
    for (const std::string& key : keys)
        pressed.push_back({{"type", "qcode"}, {"data", key}});
    const nlohmann::json command{{"execute", "send-key"}, {"arguments", {{"keys", pressed}}}};
    const auto answer = nlohmann::json::parse(monitor(command.dump()), nullptr, false);
    if (answer.is_object() && answer.contains("error"))
        throw usage_error(fmt::format("cannot press {}: {}", fmt::join(keys, "-"),
                                      answer["error"].value("desc", "QEMU does not say why")),
                          "keys are named as QEMU does: a, ret, esc, f2, ctrl, alt, delete");
}

void Domain::attach_device(const std::string& xml) {
    if (virDomainAttachDeviceFlags(handle_.get(), xml.c_str(), VIR_DOMAIN_AFFECT_LIVE) < 0)
        throw libvirt_error(fmt::format("cannot attach a device to the guest {}", name_));
}

void Domain::detach_device(const std::string& xml) {
    if (virDomainDetachDeviceFlags(handle_.get(), xml.c_str(), VIR_DOMAIN_AFFECT_LIVE) < 0)
        throw libvirt_error(fmt::format("cannot detach a device from the guest {}", name_));
}

void Domain::change_medium(const std::string& xml) {
    unsigned flags = VIR_DOMAIN_AFFECT_LIVE;
    flags |= VIR_DOMAIN_DEVICE_MODIFY_FORCE;
    if (virDomainUpdateDeviceFlags(handle_.get(), xml.c_str(), flags) < 0)
        throw libvirt_error(fmt::format("cannot change the medium of the guest {}", name_));
}

void Domain::boot_from(const std::string& serial) {
    pugi::xml_document document;
    document.load_string(xml().c_str());
    std::string chosen;
    std::vector<std::pair<std::string, int>> orders;  // the disks before this one
    for (const pugi::xml_node device : document.child("domain").child("devices").children()) {
        if (!device.child("boot"))
            continue;
        const std::string alias = device.child("alias").attribute("name").value();
        if (device.child("serial").text().get() == serial)
            chosen = alias;
        else
            orders.emplace_back(alias, -1);
    }
    if (chosen.empty())
        throw host_error(fmt::format("the boot order of the guest {} has no disk '{}'", name_, serial));
    orders.emplace_back(chosen, 1);
    for (const auto& [alias, order] : orders) {
        // QEMU passes the order to the firmware at each reset.
        const nlohmann::json command{
            {"execute", "qom-set"},
            {"arguments",
             {{"path", "/machine/peripheral/" + alias}, {"property", "bootindex"}, {"value", order}}}};
        const auto answer = nlohmann::json::parse(monitor(command.dump()), nullptr, false);
        if (answer.is_object() && answer.contains("error"))
            throw host_error(fmt::format("cannot change the boot order of the guest {}: {}", name_,
                                         answer["error"].value("desc", "QEMU does not say why")));
    }
}

void Domain::destroy() {
    if (virDomainDestroy(handle_.get()) < 0 && !guest_is_gone())
        throw libvirt_error(fmt::format("cannot end the guest {}", name_));
}

std::string Domain::xml() const {
    char* text = virDomainGetXMLDesc(handle_.get(), 0);
    if (!text)
        throw libvirt_error(fmt::format("cannot ask for the XML of the guest {}", name_));
    return take(text);
}

std::string Domain::monitor(const std::string& command) const {
    char* answer = nullptr;
    if (virDomainQemuMonitorCommand(handle_.get(), command.c_str(), &answer, 0) < 0)
        throw libvirt_error(fmt::format("QEMU's monitor of the guest {} does not answer", name_));
    return take(answer);
}

std::string Domain::ask(std::string_view command) const {
    const nlohmann::json question = {{"execute", "human-monitor-command"},
                                     {"arguments", {{"command-line", command}}}};
    const auto answer = nlohmann::json::parse(monitor(question.dump()), nullptr, false);
    return answer.is_object() ? answer.value("return", "") : "";
}

void Domain::dump_core(const fs::path& file) const {
    if (virDomainCoreDumpWithFormat(handle_.get(), file.c_str(), VIR_DOMAIN_CORE_DUMP_FORMAT_KDUMP_ZLIB,
                                    VIR_DUMP_MEMORY_ONLY) < 0)
        throw libvirt_error(
            fmt::format("cannot write the memory of the guest {} to {}", name_, file.string()));
    unflatten_core(file);
}

void Domain::save(const fs::path& file) {
    connection_->listeners().overlook_stop(name_);
    if (virDomainSaveFlags(handle_.get(), file.c_str(), nullptr, VIR_DOMAIN_SAVE_PAUSED) < 0) {
        connection_->listeners().heed_stops(name_);
        throw libvirt_error(fmt::format("cannot take a snapshot of the guest {}", name_),
                            "QEMU cannot save the state of some devices, such as an NVMe disk");
    }
    restore(file);
}

void Domain::restore(const fs::path& file, const std::function<void()>& meanwhile) {
    if (virDomainIsActive(handle_.get()) == 1) {
        connection_->listeners().overlook_stop(name_);
        destroy();
    }
    if (meanwhile)
        meanwhile();
    run_where_it_lives([&] {
        if (virDomainRestoreFlags(connection_->get(), file.c_str(), nullptr, VIR_DOMAIN_SAVE_PAUSED) < 0)
            throw libvirt_error(fmt::format("cannot restore the snapshot of the guest {}", name_));
    });
}

bool Domain::kvm_in_use() const {
    const auto answer = nlohmann::json::parse(monitor(R"({"execute":"query-kvm"})"), nullptr, false);
    const nlohmann::json::json_pointer enabled("/return/enabled");
    return answer.is_object() && answer.contains(enabled) && answer[enabled] == true;
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
                const auto answer = nlohmann::json::parse(take(text), nullptr, false);
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
        Screenshot screenshot{.type = take(type), .image = receive_all(*stream)};
        virStreamFinish(stream.get());
        return screenshot;
    };
}

Domain::Stream Domain::console() const {
    Stream stream(virStreamNew(connection_->get(), VIR_STREAM_NONBLOCK));
    if (!stream || virDomainOpenConsole(handle_.get(), nullptr, stream.get(), 0) < 0)
        throw libvirt_error(fmt::format("cannot open the console of the guest {}", name_));
    return stream;
}

Domain::Stream Domain::channel(const std::string& port) const {
    Stream stream(virStreamNew(connection_->get(), VIR_STREAM_NONBLOCK));
    if (!stream || virDomainOpenChannel(handle_.get(), port.c_str(), stream.get(), 0) < 0)
        throw libvirt_error(fmt::format("cannot open the port {} of the guest {}", port, name_));
    return stream;
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
