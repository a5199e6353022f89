// SPDX-License-Identifier: MIT
#include "builder/inspect/grub_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <utility>

#include "builder/inspect/grub_script.hpp"
#include "builder/inspect/grub_value.hpp"
#include "builder/inspect/limits.hpp"
#include "builder/inspect/path_lookup.hpp"

namespace lktest {
namespace {

constexpr std::size_t grub_step_limit = 50'000, grub_entry_limit = 512, grub_load_limit = 8,
                      grub_config_limit = 64, grub_depth_limit = 24, config_size_limit = 1 << 20,
                      grub_list_limit = 256, each_limit = 64;
constexpr std::string_view elsewhere_name = "elsewhere", memdisk_name = "memdisk";

/// A search by label or UUID that did not match the medium, and the device before it.
struct Suspect {
    LabelUse use;
    std::size_t config = 0;
    std::optional<std::string> before;
};

struct State {
    GrubVariables variables;
    std::vector<GrubLoad> loads;
    std::optional<Suspect> suspect;
    enum class Flow { running, returned, left } flow = Flow::running;
};

void merge_states(State& into, const State& other) {
    if (into.flow != State::Flow::running && other.flow == State::Flow::running) {
        into = other;
        return;
    }
    if (other.flow != State::Flow::running)
        return;
    into.variables.merge(other.variables);
    const auto same = [](const GrubLoad& one, const GrubLoad& two) {
        return one.said.kernel.line == two.said.kernel.line && one.kernel.config == two.kernel.config &&
               one.initrds.size() == two.initrds.size();
    };
    for (const GrubLoad& load : other.loads)
        if (into.loads.size() < grub_load_limit &&
            std::ranges::none_of(into.loads, [&](const GrubLoad& known) { return same(known, load); }))
            into.loads.push_back(load);
    if (!into.suspect)
        into.suspect = other.suspect;
}

bool is_any(std::string_view text, std::initializer_list<std::string_view> of) {
    return std::ranges::find(of, text) != of.end();
}

class Runner {
public:
    Runner(const Volumes& volumes, const GrubStart& start)
        : volumes_(volumes), start_(start), state_{GrubVariables(start.known), {}, {}, State::Flow::running} {
        const std::optional<std::string> root =
            start.root ? std::optional(device_name(*start.root)) : std::nullopt;
        state_.variables.set("root", root);
        std::string path = start.prefix;
        const bool has_device = path.starts_with("(") && !path.starts_with("(,") && !path.starts_with("($");
        if (path.starts_with("(") && !has_device)
            path.erase(0, std::min(path.find(')') + 1, path.size()));
        if (has_device)
            state_.variables.set("prefix", path);
        else
            state_.variables.set("prefix", root ? std::optional("(" + *root + ")" + path) : std::nullopt);
        if (!start.directory.empty())
            state_.variables.set("cmdpath",
                                 root ? std::optional("(" + *root + ")" + start.directory) : std::nullopt);
        state_.variables.set("grub_platform", known(start.platform));
        state_.variables.set("grub_cpu", known(start.cpu));
    }

    GrubOutcome boot() {
        if (!start_.script.empty()) {
            run_text(start_.script, 0, true, "its built-in script");
            finish_menu();
        }
        if (!outcome_.has_menu && !outcome_.opaque && state_.flow != State::Flow::left) {
            state_.flow = State::Flow::running;
            start_normal();
        }
        return finish();
    }

    GrubOutcome config(std::size_t volume, const std::string& path) {
        if (const auto file = volumes_.find(volume, path))
            run_text(file->content.read(0, config_size_limit), volume, false, file->path);
        finish_menu();
        return finish();
    }

    GrubOutcome text(std::string_view script) {
        run_text(script, 0, false, "");
        finish_menu();
        return finish();
    }

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

    static std::optional<std::string> known(const std::string& text) {
        return text.empty() ? std::nullopt : std::optional(text);
    }

    static std::string device_name(std::size_t volume) {
        return volume == Volumes::iso ? "cd0" : fmt::format("esp{}", volume);
    }

    /// @param name  without parentheses
    Device device(std::string_view name) const {
        if (name == "cd" || name == "cd0")
            return {Device::Kind::volume, Volumes::iso};
        for (std::size_t volume = 1; volume < volumes_.count(); ++volume)
            if (name == device_name(volume))
                return {Device::Kind::volume, volume};
        if (name == memdisk_name)
            return {Device::Kind::memdisk, 0};
        if (name.empty() || name.starts_with("loop") || name.starts_with("cd"))
            return {};
        return {Device::Kind::elsewhere, 0};
    }

    GrubOutcome finish() {
        if (const auto prefix = state_.variables.get("prefix"))
            outcome_.prefix = *prefix;
        return std::move(outcome_);
    }

    /// Loads normal.mod and the configuration in the prefix (GRUB manual, "GRUB only offers a rescue shell").
    void start_normal() {
        const auto prefix = state_.variables.get("prefix");
        if (start_.modules && !start_.modules->contains("normal") && !start_.cpu.empty()) {
            const GrubFile module =
                look({fmt::format("{}/{}-{}/normal.mod", prefix.value_or(""), start_.cpu, start_.platform),
                      prefix.has_value()},
                     "insmod", 0);
            if (module.named.certain && module.found.empty()) {
                outcome_.no_normal = true;
                outcome_.missing.push_back(module);
                return;
            }
        }
        GrubFile file = look({prefix.value_or("") + "/grub.cfg", prefix.has_value()}, "normal", 0);
        // Distributions patch GRUB to read also the one next to itself.
        if (file.found.empty() && !start_.directory.empty()) {
            const GrubFile beside =
                look({fmt::format("({}){}/grub.cfg", start_.root ? device_name(*start_.root) : "",
                                  start_.directory),
                      start_.root.has_value()},
                     "normal", 0);
            if (!beside.found.empty())
                file = beside;
        }
        if (file.found.empty()) {
            if (file.named.certain)
                outcome_.missing.push_back(file);
            else
                outcome_.opaque = true;
            return;
        }
        run_file(file, true);
    }

    void run_file(const GrubFile& file, bool own_menu) {
        if (depth_ >= grub_depth_limit || outcome_.configs.size() >= grub_config_limit) {
            outcome_.opaque = true;
            return;
        }
        std::vector<Definition> outer;
        if (own_menu)
            std::swap(outer, definitions_);
        if (!file.volume) {
            const auto text = start_.memdisk.find(file.found);
            if (text != start_.memdisk.end())
                run_text(text->second, 0, true, "(memdisk)" + file.found);
        } else if (const auto found = volumes_.find(*file.volume, file.found)) {
            run_text(found->content.read(0, config_size_limit), *file.volume, false, found->path);
        }
        if (state_.flow == State::Flow::returned)
            state_.flow = State::Flow::running;
        if (own_menu) {
            finish_menu();
            std::swap(outer, definitions_);
            if (outcome_.has_menu)  // GRUB stays in that menu
                state_.flow = State::Flow::left;
        }
    }

    void run_text(std::string_view text, std::size_t volume, bool builtin, const std::string& path) {
        GrubConfigRead read;
        read.volume = volume;
        read.builtin = builtin;
        read.path = path;
        scripts_.push_back(parse_grub_script(text));
        read.syntax_error = scripts_.back().error_line;
        const std::size_t before = config_;
        const auto again = std::ranges::find_if(outcome_.configs, [&](const GrubConfigRead& other) {
            return other.volume == volume && other.path == path && other.builtin == builtin;
        });
        config_ = static_cast<std::size_t>(again - outcome_.configs.begin());
        if (again == outcome_.configs.end())
            outcome_.configs.push_back(std::move(read));
        ++depth_;
        run_block(scripts_.back().statements);
        --depth_;
        config_ = before;
    }

    /// Runs each entry of the menu defined so far, starting from this state.
    void finish_menu() {
        if (!state_.loads.empty()) {  // a kernel without a menu
            GrubEntry entry{
                "",   state_.loads.front().kernel.config, state_.loads.front().said.kernel.line, {}, {}, true,
                false};
            entry.loads = std::exchange(state_.loads, {});
            add_entry(std::move(entry));
        }
        const std::vector<Definition> menu = std::exchange(definitions_, {});
        for (const Definition& definition : menu) {
            const State before = state_;
            state_.flow = State::Flow::running;
            run_definition(definition);
            state_ = before;
        }
    }

    void run_definition(const Definition& definition) {
        if (depth_ >= grub_depth_limit || outcome_.entries.size() >= grub_entry_limit)
            return;
        ++depth_;
        const std::size_t before = std::exchange(config_, definition.config);
        if (definition.statement->words[0].parts[0].text == "submenu") {
            run_block(definition.statement->body);
            finish_menu();
        } else {
            GrubEntry entry;
            entry.title = definition.title;
            entry.config = definition.config;
            entry.line = definition.statement->line;
            GrubEntry* const outer = std::exchange(entry_, &entry);
            const std::vector<Definition> outside = std::exchange(definitions_, {});
            run_block(definition.statement->body);
            entry.loads = std::exchange(state_.loads, {});
            entry.starts |= !entry.loads.empty();
            entry_ = outer;
            add_entry(std::move(entry));
            finish_menu();  // of a configfile that the entry leads to
            definitions_ = outside;
        }
        config_ = before;
        --depth_;
    }

    void add_entry(GrubEntry entry) {
        outcome_.has_menu = true;
        if (outcome_.entries.size() < grub_entry_limit)
            outcome_.entries.push_back(std::move(entry));
    }

    Truth run_block(const GrubBlock& block) {
        Truth last = Truth::yes;
        for (const GrubStatement& statement : block) {
            if (state_.flow != State::Flow::running || ++steps_ > grub_step_limit)
                break;
            last = run(statement);
        }
        return last;
    }

    Truth run(const GrubStatement& statement) {
        if (depth_ >= grub_depth_limit)
            return Truth::unknown;
        switch (statement.kind) {
            case GrubStatement::Kind::command: return run_command(statement);
            case GrubStatement::Kind::condition: return run_condition(statement);
            case GrubStatement::Kind::each: return run_each(statement);
            case GrubStatement::Kind::loop: {
                // The number of iterations is unknown.
                const Truth value = run_block(statement.branches[0].condition);
                if (value != Truth::no) {
                    const State before = state_;
                    run_block(statement.body);
                    merge_states(state_, before);
                }
                return Truth::unknown;
            }
            case GrubStatement::Kind::function:
                if (!statement.words.empty() && !statement.words[0].parts.empty() &&
                    functions_.size() < grub_list_limit)
                    functions_[statement.words[0].parts[0].text] = {&statement.body, config_};
                return Truth::yes;
        }
        return Truth::unknown;
    }

    Truth run_condition(const GrubStatement& statement) {
        ++depth_;
        std::optional<State> ends;
        const auto end = [&] {
            if (ends)
                merge_states(*ends, state_);
            else
                ends = state_;
        };
        bool decided = false;
        for (const GrubStatement::Branch& branch : statement.branches) {
            const Truth value = branch.otherwise ? Truth::yes : run_block(branch.condition);
            if (value == Truth::no)
                continue;
            const State before = state_;
            run_block(branch.body);
            end();
            state_ = before;
            if (value == Truth::yes) {
                decided = true;
                break;
            }
        }
        if (!decided)
            end();
        state_ = std::move(*ends);
        --depth_;
        return Truth::unknown;
    }

    Truth run_each(const GrubStatement& statement) {
        const auto words = state_.variables.expand(statement.words);
        // "for NAME in VALUES"
        ++depth_;
        for (std::size_t i = 2; i < std::min(words.size(), each_limit); ++i) {
            state_.variables.set(words[0].text,
                                 words[i].certain ? std::optional(words[i].text) : std::nullopt);
            run_block(statement.body);
        }
        --depth_;
        return Truth::unknown;
    }

    Truth run_command(const GrubStatement& statement) {
        std::vector<GrubArgument> words = state_.variables.expand(statement.words);
        bool turned = false;
        while (!words.empty() && words[0].text == "!") {
            turned = !turned;
            words.erase(words.begin());
        }
        if (words.empty())
            return Truth::yes;
        if (!words[0].certain)
            return Truth::unknown;
        const Truth value = run_words(statement, words);
        return turned ? negated(value) : value;
    }

    Truth run_words(const GrubStatement& statement, const std::vector<GrubArgument>& words) {
        const std::string& verb = words[0].text;
        line_ = statement.line;
        if (const auto function = functions_.find(verb); function != functions_.end())
            return run_function(function->second, words);
        if (verb == "menuentry" || verb == "submenu") {
            if (statement.has_body && definitions_.size() < grub_entry_limit)
                definitions_.push_back({&statement, config_, words.size() > 1 ? words[1].text : ""});
            return Truth::yes;
        }
        if (verb == "[" || verb == "test")
            return run_test(words);
        if (verb == "set" || (words.size() == 1 && verb.find('=') != std::string::npos))
            return run_set(words);
        if (verb == "unset" && words.size() == 2) {
            state_.variables.set(words[1].text, "");
            return Truth::yes;
        }
        if (is_any(verb, {"linux", "linux16", "linuxefi"}))
            return run_linux(words);
        if (is_any(verb, {"initrd", "initrd16", "initrdefi"}))
            return run_initrd(words);
        if (verb == "search" || verb.starts_with("search."))
            return run_search(words);
        if (is_any(verb, {"configfile", "source", ".", "normal", "extract_entries_configfile"}))
            return run_config_command(words);
        if (is_any(verb, {"chainloader", "multiboot", "multiboot2", "module", "module2", "xen_hypervisor",
                          "xen_module", "devicetree", "ntldr", "kfreebsd", "knetbsd", "kopenbsd"}))
            return run_program(words);
        if (is_any(verb, {"exit", "halt", "reboot", "fwsetup", "normal_exit", "boot"})) {
            if (entry_)
                entry_->starts = true;
            else if (verb != "boot")
                outcome_.opaque = true;
            state_.flow = State::Flow::left;
            return Truth::yes;
        }
        if (verb == "return") {
            state_.flow = State::Flow::returned;
            return Truth::unknown;
        }
        if (is_any(verb, {"blscfg", "eval", "syslinux_configfile", "extract_syslinux_entries_configfile",
                          "extract_syslinux_entries_source", "legacy_configfile",
                          "extract_legacy_entries_configfile", "extract_legacy_entries_source",
                          "btrfs-mount-subvol", "import_scripts"})) {
            outcome_.opaque = true;
            if (entry_)
                entry_->starts = true;
            return Truth::unknown;
        }
        if (verb == "true" || verb == "export" || verb == "echo")
            return Truth::yes;
        if (verb == "false")
            return Truth::no;
        if (verb == "load_env") {
            state_.variables.forget_unset();
            return Truth::unknown;
        }
        if (verb == "probe")
            return run_probe(words);
        if (verb == "loadfont" || verb == "background_image")
            return file_truth(words.back(), 'f');
        forget_results(words);
        return Truth::unknown;
    }

    Truth run_function(const Function& function, const std::vector<GrubArgument>& words) {
        ++depth_;
        for (std::size_t i = 1; i < std::min<std::size_t>(words.size(), 10); ++i)
            state_.variables.set(std::to_string(i),
                                 words[i].certain ? std::optional(words[i].text) : std::nullopt);
        const std::size_t before = std::exchange(config_, function.config);
        const Truth value = run_block(*function.body);
        config_ = before;
        const bool returned = state_.flow == State::Flow::returned;
        if (returned)
            state_.flow = State::Flow::running;
        --depth_;
        return returned ? Truth::unknown : value;
    }

    /// An unknown command makes the variables in its --set=NAME or --set=1:NAME unknown.
    void forget_results(const std::vector<GrubArgument>& words) {
        for (std::size_t i = 1; i < words.size(); ++i) {
            std::string name;
            if (words[i].text.starts_with("--set="))
                name = words[i].text.substr(6);
            else if ((words[i].text == "--set" || words[i].text == "-s") && i + 1 < words.size())
                name = words[i + 1].text;
            if (const std::size_t colon = name.find(':'); colon != std::string::npos)
                name.erase(0, colon + 1);
            if (!name.empty())
                state_.variables.set(name, std::nullopt);
        }
        if (words[0].text == "read" && words.size() > 1)
            state_.variables.set(words[1].text, std::nullopt);
    }

    Truth run_test(const std::vector<GrubArgument>& words) {
        std::vector<GrubArgument> arguments(words.begin() + 1, words.end());
        if (words[0].text == "[" && !arguments.empty() && arguments.back().text == "]")
            arguments.pop_back();
        return evaluate_test(arguments,
                             [this](const GrubArgument& path, char kind) { return file_truth(path, kind); });
    }

    Truth file_truth(const GrubArgument& path, char kind) {
        if (!path.certain)
            return Truth::unknown;
        const auto [where, rest] = split(path.text);
        if (where.kind == Device::Kind::memdisk)
            return Truth::unknown;
        if (where.kind != Device::Kind::volume)
            return Truth::unknown;
        const bool directory = volumes_.is_directory(where.volume, rest);
        const auto file = volumes_.find(where.volume, rest);
        bool there = kind == 'd' ? directory : kind == 'e' ? directory || file : file.has_value();
        if (kind == 's')
            there = file && file->content.size() > 0;
        return there ? Truth::yes : Truth::no;
    }

    Truth run_set(const std::vector<GrubArgument>& words) {
        const GrubArgument& word = words[0].text == "set" && words.size() > 1 ? words[1] : words[0];
        const std::size_t equals = word.text.find('=');
        if (equals == std::string::npos || equals == 0)
            return Truth::yes;
        const std::string name = word.text.substr(0, equals);
        std::string value = word.text.substr(equals + 1);
        if (name == "root") {
            state_.suspect.reset();
            if (value.starts_with("(") && value.ends_with(")"))
                value = value.substr(1, value.size() - 2);
        }
        state_.variables.set(name, word.certain ? std::optional(value) : std::nullopt);
        return Truth::yes;
    }

    /// The device of a path, and the path on it.
    std::pair<Device, std::string> split(const std::string& text) const {
        if (text.starts_with('(')) {
            const std::size_t close = text.find(')');
            if (close == std::string::npos)
                return {};
            return {device(std::string_view(text).substr(1, close - 1)), text.substr(close + 1)};
        }
        const auto root = state_.variables.get("root");
        return {root ? device(*root) : Device{}, text};
    }

    GrubFile look(const GrubArgument& argument, const std::string& command, std::size_t line) {
        const auto [where, path] = split(argument.text);
        GrubFile file{{path, line, argument.certain && path.starts_with('/')}, command, config_, {}, {}};
        const bool is_root = !argument.text.starts_with('(') || argument.text.starts_with("(elsewhere)");
        if (!file.named.certain)
            return file;
        switch (where.kind) {
            case Device::Kind::volume: find_in(where.volume, file); break;
            case Device::Kind::memdisk:
                if (start_.memdisk.contains(lower_case(normal_path(path))))
                    file.found = lower_case(normal_path(path));
                else
                    file.named.certain = false;
                break;
            case Device::Kind::elsewhere:
                if (is_root && state_.suspect && find_suspected(file))
                    break;
                file.named.certain = false;
                file.disk = disk_of(argument.text);
                if (entry_)
                    entry_->elsewhere = true;
                break;
            case Device::Kind::unknown: file.named.certain = false; break;
        }
        return file;
    }

    /// "hd0,1" of "(hd0,1)/vmlinuz", or of the root; empty if the device is not a disk's number.
    std::string disk_of(std::string_view text) const {
        const auto root = state_.variables.get("root");
        const std::string device =
            text.starts_with('(') ? std::string(text.substr(1, text.find(')') - 1)) : root.value_or("");
        return device.size() > 2 && device.starts_with("hd") && device[2] >= '0' && device[2] <= '9' ? device
                                                                                                     : "";
    }

    void find_in(std::size_t volume, GrubFile& file) const {
        file.volume = volume;
        if (const auto found = volumes_.find(volume, file.named.path)) {
            file.found = found->path;
            return;
        }
        // A GRUB started from a CD also uses that device for its El Torito image.
        if (start_.root == volume && volume == Volumes::iso)
            if (const auto found = volumes_.find_anywhere(file.named.path)) {
                file.volume = found->volume;
                file.found = found->path;
            }
    }

    /// The previous search named another medium, but the file is on this one, so the search meant this one.
    bool find_suspected(GrubFile& file) {
        const auto found = volumes_.find_anywhere(file.named.path);
        if (!found)
            return false;
        file.volume = found->volume;
        file.found = found->path;
        auto& searches = outcome_.configs[state_.suspect->config].searches;
        const LabelUse& use = state_.suspect->use;
        if (searches.size() < grub_list_limit && std::ranges::none_of(searches, [&](const LabelUse& known) {
                return known.line == use.line && known.label == use.label;
            }))
            searches.push_back(use);
        return true;
    }

    /// "search --label ROOT" and then "linux … root=LABEL=ROOT": a system on a disk of the machine.
    bool starts_the_searched_disk(const std::vector<GrubArgument>& words) const {
        return state_.suspect && std::ranges::any_of(words, [&](const GrubArgument& word) {
                   return word.text == "root=LABEL=" + state_.suspect->use.label ||
                          word.text == "root=UUID=" + state_.suspect->use.label;
               });
    }

    Truth run_linux(const std::vector<GrubArgument>& words) {
        if (words[0].text == "linuxefi")
            outcome_.configs[config_].efi_commands.push_back(line_);
        std::size_t first = 1;
        while (first < words.size() && words[first].text.starts_with("--"))
            ++first;
        if (first >= words.size())
            return Truth::no;
        GrubLoad load;
        GrubArgument kernel = words[first];
        if (entry_ && starts_the_searched_disk(words)) {
            entry_->elsewhere = true;
            kernel.certain = false;
        }
        load.kernel = look(kernel, words[0].text, line_);
        load.said.title = entry_ ? entry_->title : "";
        load.said.kernel = load.kernel.named;
        for (std::size_t i = first + 1; i < words.size(); ++i) {
            const bool quote = words[i].text.find_first_of(" \t") != std::string::npos;
            append_words(load.said, quote ? "\"" + words[i].text + "\"" : words[i].text);
            load.said.certain &= words[i].certain;
        }
        state_.loads = {std::move(load)};
        return Truth::unknown;
    }

    Truth run_initrd(const std::vector<GrubArgument>& words) {
        if (words[0].text == "initrdefi")
            outcome_.configs[config_].efi_commands.push_back(line_);
        for (std::size_t i = 1; i < words.size(); ++i) {
            std::string text = words[i].text;
            if (text.starts_with("newc:"))  // "newc:NAME:FILE"
                text.erase(0, std::min(text.find(':', 5) + 1, text.size()));
            if (text.starts_with("--"))
                continue;
            const GrubFile file = look({text, words[i].certain}, words[0].text, line_);
            for (GrubLoad& load : state_.loads)
                if (load.initrds.size() < initrd_limit) {
                    load.initrds.push_back(file);
                    load.said.initrds.push_back(file.named);
                }
        }
        return Truth::unknown;
    }

    Truth run_program(const std::vector<GrubArgument>& words) {
        if (entry_ && words[0].text != "devicetree")
            entry_->starts = true;
        std::size_t first = 1;
        while (first < words.size() && words[first].text.starts_with("-"))
            ++first;
        if (first >= words.size() || words[first].text.find('+') == 0 ||
            words[first].text.find(")+") != std::string::npos)
            return Truth::unknown;
        GrubFile file = look(words[first], words[0].text, line_);
        if (entry_ && entry_->files.size() < grub_list_limit)
            entry_->files.push_back(std::move(file));
        else if (!entry_)
            outcome_.opaque = true;
        return Truth::unknown;
    }

    Truth run_config_command(const std::vector<GrubArgument>& words) {
        if (words[0].text == "normal" && words.size() < 2) {
            start_normal();
            return Truth::unknown;
        }
        if (words.size() < 2)
            return Truth::no;
        GrubFile file = look(words[1], words[0].text, line_);
        const bool own_menu = words[0].text == "configfile" || words[0].text == "normal";
        if (!file.found.empty()) {
            if (entry_) {
                entry_->starts |= own_menu;
                if (own_menu)
                    return run_config_of_entry(file);
            }
            run_file(file, own_menu);
            return Truth::yes;
        }
        const bool certain = file.named.certain;
        if (!certain) {
            outcome_.opaque |= !entry_;
            if (entry_)
                entry_->starts = true;
        } else if (entry_) {
            entry_->starts |= own_menu;
            if (own_menu && entry_->files.size() < grub_list_limit)
                entry_->files.push_back(std::move(file));
        } else if (outcome_.missing.size() < grub_list_limit) {
            outcome_.missing.push_back(std::move(file));
        }
        return certain ? Truth::no : Truth::unknown;
    }

    /// An entry that loads another menu, whose entries are run as its successors.
    Truth run_config_of_entry(const GrubFile& file) {
        const bool read = std::ranges::any_of(outcome_.configs, [&](const GrubConfigRead& config) {
            return file.volume && config.volume == *file.volume && config.path == file.found;
        });
        if (!read) {  // "back to the main menu" is not run again
            GrubEntry* const outer = std::exchange(entry_, nullptr);
            run_file(file, true);
            entry_ = outer;
        }
        state_.flow = State::Flow::left;
        return Truth::yes;
    }

    struct Search {
        enum class By { file, label, uuid } by = By::file;
        std::string variable;
        GrubArgument what;
    };

    static std::optional<Search> read_search(const std::vector<GrubArgument>& words) {
        Search search;
        const std::string& verb = words[0].text;
        if (verb != "search") {  // "search.fs_uuid UUID VARIABLE HINTS"
            search.by = verb == "search.fs_label" ? Search::By::label
                        : verb == "search.file"   ? Search::By::file
                                                  : Search::By::uuid;
            if (words.size() < 2)
                return std::nullopt;
            search.what = words[1];
            search.variable = words.size() > 2 ? words[2].text : "root";
            return search;
        }
        bool named = false;
        for (std::size_t i = 1; i < words.size(); ++i) {
            const std::string& text = words[i].text;
            if (is_any(text, {"-l", "--label", "--fs-label"}))
                search.by = Search::By::label;
            else if (is_any(text, {"-u", "--fs-uuid"}))
                search.by = Search::By::uuid;
            else if (is_any(text, {"-f", "--file", "--fs-file"}))
                search.by = Search::By::file;
            else if (text.starts_with("--set="))
                search.variable = text.substr(6);
            else if (text == "--set" || text == "-s")
                search.variable = "root";
            else if (text == "--hint" || text == "-h")
                ++i;
            else if (!text.starts_with("-")) {
                search.what = words[i];  // the last word that is not an option: "-s root -l LIVE"
                named = true;
            }
        }
        return named ? std::optional(search) : std::nullopt;
    }

    std::optional<std::size_t> find_volume(const Search& search) const {
        for (std::size_t volume = 0; volume < volumes_.count(); ++volume) {
            const std::string& text = search.what.text;
            const bool found = search.by == Search::By::file ? volumes_.exists(volume, text)
                               : search.by == Search::By::label
                                   ? volumes_.label(volume) == text
                                   : lower_case(volumes_.uuid(volume)) == lower_case(text);
            if (found && !text.empty())
                return volume;
        }
        return std::nullopt;
    }

    Truth run_search(const std::vector<GrubArgument>& words) {
        const auto search = read_search(words);
        if (!search)
            return Truth::no;
        if (!search->what.certain) {
            if (!search->variable.empty())
                state_.variables.set(search->variable, std::nullopt);
            return Truth::unknown;
        }
        if (const auto volume = find_volume(*search)) {
            if (!search->variable.empty())
                state_.variables.set(search->variable, device_name(*volume));
            if (search->variable == "root")
                state_.suspect.reset();
            return Truth::yes;
        }
        if (search->by == Search::By::file) {
            if (outcome_.configs[config_].file_searches.size() < grub_list_limit)
                outcome_.configs[config_].file_searches.push_back({search->what.text, line_, true});
            return Truth::no;
        }
        if (!search->variable.empty()) {
            const std::string how = search->by == Search::By::label ? "label" : "fs-uuid";
            LabelUse use{search->what.text, fmt::format("search --{} {}", how, search->what.text), line_};
            if (search->by == Search::By::uuid)
                use.by = LabelUse::By::uuid;
            state_.suspect = Suspect{std::move(use), config_, state_.variables.get(search->variable)};
            state_.variables.set(search->variable, std::string(elsewhere_name));
        }
        return Truth::no;
    }

    Truth run_probe(const std::vector<GrubArgument>& words) {
        forget_results(words);
        std::string variable;
        std::optional<std::string> value;
        for (std::size_t i = 1; i < words.size(); ++i)
            if (words[i].text.starts_with("--set="))
                variable = words[i].text.substr(6);
            else if ((words[i].text == "--set" || words[i].text == "-s") && i + 1 < words.size())
                variable = words[++i].text;
        if (!words.back().certain || variable.empty())
            return Truth::unknown;
        std::string name = words.back().text;
        if (name.starts_with("(") && name.ends_with(")"))
            name = name.substr(1, name.size() - 2);
        const Device where = device(name);
        if (where.kind != Device::Kind::volume)
            return Truth::unknown;
        for (const GrubArgument& word : words)
            if (is_any(word.text, {"-u", "--fs-uuid"}))
                value = volumes_.uuid(where.volume);
            else if (is_any(word.text, {"-l", "--label"}))
                value = volumes_.label(where.volume);
        state_.variables.set(variable, value && !value->empty() ? value : std::nullopt);
        return Truth::yes;
    }

    const Volumes& volumes_;
    const GrubStart& start_;
    GrubOutcome outcome_;
    State state_;
    std::deque<GrubScript> scripts_;
    std::vector<Definition> definitions_;
    std::map<std::string, Function, std::less<>> functions_;
    GrubEntry* entry_ = nullptr;
    std::size_t config_ = 0, line_ = 0, depth_ = 0, steps_ = 0;
};

}  // namespace

GrubOutcome run_grub(const Volumes& volumes, const GrubStart& start) {
    return Runner(volumes, start).boot();
}

GrubOutcome run_grub_config(const Volumes& volumes, const GrubStart& start, std::size_t volume,
                            const std::string& path) {
    return Runner(volumes, start).config(volume, path);
}

GrubOutcome run_grub_text(const Volumes& volumes, const GrubStart& start, std::string_view text) {
    return Runner(volumes, start).text(text);
}

}  // namespace lktest
