// SPDX-License-Identifier: MIT
// Real guests through libvirt's embedded driver, without a bootable medium or with a boot sector of a few
// bytes. The subject is the machine, not the medium.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <future>

#include "builder/base/deadline.hpp"
#include "builder/base/file.hpp"
#include "firmware/find.hpp"
#include "firmware/variables.hpp"
#include "harness/machine/domain.hpp"
#include "harness/machine/domain_xml.hpp"
#include "harness/machine/event_loop.hpp"
#include "harness/machine/serial_line.hpp"

namespace lktest {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using namespace std::chrono_literals;
using Kind = DomainEvent::Kind;

/// Far longer than any step takes, because it only ends a test that would hang.
constexpr auto patience = 60s;

/// One process, event loop and root, shared by all tests.
class Host : public ::testing::Environment {
public:
    void TearDown() override { running.reset(); }

    struct Running {
        asio::io_context io{1};
        asio::executor_work_guard<asio::io_context::executor_type> busy{io.get_executor()};
        EventLoop loop{io};
        TempDir root;
        Connection libvirt = Connection::embedded(root.path(), LKTEST_LIBVIRT_CACHE);
    };
    Running& operator()() {
        if (!running)
            running = std::make_unique<Running>();
        return *running;
    }

private:
    std::unique_ptr<Running> running;
};
Host& host = dynamic_cast<Host&>(*::testing::AddGlobalTestEnvironment(new Host));

/// A guest with its console drained from the first byte.
struct Guest {
    explicit Guest(MachineSpec machine)
        : io(host().io),
          spec(std::move(machine)),
          domain(Domain::create(host().libvirt, spec.domain_name, domain_xml(spec),
                                [this](const DomainEvent& event) { events.push_back(event); })) {
        serial.emplace(io, std::move(serial_pipe), [this](std::string_view bytes) {
            console += bytes;
            console_ended = console_ended || bytes.empty();
        });
        domain.resume();
    }

    template <typename Condition>
    bool wait(Condition condition) {
        const Deadline deadline = std::chrono::steady_clock::now() + patience;
        while (!condition() && !passed(deadline))
            io.run_one_until(deadline);
        return condition();
    }

    /// Calls libvirt while the console is drained; otherwise QEMU would stop and answer no requests.
    template <typename Call>
    auto aside(Call call) {
        auto answer = std::async(std::launch::async, std::move(call));
        while (answer.wait_for(std::chrono::seconds(0)) != std::future_status::ready)
            io.run_one_for(std::chrono::milliseconds(10));
        return answer.get();
    }

    bool wait_for_text(std::string_view text) {
        return wait([&] { return console.find(text) != std::string::npos; });
    }

    int count(Kind kind) const {
        return static_cast<int>(std::count_if(events.begin(), events.end(),
                                              [&](const auto& event) { return event.kind == kind; }));
    }

    /// "started", "reset guest-reset", …
    std::vector<std::string> story() const {
        std::vector<std::string> lines;
        for (const DomainEvent& event : events)
            if (event.kind != Kind::suspended)  // libvirt reports some pauses, but not always
                lines.push_back(std::string(name(event.kind)) +
                                (event.reason.empty() ? "" : " " + event.reason));
        return lines;
    }

    asio::io_context& io;
    MachineSpec spec;
    std::vector<DomainEvent> events;
    std::string console;
    bool console_ended = false;
    ConsolePipe serial_pipe = ConsolePipe::make(spec.serial_pipe),
                port_pipe = ConsolePipe::make(spec.port_pipe);
    Domain domain;
    std::optional<SerialLine> serial;
};

class Machine : public ::testing::Test {
protected:
    MachineSpec spec(Arch arch, Firmware firmware, Medium medium, std::string_view boot_sector = {}) {
        MachineSpec machine;
        const fs::path image = temp.path() / "medium.iso";
        std::string content(boot_sector);
        content.resize(1 << 20);
        if (!boot_sector.empty())
            content.replace(510, 2, "\x55\xaa");
        write_file(image, content);
        machine.cell = {.scenario = "boot",
                        .image = {"empty", image},
                        .arch = arch,
                        .firmware = firmware,
                        .medium = medium};
        static int guests = 0;
        machine.domain_name = name(machine.cell) + std::to_string(++guests);
        machine.settings.memory = std::uint64_t{512} << 20;
        if (firmware == Firmware::uefi) {
            machine.firmware = std::get<FirmwareImages>(choose_firmware(find_firmware(), {arch, firmware}));
            machine.variables = temp.path() / "variables.fd";
            make_variable_store(arch, *machine.firmware, machine.variables);
        }
        machine.serial_pipe = temp.path() / "serial";
        machine.port_pipe = temp.path() / "port";
        return machine;
    }

    MachineSpec bios(std::string_view boot_sector) {
        return spec(Arch::x86_64, Firmware::bios, Medium::usb, boot_sector);
    }

    pid_t qemu(const Guest& guest) const {
        return std::stoi(read_file(host().root.path() / "run/qemu" / (guest.spec.domain_name + ".pid")));
    }

    TempDir temp;
};

struct Cell {
    Arch arch;
    Firmware firmware;
    Medium medium;
    std::string_view first;  ///< how the console begins
    std::string_view last;   ///< the output if there is nothing to boot
};

class EmptyMedium : public Machine, public ::testing::WithParamInterface<Cell> {};

TEST_P(EmptyMedium, IsToldFromTheFirstByteOfTheConsole) {
    const auto& [arch, firmware, medium, first, last] = GetParam();
    Guest guest(spec(arch, firmware, medium));
    EXPECT_TRUE(guest.wait_for_text(last)) << guest.console;
    EXPECT_TRUE(guest.console.starts_with(first)) << guest.console.substr(0, 200);
    EXPECT_FALSE(guest.aside([&] { return guest.domain.kvm_in_use(); }));

    const UniqueFd memory = guest.domain.memory();
    ASSERT_TRUE(memory);
    EXPECT_EQ(::lseek(memory.get(), 0, SEEK_END), 512 << 20);
    EXPECT_LT(::lseek(memory.get(), 0, SEEK_DATA), 512 << 20);

    const auto [type, image] = guest.aside([&] { return guest.domain.screenshot(); });
    EXPECT_EQ(type, "image/png");
    EXPECT_TRUE(image.starts_with("\x89PNG")) << image.size();

    const pid_t pid = qemu(guest);
    guest.aside([&] { guest.domain.destroy(); });
    EXPECT_TRUE(guest.wait([&] { return guest.count(Kind::stopped) == 1; }));
    EXPECT_TRUE(guest.wait([&] { return guest.console_ended; }));
    EXPECT_EQ(guest.story().front(), "started");
    EXPECT_EQ(guest.story().back(), "stopped destroyed");
    EXPECT_EQ(guest.count(Kind::reset), 0);
    EXPECT_FALSE(fs::exists("/proc/" + std::to_string(pid) + "/exe")) << "QEMU still runs";
    EXPECT_GT(::lseek(memory.get(), 0, SEEK_END), 0) << "the memory outlives the guest";
    guest.domain.destroy();  // again: nothing to do
}

constexpr std::string_view seabios =
    "\x1b"
    "c\x1b[?7l\x1b[2J\x1b[0mSeaBIOS (version ";

constexpr std::string_view ovmf = "\x1b[2J\x1b[01;01H";
constexpr std::string_view aavmf = "UEFI firmware (version ";

INSTANTIATE_TEST_SUITE_P(
    Machine, EmptyMedium,
    ::testing::Values(
        Cell{Arch::x86_64, Firmware::bios, Medium::cdrom, seabios, "No bootable device."},
        Cell{Arch::x86_64, Firmware::bios, Medium::usb, seabios, "No bootable device."},
        Cell{Arch::x86_64, Firmware::uefi, Medium::cdrom, ovmf, "BdsDxe: failed to load Boot0001"},
        Cell{Arch::x86_64, Firmware::uefi, Medium::usb, ovmf, "BdsDxe: failed to load Boot0001"},
        Cell{Arch::aarch64, Firmware::uefi, Medium::cdrom, aavmf, "BdsDxe: failed to load Boot0001"},
        Cell{Arch::aarch64, Firmware::uefi, Medium::usb, aavmf, "BdsDxe: failed to load Boot0001"}),
    [](const auto& parameter) {
        const Cell& cell = parameter.param;
        return std::string(name(cell.arch)) + "_" + std::string(name(cell.firmware)) + "_" +
               std::string(name(cell.medium));
    });

// Boot sectors, run in real mode at 0:7c00.

/// mov dx, 604h; mov ax, 2000h; out dx, ax: sleep state S5 by the q35's PM1a_CNT register.
constexpr std::string_view power_off{"\xba\x04\x06\xb8\x00\x20\xef\xf4", 8};
/// mov dx, cf9h; mov al, 6; out dx, al: the chipset's reset control register.
constexpr std::string_view reset{"\xba\xf9\x0c\xb0\x06\xee\xf4", 7};
/// mov dx, 505h; mov al, 1; out dx, al: QEMU's pvpanic device.
constexpr std::string_view panic{"\xba\x05\x05\xb0\x01\xee\xf4", 7};
/// hlt; jmp $-1
constexpr std::string_view idle{"\xf4\xeb\xfd", 3};

TEST_F(Machine, TellsThatTheGuestSwitchedItselfOff) {
    Guest guest(bios(power_off));
    ASSERT_TRUE(guest.wait([&] { return guest.count(Kind::stopped) > 0; }));
    EXPECT_EQ(guest.story(), (std::vector<std::string>{"started", "resumed", "shutdown guest-shutdown",
                                                       "stopped shutdown"}));
    EXPECT_TRUE(guest.wait([&] { return guest.console_ended; }));
}

TEST_F(Machine, TellsEveryResetAndRunsOn) {
    Guest guest(bios(reset));
    ASSERT_TRUE(guest.wait([&] { return guest.count(Kind::reset) >= 3; }));
    EXPECT_EQ(guest.count(Kind::stopped), 0);
}

TEST_F(Machine, TellsThatTheGuestsKernelPanicked) {
    Guest guest(bios(panic));
    ASSERT_TRUE(guest.wait([&] { return guest.count(Kind::stopped) > 0; }));
    EXPECT_EQ(guest.story(),
              (std::vector<std::string>{"started", "resumed", "panicked pause", "stopped crashed"}));
}

TEST_F(Machine, TellsThatQemuDied) {
    Guest guest(bios(idle));
    ASSERT_TRUE(guest.wait_for_text("Booting from Hard Disk"));
    ::kill(qemu(guest), SIGKILL);
    ASSERT_TRUE(guest.wait([&] { return guest.count(Kind::stopped) > 0; }));
    EXPECT_EQ(guest.story().back(), "stopped failed");
    EXPECT_TRUE(guest.wait([&] { return guest.console_ended; }));
}

TEST_F(Machine, ShowsQemusOwnWordsWhenItDiesAtItsStart) {
    MachineSpec machine = spec(Arch::x86_64, Firmware::uefi, Medium::cdrom);
    fs::resize_file(machine.variables, 1000);
    try {
        Guest guest(machine);
        FAIL() << "QEMU started with a variable store of 1000 bytes";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), Error::Kind::host);
        const std::string_view what = error.what();
        EXPECT_TRUE(what.find("system firmware block device  has invalid size 1024") != what.npos) << what;
        EXPECT_EQ(what.find("QEMU said"), what.npos) << "libvirt has said it already: " << what;
    }
}

}  // namespace
}  // namespace lktest
