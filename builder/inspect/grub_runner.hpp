// SPDX-License-Identifier: MIT
#pragma once

#include <deque>
#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "builder/inspect/grub_run.hpp"
#include "builder/inspect/grub_script.hpp"
#include "builder/inspect/grub_value.hpp"

namespace lktest {

inline constexpr std::size_t grub_step_limit = 50'000, grub_entry_limit = 512, grub_load_limit = 8,
                             grub_config_limit = 64, grub_depth_limit = 24, config_size_limit = 1 << 20,
                             grub_list_limit = 256, each_limit = 64;
inline constexpr std::string_view elsewhere_name = "elsewhere", memdisk_name = "memdisk";

/// A search by label or UUID that did not match the medium, and the device before it.
struct GrubSuspect {
    LabelUse use;
    std::size_t config = 0;
    std::optional<std::string> before;
};

struct GrubState {
    GrubVariables variables;
    std::vector<GrubLoad> loads;
    std::optional<GrubSuspect> suspect;
    enum class Flow { running, returned, left } flow = Flow::running;
};

inline bool is_any(std::string_view text, std::initializer_list<std::string_view> of) {
    return std::ranges::find(of, text) != of.end();
}

/// Runs the scripts of one GRUB. Statements and menus are in grub_run.cpp, commands in grub_commands.cpp,
/// devices and the files on them in grub_files.cpp.
class GrubRunner {
public:
    GrubRunner(const Volumes& volumes, const GrubStart& start);
    GrubOutcome boot();
    GrubOutcome config(std::size_t volume, const std::string& path);
    GrubOutcome text(std::string_view script);

private:
    struct Definition {
        const GrubStatement* statement;
        std::size_t config;
        std::string title;
    };

    struct Function {
        const GrubBlock* body;
        std::size_t config;
    };

    struct Device {
        enum class Kind { volume, memdisk, elsewhere, unknown } kind = Kind::unknown;
        std::size_t volume = 0;
    };

    static std::optional<std::string> known(const std::string& text);
    static std::string device_name(std::size_t volume);
    /// @param name  without parentheses
    Device device(std::string_view name) const;
    GrubOutcome finish();
    /// Loads normal.mod and the configuration in the prefix (GRUB manual, "GRUB only offers a rescue shell").
    void start_normal();
    void run_file(const GrubFile& file, bool own_menu);
    void run_text(std::string_view text, std::size_t volume, bool builtin, const std::string& path);
    /// Runs each entry of the menu defined so far, starting from this state.
    void finish_menu();
    void run_definition(const Definition& definition);
    void add_entry(GrubEntry entry);
    Truth run_block(const GrubBlock& block);
    Truth run(const GrubStatement& statement);
    Truth run_condition(const GrubStatement& statement);
    Truth run_each(const GrubStatement& statement);
    Truth run_command(const GrubStatement& statement);
    Truth run_words(const GrubStatement& statement, const std::vector<GrubArgument>& words);
    Truth run_function(const Function& function, const std::vector<GrubArgument>& words);
    /// An unknown command makes the variables in its --set=NAME or --set=1:NAME unknown.
    void forget_results(const std::vector<GrubArgument>& words);
    Truth run_test(const std::vector<GrubArgument>& words);
    Truth file_truth(const GrubArgument& path, char kind);
    Truth run_set(const std::vector<GrubArgument>& words);
    /// The device of a path, and the path on it.
    std::pair<Device, std::string> split(const std::string& text) const;
    GrubFile look(const GrubArgument& argument, const std::string& command, std::size_t line);
    /// "hd0,1" of "(hd0,1)/vmlinuz", or of the root; empty if the device is not a disk's number.
    std::string disk_of(std::string_view text) const;
    void find_in(std::size_t volume, GrubFile& file) const;
    /// The previous search named another medium, but the file is on this one, so the search meant this one.
    bool find_suspected(GrubFile& file);
    /// "search --label ROOT" and then "linux … root=LABEL=ROOT": a system on a disk of the machine.
    bool starts_the_searched_disk(const std::vector<GrubArgument>& words) const;
    void add_fault(ConfigFault fault);
    /// What the script's author did not mean: a ';' that ends `linux`, and a '$' of a password's hash.
    void judge_linux_line(const GrubStatement& statement, const std::vector<GrubArgument>& words);
    /// Whether this GRUB has one of the commands that only some GRUBs have.
    bool has_command(const std::string& verb);
    void judge_loader_command(const std::string& verb);
    Truth run_loopback(const std::vector<GrubArgument>& words);
    Truth run_linux(const std::vector<GrubArgument>& words);
    Truth run_initrd(const std::vector<GrubArgument>& words);
    Truth run_program(const std::vector<GrubArgument>& words);
    Truth run_config_command(const std::vector<GrubArgument>& words);
    /// An entry that loads another menu, whose entries are run as its successors.
    Truth run_config_of_entry(const GrubFile& file);
    struct Search {
        enum class By { file, label, uuid } by = By::file;
        std::string variable;
        GrubArgument what;
    };

    static std::optional<Search> read_search(const std::vector<GrubArgument>& words);
    std::optional<std::size_t> find_volume(const Search& search) const;
    Truth run_search(const std::vector<GrubArgument>& words);
    Truth run_probe(const std::vector<GrubArgument>& words);
    const Volumes& volumes_;
    const GrubStart& start_;
    GrubOutcome outcome_;
    GrubState state_;
    std::deque<GrubScript> scripts_;
    std::vector<Definition> definitions_;
    std::map<std::string, Function, std::less<>> functions_;
    GrubEntry* entry_ = nullptr;
    std::size_t config_ = 0, line_ = 0, depth_ = 0, steps_ = 0;
    std::size_t linux_line_ = 0;     ///< of the last `linux` command in this configuration
    std::size_t initrd_before_ = 0;  ///< the line of an `initrd` that this entry has before its `linux`
};

}  // namespace lktest
