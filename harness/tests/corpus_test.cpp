// SPDX-License-Identifier: MIT
// The corpus of broken media: corpus/faults.toml says how one of our media is broken, and which diagnosis is
// expected. ci/corpus runs all of them, ci/test a few (CMakeLists.txt).
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/base/little_endian.hpp"
#include "builder/base/process.hpp"
#include "builder/base/toml_reader.hpp"
#include "builder/tests/support/source_directory.hpp"
#include "harness/tests/support/broken_medium.hpp"
#include "harness/tests/support/tiny_elf.hpp"

namespace lktest {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

const fs::path corpus = source_directory() / "harness/tests/corpus";
const fs::path scratch = LKTEST_CORPUS_SCRATCH;  ///< intact media, and the results of each fault

/// A fault of corpus/faults.toml on one machine.
struct Fault {
    std::string name, machine;  ///< "no_init", "x86_64-bios"
    Arch arch = Arch::x86_64;
    std::string firmware, medium = "cdrom", memory, graphics, network = "none", recipe = "tiny",
                          scenario = "broken";
    std::string trust, sbat, enrolled, revoked, revoked_signer;  ///< of a machine with Secure Boot
    std::string stage, cause;  ///< of the diagnosis; cause = "" if it boots without a finding
    std::string refused;       ///< lktest refuses to boot it with this text
    // How the medium is broken; empty members leave it unchanged.
    std::string append, file, kernel_entry, init, unsign, wipe, signed_by;
    std::vector<std::string> replace, initramfs, without;
    double from = 0, to = 1, shorten = 1, cut = 1;
    bool from_other = false, of_other_machine = false;
    mode_t init_mode = 0755, busybox_mode = 0755;

    std::string id() const {
        std::string id = name + "_" + machine;
        std::ranges::replace(id, '-', '_');
        return id;
    }
};

void PrintTo(const Fault& fault, std::ostream* out) {
    *out << fault.id();
}

std::vector<Fault> read_faults() {
    const fs::path file = corpus / "faults.toml";
    TomlSource source{.file = file.string(), .text = read_file(file), .problems = {}};
    const toml::table values = parse_toml(source);
    TableReader top(source, values, "");
    std::vector<Fault> faults;
    for (const toml::table* entry : top.tables("fault")) {
        TableReader table(source, *entry, "[[fault]]");
        Fault fault;
        const auto text = [&](const char* key, std::string& into) {
            into = table.string(key).value_or(into);
        };
        const auto percent = [&](const char* key, double& into) {
            if (const auto value = table.integer(key, 0, 100))
                into = static_cast<double>(*value) / 100;
        };
        fault.name = table.required_string("name");
        fault.stage = table.required_string("stage");
        fault.cause = table.required_string("cause");
        text("medium", fault.medium);
        text("memory", fault.memory);
        text("graphics", fault.graphics);
        text("network", fault.network);
        text("refused", fault.refused);
        text("recipe", fault.recipe);
        text("scenario", fault.scenario);
        text("append", fault.append);
        text("file", fault.file);
        text("kernel_entry", fault.kernel_entry);
        text("init", fault.init);
        text("unsign", fault.unsign);
        text("wipe", fault.wipe);
        text("signed_by", fault.signed_by);
        text("trust", fault.trust);
        text("sbat", fault.sbat);
        text("enrolled", fault.enrolled);
        text("revoked", fault.revoked);
        text("revoked_signer", fault.revoked_signer);
        percent("from", fault.from);
        percent("to", fault.to);
        percent("shorten", fault.shorten);
        percent("cut", fault.cut);
        fault.replace = table.strings("replace");
        fault.initramfs = table.strings("initramfs");
        fault.without = table.strings("without");
        fault.from_other = table.boolean("from_other").value_or(false);
        fault.of_other_machine = table.boolean("of_other_machine").value_or(false);
        const auto mode = [&](const char* key, mode_t& into) {
            if (const auto value = table.integer(key, 0, 07777))
                into = static_cast<mode_t>(*value);
        };
        mode("init_mode", fault.init_mode);
        mode("busybox_mode", fault.busybox_mode);
        for (const std::string& machine : table.strings("on")) {
            fault.machine = machine;
            fault.arch = machine.starts_with("aarch64") ? Arch::aarch64 : Arch::x86_64;
            fault.firmware = machine.substr(machine.find('-') + 1);
            faults.push_back(fault);
        }
        table.finish();
    }
    top.finish();
    throw_problems(source.problems, source.text);
    return faults;
}

BrokenMedium whole_medium(const std::string& recipe, Arch arch) {
    make_directories(scratch);
    const fs::path iso = scratch / fmt::format("{}-{}.iso", recipe, name(arch));
    check_process(
        {LKTEST_PROGRAM, "build", corpus / (recipe + ".toml"), "--arch", std::string(name(arch)), "-o", iso});
    return {iso, arch};
}

/// "exits 3" and "crashes" are programs; any other word is a script.
std::string program(const std::string& word, Arch arch) {
    if (word.starts_with("exits "))
        return tiny_elf::exits(arch, static_cast<unsigned>(std::stoul(word.substr(6))));
    if (word == "crashes")
        return tiny_elf::crashes(arch);
    if (word == "spins")
        return tiny_elf::spins(arch);
    return word;
}

/// "OLD => NEW".
std::pair<std::string, std::string> both_sides(const std::string& change) {
    const std::size_t at = change.find(" => ");
    if (at == std::string::npos)
        throw Error(Error::Kind::usage, "'" + change + "' has no ' => '", "");
    return {change.substr(0, at), change.substr(at + 4)};
}

void replace_all(std::string& text, const std::string& old, const std::string& now) {
    for (std::size_t at = 0; (at = text.find(old, at)) != std::string::npos; at += now.size())
        text.replace(at, old.size(), now);
}

void change_initramfs(const Fault& fault, FileTree& tree) {
    std::vector<std::string> paths;
    tree.walk([&](const std::string& path, const Inode&) { paths.push_back(path); });
    for (const std::string& unwanted : fault.without) {
        std::size_t removed = 0;
        for (const std::string& path : paths)
            if (path.ends_with("/" + unwanted))
                removed += tree.remove(path);
        if (removed == 0)
            throw Error(Error::Kind::usage, "the initramfs has no " + unwanted, "");
    }
    for (const std::string& change : fault.initramfs) {
        const auto [old, now] = both_sides(change);
        bool found = false;
        for (const std::string& path : paths)
            if (const auto inode = tree.find(path); inode && inode->type == NodeType::regular) {
                std::string text = inode->content.whole();
                if (!text.starts_with("#") || text.find(old) == std::string::npos)
                    continue;
                found = true;
                replace_all(text, old, now);
                inode->content = Content::text(text);
            }
        if (!found)
            throw Error(Error::Kind::usage, "no script of the initramfs has '" + old + "'", "");
    }
    if (!fault.init.empty())
        tree.put_file("/init", program(fault.init, fault.arch), fault.init_mode);
    else if (fault.init_mode != 0755)
        tree.find("/init")->permissions = fault.init_mode;
    if (fault.busybox_mode != 0755)
        tree.find("/bin/busybox")->permissions = fault.busybox_mode;
    if (fault.of_other_machine)
        tree.put_file("/bin/busybox", tiny_elf::foreign(fault.arch), 0755);
}

std::string loader_path(Arch arch) {
    return fmt::format("/EFI/BOOT/BOOT{}.EFI", arch == Arch::x86_64 ? "X64" : "AA64");
}

/// An EFI_SIGNATURE_LIST of one hash (UEFI 2.10, 32.4.1).
std::string list_of(const std::string& hash) {
    std::string list("\x26\x16\xc4\xc1\x4c\x50\x92\x40\xac\xa9\x41\xf9\x36\x93\x43\x28", 16);
    add_le(list, 28 + 16 + 32, 4);
    add_le(list, 0, 4);
    add_le(list, 16 + 32, 4);
    list.append(16, 'o');
    for (std::size_t i = 0; i + 2 <= hash.size(); i += 2)
        list += static_cast<char>(std::stoi(hash.substr(i, 2), nullptr, 16));
    return list;
}

/// The options for the state of the machine's Secure Boot. Files are written to `directory`.
std::vector<std::string> secure_options(const Fault& fault, const BrokenMedium& whole,
                                        const BrokenMedium& medium, const fs::path& directory) {
    const auto authority = [&](const std::string& name) {
        write_file(directory / name, whole.certificate(loader_path(fault.arch), name));
        return directory / name;
    };
    std::vector<std::string> options;
    if (!fault.enrolled.empty())
        options.insert(options.end(), {"--enroll", authority(fault.enrolled)});
    if (!fault.revoked_signer.empty())
        options.insert(options.end(), {"--dbx", authority(fault.revoked_signer)});
    if (!fault.trust.empty())
        options.insert(options.end(), {"--trust", fault.trust});
    if (!fault.sbat.empty()) {
        write_file(directory / "level", fault.sbat);
        options.insert(options.end(), {"--sbat", directory / "level"});
    }
    if (!fault.revoked.empty()) {
        write_file(directory / "dbx", list_of(medium.hash(fault.revoked)));
        options.insert(options.end(), {"--dbx", directory / "dbx"});
    }
    return options;
}

void apply(const Fault& fault, BrokenMedium& medium) {
    for (const std::string& change : fault.replace) {
        const auto [old, now] = both_sides(change);
        medium.replace(old, now);
    }
    if (!fault.append.empty())
        medium.append(fault.append);
    if (!fault.init.empty() || !fault.initramfs.empty() || !fault.without.empty() || fault.of_other_machine ||
        fault.init_mode != 0755 || fault.busybox_mode != 0755)
        medium.change_initramfs([&](FileTree& tree) { change_initramfs(fault, tree); });
    const Arch other = fault.arch == Arch::x86_64 ? Arch::aarch64 : Arch::x86_64;
    if (fault.from_other)
        medium.take_from(whole_medium(fault.recipe, other), fault.file);
    else if (fault.shorten < 1)
        medium.shorten(fault.file, fault.shorten);
    else if (!fault.file.empty())
        medium.fill(fault.file, fault.from, fault.to, fault.wipe == "with x" ? 'x' : '\0');
    if (fault.kernel_entry == "spins")
        medium.set_kernel_entry(tiny_elf::spin(fault.arch));
    else if (fault.kernel_entry == "crashes")
        medium.set_kernel_entry(tiny_elf::undefined(fault.arch));
    if (!fault.unsign.empty())
        medium.unsign(fault.unsign);
    if (!fault.signed_by.empty())
        medium.keep_signature(loader_path(fault.arch), fault.signed_by);
    if (fault.wipe == "ESP")
        medium.wipe_esp();
    else if (fault.wipe == "boot record")
        medium.wipe_boot_record();
    else if (fault.wipe == "boot catalogue")
        medium.wipe_boot_catalogue();
    else if (fault.wipe == "loader's machine")
        medium.set_machine(loader_path(fault.arch), fault.arch == Arch::x86_64 ? 0xaa64 : 0x8664);
    if (fault.cut < 1)
        medium.cut(fault.cut);
}

/// Boots the broken medium. Returns its only cell: the outcome, and after a failure the diagnosis.
Json boot(const Fault& fault) {
    make_directories(scratch);
    const TempDir directory(scratch);
    const BrokenMedium whole = whole_medium(fault.recipe, fault.arch);
    BrokenMedium medium = whole;
    apply(fault, medium);
    const fs::path iso = directory.path() / "broken.iso";
    write_file(iso, medium.bytes());
    std::vector<std::string> command{LKTEST_PROGRAM, "run",
                                     "--output",     scratch / "runs" / fault.id(),
                                     "--iso",        iso,
                                     "--scenario",   corpus / (fault.scenario + ".toml"),
                                     "--arch",       std::string(name(fault.arch)),
                                     "--firmware",   fault.firmware,
                                     "--medium",     fault.medium,
                                     "--network",    fault.network,
                                     "--history",    "off"};
    if (!fault.memory.empty())
        command.insert(command.end(), {"--memory", fault.memory});
    if (!fault.graphics.empty())
        command.insert(command.end(), {"--graphics", fault.graphics});
    const std::vector<std::string> secure = secure_options(fault, whole, medium, directory.path());
    command.insert(command.end(), secure.begin(), secure.end());
    fs::remove_all(scratch / "runs" / fault.id());
    const ProcessResult ended = run_process(command);
    if (ended.status == 2 && !fault.refused.empty() && ended.err.find(fault.refused) != std::string::npos)
        return {{"outcome", "refused"}};
    if (ended.status > 1)
        throw Error(Error::Kind::host, ended.out + ended.err, "");
    const fs::path run = scratch / "runs" / fault.id() / "latest";
    const Json matrix = Json::parse(read_file(run / "matrix.json"));
    for (Json cell : matrix.at("cells"))
        if (cell.at("outcome") != "not-applicable") {
            const fs::path diagnosis = run / cell.at("name").get<std::string>() / "diagnosis.json";
            cell["console"] = run / cell.at("name").get<std::string>() / "console.log";
            cell["diagnosis"] = fs::exists(diagnosis) ? Json::parse(read_file(diagnosis)) : Json::object();
            return cell;
        }
    throw Error(Error::Kind::host, "no cell was booted: " + matrix.dump(), "");
}

/// Whether the console's log has the line that shows a cause.
bool shown_on(const fs::path& console, const Json& cause) {
    const std::string log = read_file(console);
    return std::ranges::any_of(cause.at("evidence"), [&](const Json& line) {
        return log.find(line.get<std::string>()) != std::string::npos;
    });
}

class Corpus : public testing::TestWithParam<Fault> {};

TEST_P(Corpus, IsDiagnosed) {
    const Fault& fault = GetParam();
    const Json cell = boot(fault);
    EXPECT_EQ(cell.at("outcome") == "refused", !fault.refused.empty());
    const Json diagnosis = cell.value("diagnosis", Json::object());
    const Json causes = diagnosis.value("causes", Json::array());
    const std::string stage = diagnosis.value("stage", ""),
                      cause = causes.empty() ? "" : causes.front().at("id").get<std::string>();
    make_directories(scratch / "found");
    const Json found = {{"fault", fault.id()},
                        {"stage", {fault.stage, stage}},
                        {"cause", {fault.cause, cause}},
                        {"outcome", cell.at("outcome")}};
    write_file(scratch / "found" / (fault.id() + ".json"), found.dump(2) + "\n");
    if (!cell.contains("console"))
        return;
    const std::string console = cell.at("console");
    const int check = run_process({LKTEST_PROGRAM, "check-console", console}).status;
    // A reader of the log must also find whatever is on the console, and nothing in a good boot.
    const bool told = !causes.empty() && shown_on(console, causes.front());
    if (told || fault.cause.empty()) {
        EXPECT_EQ(check, told ? 1 : 0) << "lktest check-console " << console;
    }
    EXPECT_EQ(cell.at("outcome") == "passed", fault.cause.empty()) << cell.dump(2);
    EXPECT_EQ(stage, fault.stage) << diagnosis.dump(2);
    EXPECT_EQ(cause, fault.cause) << causes.dump(2);
}

std::string test_name(const testing::TestParamInfo<Fault>& fault) {
    return fault.param.id();
}

INSTANTIATE_TEST_SUITE_P(Media, Corpus, testing::ValuesIn(read_faults()), test_name);

/// The latest result of every fault.
class Table : public testing::Environment {
    void TearDown() override {
        std::size_t count = 0, stages = 0, causes = 0;
        fmt::print("{:44} {:24} {:36} {}\n", "fault", "stage", "cause", "instead");
        for (const Fault& fault : read_faults()) {
            const fs::path file = scratch / "found" / (fault.id() + ".json");
            if (!fs::exists(file)) {
                fmt::print("{:44} not booted yet\n", fault.id());
                continue;
            }
            const Json found = Json::parse(read_file(file));
            const std::string stage = found.at("stage").at(1), cause = found.at("cause").at(1);
            ++count;
            stages += stage == fault.stage;
            causes += cause == fault.cause;
            fmt::print("{:44} {} {:21} {} {:35} {}\n", fault.id(), stage == fault.stage ? "✓" : "✗",
                       fault.stage, cause == fault.cause ? "✓" : "✗", fault.cause,
                       stage == fault.stage && cause == fault.cause ? "" : stage + ", " + cause);
        }
        if (count > 0)
            fmt::print(
                "{} broken media: the stage is right in {:.1f} %, the cause ranked first in {:.1f} %\n",
                count, 100.0 * static_cast<double>(stages) / static_cast<double>(count),
                100.0 * static_cast<double>(causes) / static_cast<double>(count));
    }
};

const auto* const table = testing::AddGlobalTestEnvironment(new Table);

}  // namespace
}  // namespace lktest
