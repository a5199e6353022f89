// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "builder/base/problem.hpp"
#include "firmware/kind.hpp"

namespace lktest {

// The steps of a scenario run after the milestones are reached. Texts may contain ${name}, a value that an
// earlier step captured or one of known_variables(). The text of RunOnHost never does, because its shell
// reads the values from its environment. Expressions are RE2; their named groups, (?P<name>…), capture.

/// The expected result of a command.
struct CommandCheck {
    int status = 0;      ///< the exit status
    std::string expect;  ///< an expression that its output must match, line by line; empty for any
};

struct RunInGuest {  ///< in a root shell on the serial console
    std::string command;
    CommandCheck check;
};
struct RunOnHost {  ///< by /bin/sh on the host side of the tap; see host_environment()
    std::string command;
    CommandCheck check;
};
struct SendText {  ///< typed literally on the serial console
    std::string text;
};
struct SendKeys {  ///< pressed on the keyboard, by QEMU's names: "ctrl-alt-delete"
    std::vector<std::string> keys;
};
struct ExpectLine {  ///< a line of the serial console since the previous step
    std::string pattern;
};
struct LogIn {  ///< at a login prompt on the serial console
    std::string user, password;
};
struct TakeScreenshot {
    std::string file;  ///< in the cell's directory, without extension
};
struct Reboot {  ///< the guest reboots itself; then its milestones must be reached again
    std::string command;
    std::string into;  ///< the disk that it boots from then, without milestones; empty for the medium
};
struct PressReset {    ///< the reset button; then the milestones must be reached again
    std::string into;  ///< see Reboot
};
struct ShutDown {  ///< the guest powers itself off
    std::string command;
};
struct PressPower {};  ///< the power button: the guest must power itself off
struct SelectEntry {   ///< in the loader's menu on the serial console, which a milestone has reached
    std::vector<std::string> titles;  ///< of the entry, preceded by its submenus
    std::string append;               ///< appended to the kernel's command line; may be empty
};
struct EjectMedium {};  ///< removes the medium from its drive, or unplugs the stick
struct InsertMedium {   ///< puts an image into the medium's drive, replacing any other
    std::string image;  ///< a file, medium_file for the booted image, or next_medium for that of --then
};
struct AttachDisk {
    std::string disk;
};
struct DetachDisk {
    std::string disk;
};
struct SealDisks {  ///< from now on, these must not change
    std::vector<std::string> disks;
};
struct CheckUnchanged {  ///< they must equal their content when sealed or at power-on
    std::vector<std::string> disks;
};

using Action = std::variant<RunInGuest, RunOnHost, SendText, SendKeys, ExpectLine, LogIn, TakeScreenshot,
                            Reboot, PressReset, ShutDown, PressPower, SelectEntry, EjectMedium, InsertMedium,
                            AttachDisk, DetachDisk, SealDisks, CheckUnchanged>;

/// One step of a scenario.
struct Step {
    std::string name;  ///< its name in reports; by default its action: "run uname -m"
    Action action;
    std::chrono::milliseconds within{};  ///< with hardware acceleration; scaled under TCG
    std::vector<Arch> arches;            ///< empty for all
    std::vector<Firmware> firmwares;     ///< empty for all
    Place place;
};

/// The disk that a step boots from; empty if there is none.
std::string booted_disk(const Step& step);

/// The files that steps put into the medium's drive.
std::vector<std::string> inserted_images(const std::vector<Step>& steps);

/// Values by name.
using Variables = std::map<std::string, std::string>;

/// The variables of every cell: "guest", the address that the guest leased; "host", this machine's address on
/// the same tap; "served", the directory that a web server there offers to the guest; "artefacts", the cell's
/// directory.
std::vector<std::string> known_variables();

/// `text` with each ${name} replaced; names without a value stay.
/// @param quote  applied to the values, for example to match them literally in an expression
std::string fill_in(std::string_view text, const Variables& variables,
                    std::string (*quote)(std::string_view) = nullptr);

/// The variables as the environment of a `host` step's shell, where text from the guest cannot become a
/// command.
using Environment = std::vector<std::pair<std::string, std::string>>;
Environment host_environment(const Variables& variables);

/// Why a value cannot be part of an environment (execve(2)): "what 'table' captured …". Unset if all can.
std::optional<std::string> not_for_environment(const Variables& variables);

/// Why a group of an expression cannot have this name; unset if it can. Guests choose the values, and
/// programs on this machine read them as environment variables such as PATH and http_proxy.
std::optional<std::string> unfit_capture(std::string_view name);

/// The names in `text`'s ${…}, in order.
std::vector<std::string> variables_of(std::string_view text);

/// Matches a command's output or a console line against an expression of a step, line by line. Stores its
/// named groups in `variables`.
bool matches(std::string_view text, const std::string& pattern, Variables& variables);

}  // namespace lktest
