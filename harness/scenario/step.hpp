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

#include "builder/base/platform.hpp"
#include "builder/base/problem.hpp"

namespace lktest {

// What a scenario does with a guest whose milestones are reached. Texts may hold ${name}: a value
// that an earlier step captured, or one of known_variables(). The text of RunOnHost never does: the
// shell there reads the values from its environment. Expressions are RE2; their named groups,
// (?P<name>…), capture.

/// What must be true of a command's end.
struct CommandCheck {
    int status = 0;      ///< the exit status
    std::string expect;  ///< an expression that its output must match, line by line; empty: anything
};

struct RunInGuest {  ///< in a root shell on the serial console
    std::string command;
    CommandCheck check;
};
struct RunOnHost {  ///< by /bin/sh on the host side of the tap; see host_environment()
    std::string command;
    CommandCheck check;
};
struct SendText {  ///< typed on the serial console as it is
    std::string text;
};
struct SendKeys {  ///< pressed on the keyboard; each by QEMU's names: "ctrl-alt-delete"
    std::vector<std::string> keys;
};
struct ExpectLine {  ///< a line of the serial console, since the step before
    std::string pattern;
};
struct LogIn {  ///< at a login prompt on the serial console
    std::string user, password;
};
struct TakeScreenshot {
    std::string file;  ///< in the cell's directory, without its ending
};
struct Reboot {  ///< the guest does it itself; then its milestones are reached again
    std::string command;
    std::string into;  ///< the disk that it boots from then, without milestones; empty: the medium
};
struct PressReset {    ///< the reset button; then the milestones are reached again
    std::string into;  ///< as of Reboot
};
struct ShutDown {  ///< the guest switches itself off
    std::string command;
};
struct PressPower {};  ///< the power button: the guest must switch itself off
struct SelectEntry {   ///< in the loader's menu on the serial console, which the milestones have led to
    std::vector<std::string> titles;  ///< of the entry, after those of the submenus that it is in
    std::string append;               ///< added to the end of the kernel's command line; empty: nothing
};
struct EjectMedium {};  ///< takes the medium out of its drive, or pulls the stick
struct InsertMedium {   ///< puts an image in the medium's drive, for the one that is in it if one is
    std::string image;  ///< a file, or medium_file: the image that was booted
};
struct AttachDisk {
    std::string disk;
};
struct DetachDisk {
    std::string disk;
};
struct SealDisks {  ///< from now on nothing may be written to these
    std::vector<std::string> disks;
};
struct CheckUnchanged {  ///< bit by bit as they were when sealed, or else at power-on
    std::vector<std::string> disks;
};

using Action = std::variant<RunInGuest, RunOnHost, SendText, SendKeys, ExpectLine, LogIn, TakeScreenshot,
                            Reboot, PressReset, ShutDown, PressPower, SelectEntry, EjectMedium, InsertMedium,
                            AttachDisk, DetachDisk, SealDisks, CheckUnchanged>;

/// One thing that a scenario does.
struct Step {
    std::string name;  ///< what reports call it: its own name, or what it does: "run uname -m"
    Action action;
    std::chrono::milliseconds within{};  ///< with hardware acceleration; scaled under TCG
    std::vector<Arch> arches;            ///< empty: all
    std::vector<Firmware> firmwares;     ///< empty: all
    Place place;
};

/// The disk that a step boots from; empty when it boots from none.
std::string booted_disk(const Step& step);

/// The files that steps put in the medium's drive.
std::vector<std::string> inserted_images(const std::vector<Step>& steps);

/// Values by their names.
using Variables = std::map<std::string, std::string>;

/// The variables of every cell: "guest", the address that the guest leased, "host", this machine's on the
/// same tap, "served", the directory whose files a web server there gives to the guest, "artefacts", the
/// cell's directory.
std::vector<std::string> known_variables();

/// `text` with each ${name} replaced; one that has no value stays as it is.
/// @param quote  applied to the values: what stands in an expression is meant literally
std::string fill_in(std::string_view text, const Variables& variables,
                    std::string (*quote)(std::string_view) = nullptr);

/// The variables as the environment of a `host` step's shell, where a guest's words cannot become commands.
using Environment = std::vector<std::pair<std::string, std::string>>;
Environment host_environment(const Variables& variables);

/// Why a value cannot be part of an environment (execve(2)): "what 'table' captured …". Unset if all can.
std::optional<std::string> not_for_environment(const Variables& variables);

/// Why a group of an expression cannot have this name. Guests choose the values, and programs on this
/// machine read them as environment variables: PATH, http_proxy. Unset if it can.
std::optional<std::string> unfit_capture(std::string_view name);

/// The names in `text`'s ${…}, in their order.
std::vector<std::string> variables_of(std::string_view text);

/// Matches a command's output or a console's line against an expression of a step, line by line.
/// What its named groups hold goes into `variables`.
bool matches(std::string_view text, const std::string& pattern, Variables& variables);

}  // namespace lktest
