// SPDX-License-Identifier: MIT
#include "builder/inspect/grub_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "builder/inspect/grub_runner.hpp"
#include "builder/inspect/limits.hpp"
#include "builder/inspect/path_lookup.hpp"

namespace lktest {
namespace {

void merge_states(GrubState& into, const GrubState& other) {
    if (into.flow != GrubState::Flow::running && other.flow == GrubState::Flow::running) {
        into = other;
        return;
    }
    if (other.flow != GrubState::Flow::running)
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

}  // namespace

GrubRunner::GrubRunner(const Volumes& volumes, const GrubStart& start)
    : volumes_(volumes), start_(start), state_{GrubVariables(start.known), {}, {}, GrubState::Flow::running} {
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

GrubOutcome GrubRunner::boot() {
    if (!start_.script.empty()) {
        run_text(start_.script, 0, true, "its built-in script");
        finish_menu();
    }
    if (!outcome_.has_menu && !outcome_.opaque && state_.flow != GrubState::Flow::left) {
        state_.flow = GrubState::Flow::running;
        start_normal();
    }
    return finish();
}

GrubOutcome GrubRunner::config(std::size_t volume, const std::string& path) {
    if (const auto file = volumes_.find(volume, path))
        run_text(file->content.read(0, config_size_limit), volume, false, file->path);
    finish_menu();
    return finish();
}

GrubOutcome GrubRunner::text(std::string_view script) {
    run_text(script, 0, false, "");
    finish_menu();
    return finish();
}

std::optional<std::string> GrubRunner::known(const std::string& text) {
    return text.empty() ? std::nullopt : std::optional(text);
}

GrubOutcome GrubRunner::finish() {
    if (const auto prefix = state_.variables.get("prefix"))
        outcome_.prefix = *prefix;
    return std::move(outcome_);
}

void GrubRunner::start_normal() {
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
        const GrubFile beside = look(
            {fmt::format("({}){}/grub.cfg", start_.root ? device_name(*start_.root) : "", start_.directory),
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

void GrubRunner::run_file(const GrubFile& file, bool own_menu) {
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
    if (state_.flow == GrubState::Flow::returned)
        state_.flow = GrubState::Flow::running;
    if (own_menu) {
        finish_menu();
        std::swap(outer, definitions_);
        if (outcome_.has_menu)  // GRUB stays in that menu
            state_.flow = GrubState::Flow::left;
    }
}

void GrubRunner::run_text(std::string_view text, std::size_t volume, bool builtin, const std::string& path) {
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

void GrubRunner::finish_menu() {
    if (!state_.loads.empty()) {  // a kernel without a menu
        GrubEntry entry{
            "",   state_.loads.front().kernel.config, state_.loads.front().said.kernel.line, {}, {}, true,
            false};
        entry.loads = std::exchange(state_.loads, {});
        add_entry(std::move(entry));
    }
    const std::vector<Definition> menu = std::exchange(definitions_, {});
    for (const Definition& definition : menu) {
        const GrubState before = state_;
        state_.flow = GrubState::Flow::running;
        run_definition(definition);
        state_ = before;
    }
}

void GrubRunner::run_definition(const Definition& definition) {
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
        initrd_before_ = linux_line_ = 0;
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

void GrubRunner::add_entry(GrubEntry entry) {
    outcome_.has_menu = true;
    if (outcome_.entries.size() < grub_entry_limit)
        outcome_.entries.push_back(std::move(entry));
}

Truth GrubRunner::run_block(const GrubBlock& block) {
    Truth last = Truth::yes;
    for (const GrubStatement& statement : block) {
        if (state_.flow != GrubState::Flow::running || ++steps_ > grub_step_limit)
            break;
        last = run(statement);
    }
    return last;
}

Truth GrubRunner::run(const GrubStatement& statement) {
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
                const GrubState before = state_;
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

Truth GrubRunner::run_condition(const GrubStatement& statement) {
    ++depth_;
    std::optional<GrubState> ends;
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
        const GrubState before = state_;
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

Truth GrubRunner::run_each(const GrubStatement& statement) {
    const auto words = state_.variables.expand(statement.words);
    // "for NAME in VALUES"
    ++depth_;
    for (std::size_t i = 2; i < std::min(words.size(), each_limit); ++i) {
        state_.variables.set(words[0].text, words[i].certain ? std::optional(words[i].text) : std::nullopt);
        run_block(statement.body);
    }
    --depth_;
    return Truth::unknown;
}

Truth GrubRunner::run_command(const GrubStatement& statement) {
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

Truth GrubRunner::run_words(const GrubStatement& statement, const std::vector<GrubArgument>& words) {
    const std::string& verb = words[0].text;
    line_ = statement.line;
    judge_linux_line(statement, words);
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
    if (verb == "loopback")
        return run_loopback(words);
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
        state_.flow = GrubState::Flow::left;
        return Truth::yes;
    }
    if (verb == "return") {
        state_.flow = GrubState::Flow::returned;
        return Truth::unknown;
    }
    if (is_any(verb,
               {"blscfg", "eval", "syslinux_configfile", "extract_syslinux_entries_configfile",
                "extract_syslinux_entries_source", "legacy_configfile", "extract_legacy_entries_configfile",
                "extract_legacy_entries_source", "btrfs-mount-subvol", "import_scripts"})) {
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

GrubOutcome run_grub(const Volumes& volumes, const GrubStart& start) {
    return GrubRunner(volumes, start).boot();
}

GrubOutcome run_grub_config(const Volumes& volumes, const GrubStart& start, std::size_t volume,
                            const std::string& path) {
    return GrubRunner(volumes, start).config(volume, path);
}

GrubOutcome run_grub_text(const Volumes& volumes, const GrubStart& start, std::string_view text) {
    return GrubRunner(volumes, start).text(text);
}

}  // namespace lktest
