// SPDX-License-Identifier: MIT
#include "harness/cli/help.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <utility>
#include <vector>

#include "builder/base/printable.hpp"
#include "harness/cli/app.hpp"
#include "harness/cli/option.hpp"
#include "harness/report/style.hpp"

namespace lktest {
namespace {

/// An entry of a help text: two columns.
using Entry = std::pair<std::string, std::string>;

/// Entries as two columns, in lines of at most `width` columns; 0 means any length.
class Columns {
public:
    explicit Columns(std::size_t width) : width_(width) {}

    /// @param widest  in columns; a longer entry has its description on the next line
    void add(std::string& text, std::string_view title, const std::vector<Entry>& entries,
             std::size_t widest = 44) const {
        if (entries.empty())
            return;
        if (width_ > 0)
            widest = std::min(widest, width_ / 2);
        text += fmt::format("\n{}:\n", title);
        std::size_t left_width = 0;
        for (const Entry& entry : entries)
            if (columns(entry.first) <= widest)
                left_width = std::max(left_width, columns(entry.first));
        for (const auto& [left, right] : entries) {
            std::string_view begin = left;
            if (columns(left) > widest) {
                text += fmt::format("  {}\n", left);
                begin = "";
            }
            for (const std::string& line : lines(right, left_width + 4)) {
                std::string row = fmt::format("  {:{}}  {}", begin, left_width, line);
                text += row.substr(0, row.find_last_not_of(' ') + 1) + "\n";
                begin = "";
            }
        }
    }
    /// The text in lines, the first `indent` columns of which are used.
    std::vector<std::string> lines(std::string_view text, std::size_t indent) const {
        constexpr std::size_t least = 20;
        return width_ == 0 ? std::vector{std::string(text)}
                           : wrap(text, std::max(width_, indent + least) - indent);
    }

private:
    std::size_t width_;
};

/// Shows "MEDIUM" instead of a long list of values; --help-all shows the values.
std::string short_placeholder(const CLI::Option& option) {
    constexpr std::size_t longest = 24;
    const std::string placeholder = option.get_type_name();
    if (placeholder.size() <= longest)
        return placeholder;
    std::string name = option.get_lnames().front();
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::toupper(c); });
    return name;
}

std::string left_of(const CLI::Option& option, bool whole) {
    if (option.get_positional())
        return argument(option);
    std::string text;
    for (const std::string& name : option.get_snames())
        text += fmt::format("-{}, ", name);
    text += fmt::format("{}--{}", text.empty() ? "    " : "", option.get_lnames().front());
    if (!option.get_type_name().empty() && option.get_items_expected_max() > 0)
        text += " " + (whole ? option.get_type_name() : short_placeholder(option));
    return text;
}

std::string right_of(const CLI::Option& option) {
    std::string text = option.get_description();
    if (const std::string fallback = option.get_default_str(); !fallback.empty())
        text += fmt::format(" [{}]", fallback);
    return text;
}

/// The options of a help text by section, in the order of the table that assigned them. "--help" comes last.
void add_options(std::string& text, const CLI::App& app, bool whole, const Columns& table) {
    std::vector<std::string> titles = app.get_groups();
    std::ranges::stable_partition(titles, [](const std::string& title) { return title != "Options"; });
    for (const std::string& title : titles) {
        if (title.ends_with(advanced_suffix) && !whole)
            continue;
        std::vector<Entry> entries;
        for (const CLI::Option* option : app.get_options(
                 [&](const CLI::Option* one) { return one->get_group() == title && !one->get_positional(); }))
            entries.emplace_back(left_of(*option, whole), right_of(*option));
        if (title == "Options")
            std::ranges::rotate(entries, entries.begin() + 1);  // CLI11 puts --help first
        table.add(text, title, entries);
    }
}

std::string usage(const CLI::App& app) {
    std::string text = fmt::format("Usage: {}", full_name(app));
    if (!visible_commands(app).empty())
        return text + " COMMAND [OPTIONS]\n";
    for (const CLI::Option* option : app.get_options())
        if (option->get_positional())
            text +=
                option->get_required() ? " " + argument(*option) : fmt::format(" [{}]", argument(*option));
    return text + " [OPTIONS]\n";
}

}  // namespace

std::string argument(const CLI::Option& option) {
    return option.get_type_name() + (option.get_items_expected_max() > 1 ? "..." : "");
}

std::string full_name(const CLI::App& app) {
    return app.get_parent() ? full_name(*app.get_parent()) + " " + app.get_name() : app.get_name();
}

std::string HelpFormatter::make_help(const CLI::App* app, std::string, CLI::AppFormatMode mode) const {
    const Columns table(width_);
    std::string text;
    for (const std::string& line : table.lines(full_name(*app) + " " + app->get_description(), 0))
        text += line + "\n";
    text += "\n" + usage(*app);
    std::vector<Entry> arguments, lines, exits;
    for (const ExitMeaning& exit : exit_meanings(""))
        exits.emplace_back(std::to_string(static_cast<int>(exit.code)), exit.meaning);
    for (const CLI::Option* option : app->get_options())
        if (option->get_positional())
            arguments.emplace_back(left_of(*option, true), right_of(*option));
    for (const Example& example : examples(app->get_parent() ? app->get_name() : ""))
        lines.emplace_back(example.command, example.meaning);

    std::vector<std::string> groups;
    for (const CLI::App* command : visible_commands(*app))
        if (std::ranges::find(groups, command->get_group()) == groups.end())
            groups.push_back(command->get_group());
    for (const std::string& group : groups) {
        std::vector<Entry> commands;
        for (const CLI::App* command : visible_commands(*app))
            if (command->get_group() == group)
                commands.emplace_back(command->get_name(), command->get_description());
        table.add(text, group, commands, 16);
    }
    table.add(text, "Arguments", arguments);
    add_options(text, *app, mode == CLI::AppFormatMode::All, table);
    table.add(text, "Examples", lines, 60);
    if (!app->get_parent())
        table.add(text, "Exit status", exits);
    return text;
}

std::string everyday_help(const CLI::App& app, std::size_t width) {
    const Columns table(width);
    std::string text = usage(app);
    std::vector<Entry> commands, lines;
    for (const CLI::App* command : visible_commands(app))
        if (command->get_group() == everyday_commands)
            commands.emplace_back(command->get_name(), command->get_description());
    for (const Example& example : examples(""))
        lines.emplace_back(example.command, example.meaning);
    table.add(text, everyday_commands, commands, 16);
    table.add(text, "Examples", lines, 60);
    text += "\n";
    for (const std::string& line :
         table.lines("'lktest help' lists all commands, 'lktest help COMMAND' explains one.", 0))
        text += line + "\n";
    return text;
}

}  // namespace lktest
