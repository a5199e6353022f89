// SPDX-License-Identifier: MIT
#include "harness/machine/domain_xml.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <pugixml.hpp>
#include <sstream>
#include <utility>

#include "harness/box/settings.hpp"

namespace lktest {
namespace {

using Attributes = std::initializer_list<std::pair<const char*, std::string_view>>;

pugi::xml_node add(pugi::xml_node parent, const char* element, Attributes attributes = {}) {
    pugi::xml_node node = parent.append_child(element);
    for (const auto& [key, value] : attributes)
        node.append_attribute(key).set_value(std::string(value).c_str());
    return node;
}

void add_text(pugi::xml_node parent, const char* element, std::string_view text, Attributes attributes = {}) {
    add(parent, element, attributes).text().set(std::string(text).c_str());
}

void add_memory(pugi::xml_node domain, const MachineSettings& settings) {
    add_text(domain, "memory", std::to_string(settings.memory >> 10), {{"unit", "KiB"}});
    // A shared memfd, so that diagnosis can read the kernel's log while the guest runs. Unlike a file it
    // needs no space in /dev/shm and disappears with its last user.
    const pugi::xml_node backing = add(domain, "memoryBacking");
    add(backing, "source", {{"type", "memfd"}});
    add(backing, "access", {{"mode", "shared"}});
    add_text(domain, "vcpu", std::to_string(settings.cpus));
}

/// Without this, UEFI tries PXE for minutes before HTTP (EDK2, NetworkPkg).
void add_network_boot_kind(pugi::xml_node domain) {
    const pugi::xml_node info = add(domain, "sysinfo", {{"type", "fwcfg"}});
    for (const char* protocol : {"IPv4PXESupport", "IPv6PXESupport"})
        add_text(info, "entry", "n", {{"name", std::string("opt/org.tianocore/") + protocol}});
}

void add_os(pugi::xml_node domain, const MachineSpec& spec) {
    const pugi::xml_node os = add(domain, "os");
    add_text(os, "type", "hvm", {{"arch", name(spec.cell.arch)}, {"machine", name(chipset(spec.cell))}});
    if (has_variables(spec)) {
        const FirmwareImages& images = *spec.firmware;
        // Both images by path, because libvirt's choice would be firmware with Secure Boot on.
        pugi::xml_node loader =
            add(os, "loader",
                {{"readonly", "yes"}, {"secure", images.needs_smm ? "yes" : "no"}, {"type", "pflash"}});
        pugi::xml_node store = add(os, "nvram");
        if (images.format != "raw") {
            loader.append_attribute("format").set_value(images.format.c_str());
            store.append_attribute("format").set_value(images.format.c_str());
        }
        loader.text().set(images.code.c_str());
        store.text().set(spec.variables.c_str());
        // The time for which AAVMF waits for a key; by default three seconds (EDK2, QemuBootOrderLib).
        if (!is_pc(spec.cell.arch))
            add(os, "bootmenu", {{"enable", "yes"}, {"timeout", "0"}});
    } else if (spec.firmware) {
        add_text(os, "loader", spec.firmware->code.native(), {{"readonly", "yes"}, {"type", "rom"}});
    } else {
        add(os, "bios", {{"useserial", "yes"}});
    }
    if (spec.direct) {
        add_text(os, "kernel", spec.direct->kernel.native());
        add_text(os, "initrd", spec.direct->initramfs.native());
        add_text(os, "cmdline", spec.direct->command_line);
    }
}

/// Under emulation all models of the architecture work equally well; a named model is the user's wish.
void add_cpu(pugi::xml_node domain, const MachineSpec& spec) {
    const std::string_view model = spec.cell.hardware.cpu, usual = machine_of(spec.cell.arch).cpu;
    if (model.empty() && spec.accel == Accel::kvm)
        add(domain, "cpu", {{"mode", "host-passthrough"}});
    else if (model == "max" || (model.empty() && usual.empty()))
        add(domain, "cpu", {{"mode", "maximum"}});
    else
        add_text(add(domain, "cpu", {{"mode", "custom"}, {"match", "exact"}, {"check", "none"}}), "model",
                 model.empty() ? usual : model, {{"fallback", "forbid"}});
}

void add_processor(pugi::xml_node domain, const MachineSpec& spec) {
    const pugi::xml_node features = add(domain, "features");
    if (tables_of(spec.cell) == Tables::acpi)
        add(features, "acpi");
    if (is_pc(spec.cell.arch))
        add(features, "apic");
    if (spec.firmware && spec.firmware->needs_smm)
        add(features, "smm", {{"state", "on"}});
    add_cpu(domain, spec);
}

void add_life_cycle(pugi::xml_node domain) {
    add(domain, "clock", {{"offset", "utc"}});
    add_text(domain, "on_poweroff", "destroy");
    add_text(domain, "on_reboot", "restart");
    add_text(domain, "on_crash", "destroy");
}

bool beside_libvirt(const BootCell& cell) {
    return !row_of(cell.medium).by_libvirt;
}

/// A letter that is not used by another disk.
std::string_view drive_device(const BootCell& cell) {
    const std::string_view bus = drive_bus(cell);
    return bus == "ide" ? "hdc" : bus == "virtio" ? "vdz" : "sda";
}

/// The medium's drive, the first in the firmware's boot order.
void add_drive(pugi::xml_node parent, const MachineSpec& spec, bool empty) {
    const BootCell& cell = spec.cell;
    const std::filesystem::path& copy = spec.medium_copy;
    const bool disk_like = is_disk(cell.medium);
    const pugi::xml_node disk =
        add(parent, "disk", {{"type", "file"}, {"device", disk_like ? "disk" : "cdrom"}});
    add(disk, "driver", {{"name", "qemu"}, {"type", copy.empty() ? "raw" : "qcow2"}});
    if (!empty) {
        pugi::xml_node source =
            add(disk, "source", {{"file", copy.empty() ? cell.image.path.native() : copy.native()}});
        if (spec.daemon)  // it would chown the image to QEMU's user
            add(source, "seclabel", {{"model", "dac"}, {"relabel", "no"}});
    }
    if (row_of(cell.medium).large_sectors)
        add(disk, "blockio", {{"logical_block_size", "512"}, {"physical_block_size", "4096"}});
    pugi::xml_node target = add(disk, "target", {{"dev", drive_device(cell)}, {"bus", drive_bus(cell)}});
    if (disk_like && row_of(cell.medium).removable)
        target.append_attribute("removable").set_value("on");
    add(disk, "readonly");
    add(disk, "boot", {{"order", "1"}});
}

/// The medium is the first of the sd… devices, whose numbers are also their addresses on SATA and SCSI.
void add_disk(pugi::xml_node parent, const DiskSpec& spec) {
    const pugi::xml_node disk = add(parent, "disk", {{"type", "file"}, {"device", "disk"}});
    add(disk, "driver", {{"name", "qemu"}, {"type", "raw"}});
    add(disk, "source", {{"file", spec.path.native()}});
    const bool virtio = spec.bus == DiskBus::virtio;
    const char letter = static_cast<char>((virtio ? 'a' : 'b') + spec.number);
    add(disk, "target", {{"dev", std::string(virtio ? "vd" : "sd") + letter}, {"bus", name(spec.bus)}});
    if (spec.protect)
        add(disk, "readonly");
    add_text(disk, "serial", spec.name);
    if (spec.bootable)
        add(disk, "boot", {{"order", std::to_string(2 + spec.number)}});
}

bool any_disk(const MachineSpec& spec, DiskBus bus) {
    return std::ranges::any_of(spec.disks, [bus](const DiskSpec& disk) { return disk.bus == bus; });
}

void add_storage(pugi::xml_node devices, const MachineSpec& spec) {
    const std::string_view bus = drive_bus(spec.cell);
    const bool usb = bus == "usb" || any_disk(spec, DiskBus::usb);
    // By default libvirt adds a USB controller that costs SeaBIOS seconds.
    add(devices, "controller",
        {{"type", "usb"},
         {"index", "0"},
         {"model", usb ? build_of(spec.cell.firmware, spec.cell.arch)->usb : "none"}});
    if (bus == "scsi" || any_disk(spec, DiskBus::scsi))
        add(devices, "controller", {{"type", "scsi"}, {"index", "0"}, {"model", "virtio-scsi"}});
    if (!from_network(spec.cell.medium) && !beside_libvirt(spec.cell))
        add_drive(devices, spec, false);
    for (const DiskSpec& disk : spec.disks)
        if (disk.attached && disk.bus != DiskBus::nvme)
            add_disk(devices, disk);
}

using Words = std::vector<std::string>;

/// A string of JSON.
std::string json_string(std::string_view text) {
    return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// QEMU arguments for a drive that libvirt cannot describe.
Words medium_words(const MachineSpec& spec) {
    const std::string file =
        json_string((spec.medium_copy.empty() ? spec.cell.image.path : spec.medium_copy).native());
    const std::string_view format = spec.medium_copy.empty() ? "raw" : "qcow2";
    Words words{"-blockdev", fmt::format(R"({{"driver":"{}","node-name":"lktest-medium","read-only":true,)"
                                         R"("file":{{"driver":"file","filename":{}}}}})",
                                         format, file)};
    if (is_disk(spec.cell.medium))
        words.insert(
            words.end(),
            {"-device", R"({"driver":"nvme","drive":"lktest-medium","serial":"medium","bootindex":1})"});
    else
        words.insert(words.end(),
                     {"-device", R"({"driver":"usb-bot","bus":"usb.0","id":"lktest-bot"})", "-device",
                      R"({"driver":"scsi-cd","bus":"lktest-bot.0","drive":"lktest-medium","bootindex":1})"});
    return words;
}

/// Adds what libvirt 9.0 cannot describe. Devices are given in JSON, because QEMU creates other forms before
/// libvirt's devices, which would then find their addresses in use.
void add_qemu_words(pugi::xml_node domain, const MachineSpec& spec) {
    const bool medium = beside_libvirt(spec.cell);
    if (!medium && !any_disk(spec, DiskBus::nvme) && spec.box.empty())
        return;
    domain.append_attribute("xmlns:qemu").set_value("http://libvirt.org/schemas/domain/qemu/1.0");
    const pugi::xml_node line = add(domain, "qemu:commandline");
    if (!spec.box.empty())
        add(line, "qemu:env", {{"name", box_variable}, {"value", spec.box.native()}});
    if (medium)
        for (const std::string& word : medium_words(spec))
            add(line, "qemu:arg", {{"value", word}});
    for (const DiskSpec& disk : spec.disks) {
        if (disk.bus != DiskBus::nvme)
            continue;
        for (const std::string& argument :
             {std::string("-drive"),
              "if=none,id=lktest-" + disk.name + ",format=raw,file=" + disk.path.native(),
              std::string("-device"),
              R"({"driver":"nvme","drive":"lktest-)" + disk.name + R"(","serial":")" + disk.name + R"("})"})
            add(line, "qemu:arg", {{"value", argument}});
    }
}

/// Keeps the debug output of SeaBIOS (CONFIG_DEBUG_IO_PORT) and debug builds of OVMF (PcdDebugIoPort). A
/// guest can write there without limit, so it goes to a pipe whose reader has a limit.
void add_firmware_log(pugi::xml_node devices, const std::filesystem::path& log, bool by_pipe) {
    const pugi::xml_node port = add(devices, "serial", {{"type", by_pipe ? "pipe" : "file"}});
    pugi::xml_node source = add(port, "source", {{"path", log.native()}});
    if (!by_pipe)
        source.append_attribute("append").set_value("on");
    add(add(port, "target", {{"type", "isa-debug"}, {"port", "1"}}), "model", {{"name", "isa-debugcon"}});
    add(port, "address", {{"type", "isa"}, {"iobase", "0x402"}});
}

/// The text of one element.
std::string element_xml(const std::function<void(pugi::xml_node)>& fill) {
    pugi::xml_document document;
    fill(document);
    std::ostringstream text;
    document.save(text, "  ", pugi::format_default | pugi::format_no_declaration);
    return text.str();
}

void add_console(pugi::xml_node devices, const MachineSpec& spec) {
    const bool isa = is_pc(spec.cell.arch);
    // libvirt has streams only to the pseudo-terminal of a serial port, but also to the socket of a channel.
    const bool by_pipe = !spec.serial_pipe.empty();
    const pugi::xml_node serial = add(devices, "serial", {{"type", by_pipe ? "pipe" : "pty"}});
    if (by_pipe)
        add(serial, "source", {{"path", spec.serial_pipe.native()}});
    const pugi::xml_node port =
        add(serial, "target", {{"type", isa ? "isa-serial" : "system-serial"}, {"port", "0"}});
    add(port, "model", {{"name", isa ? "isa-serial" : "pl011"}});
    if (isa && !spec.firmware_log.empty())
        add_firmware_log(devices, spec.firmware_log, by_pipe);

    add(devices, "controller", {{"type", "virtio-serial"}, {"index", "0"}});
    const pugi::xml_node channel = add(devices, "channel", {{"type", by_pipe ? "pipe" : "unix"}});
    if (by_pipe)
        add(channel, "source", {{"path", spec.port_pipe.native()}});
    add(channel, "target", {{"type", "virtio"}, {"name", virtio_port_name}});
}

struct AddNetwork {
    pugi::xml_node devices;
    const BootCell& cell;

    void operator()(const NoNetwork&) const {}
    void operator()(const UserNetwork& network) const { add_card("user", network.mac); }
    void operator()(const TapNetwork& network) const {
        add(add_card("ethernet", network.mac), "target", {{"dev", network.device}, {"managed", "no"}});
    }

    pugi::xml_node add_card(const char* type, const std::string& mac) const {
        const pugi::xml_node card = add(devices, "interface", {{"type", type}});
        add(card, "mac", {{"address", mac}});
        const CardRow& model = row_of(cell.hardware.card.value_or(plain_card));
        add(card, "model", {{"type", model.model}});
        if (from_network(cell.medium))
            add(card, "boot", {{"order", "1"}});
        // SeaBIOS boots with the card's iPXE. UEFI has a driver for virtio, and iPXE would cost seconds.
        if (!from_network(cell.medium) || (is_uefi(cell.firmware) && model.uefi_driver))
            add(card, "rom", {{"enabled", "no"}});
        return card;
    }
};

void add_video(pugi::xml_node devices, Graphics graphics) {
    const pugi::xml_node video = add(devices, "video");
    if (graphics == Graphics::none)
        add(video, "model", {{"type", "none"}});
    else
        add(video, "model", {{"type", row_of(graphics).model}, {"heads", "1"}, {"primary", "yes"}});
}

void add_devices(pugi::xml_node domain, const MachineSpec& spec) {
    const pugi::xml_node devices = add(domain, "devices");
    if (!spec.emulator.empty())
        add_text(devices, "emulator", spec.emulator.native());
    add_storage(devices, spec);
    std::visit(AddNetwork{devices, spec.cell}, spec.network);
    add_console(devices, spec);
    if (spec.cell.hardware.tpm == Tpm::tpm2)
        add(add(devices, "tpm", {{"model", machine_of(spec.cell.arch).tpm}}), "backend",
            {{"type", "emulator"}, {"version", "2.0"}});
    add_video(devices, spec.cell.hardware.graphics.value_or(plain_graphics(spec.cell.arch)));
    add_text(add(devices, "rng", {{"model", "virtio"}}), "backend", "/dev/urandom", {{"model", "random"}});
    if (is_pc(spec.cell.arch))
        add(devices, "panic", {{"model", "isa"}});
    add(devices, "memballoon", {{"model", "none"}});
}

}  // namespace

std::string disk_xml(const DiskSpec& disk) {
    return element_xml([&](pugi::xml_node parent) { add_disk(parent, disk); });
}

std::string medium_xml(const MachineSpec& spec) {
    return element_xml([&](pugi::xml_node parent) { add_drive(parent, spec, false); });
}

std::string empty_drive_xml(const MachineSpec& spec) {
    return element_xml([&](pugi::xml_node parent) { add_drive(parent, spec, true); });
}

std::string domain_xml(const MachineSpec& spec) {
    pugi::xml_document document;
    const pugi::xml_node domain =
        add(document, "domain", {{"type", spec.accel == Accel::kvm ? "kvm" : "qemu"}});
    add_text(domain, "name", spec.domain_name);
    add_memory(domain, spec.settings);
    add_os(domain, spec);
    if (row_of(spec.cell.medium).http)
        add_network_boot_kind(domain);
    add_processor(domain, spec);
    add_life_cycle(domain);
    add_devices(domain, spec);
    add_qemu_words(domain, spec);
    std::ostringstream text;
    document.save(text, "  ", pugi::format_default | pugi::format_no_declaration);
    return text.str();
}

}  // namespace lktest
