// SPDX-License-Identifier: MIT
#include "harness/machine/domain.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <libvirt/libvirt-qemu.h>
#include <libvirt/virterror.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <pugixml.hpp>
#include <utility>

#include "builder/base/file.hpp"
#include "harness/machine/core_file.hpp"

namespace lktest {
namespace fs = std::filesystem;
namespace {

/// Whether the call failed only because the guest has gone.
bool guest_is_gone() {
    const int code = virGetLastErrorCode();
    return code == VIR_ERR_OPERATION_INVALID || code == VIR_ERR_NO_DOMAIN;
}

}  // namespace

Domain Domain::create(Connection& connection, const std::string& domain_name, const std::string& xml,
                      DomainEventSink on_event, const RunIn& run_in) {
    connection.listeners().listen(domain_name, std::move(on_event));
    Domain domain(connection, domain_name, run_in);
    // The embedded driver has no autodestroy, but its guests end with the jail.
    unsigned flags = VIR_DOMAIN_START_PAUSED;
    if (connection.root().empty())
        flags |= VIR_DOMAIN_START_AUTODESTROY;
    const auto start = [&] {
        // Seen once beside another run, and never again: a call that fails without a reason is repeated.
        for (int tries = 0; tries < 2; ++tries) {
            domain.handle_.reset(virDomainCreateXML(connection.get(), xml.c_str(), flags));
            if (domain.handle_)
                return;
            if (!libvirt_gave_no_reason())
                break;
        }
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
    return take_string(text);
}

std::string Domain::monitor(const std::string& command) const {
    char* answer = nullptr;
    if (virDomainQemuMonitorCommand(handle_.get(), command.c_str(), &answer, 0) < 0)
        throw libvirt_error(fmt::format("QEMU's monitor of the guest {} does not answer", name_));
    return take_string(answer);
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

}  // namespace lktest
