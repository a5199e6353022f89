// SPDX-License-Identifier: MIT
#include "harness/cli/man.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "harness/boot/terminal_session.hpp"
#include "harness/cli/app.hpp"
#include "harness/cli/help.hpp"
#include "harness/cli/markdown_page.hpp"
#include "harness/cli/roff.hpp"

namespace lktest {
namespace {

/// "x86_64|aarch64": literal words in bold, placeholders in italics.
std::string placeholder(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('|'), text.size());
        const std::string_view word = text.substr(0, end);
        const bool is_value = word.find_first_of("abcdefghijklmnopqrstuvwxyz") == std::string_view::npos;
        out += fmt::format("\\f{}{}\\fR", is_value ? 'I' : 'B', roff_escaped(word));
        if (end < text.size())
            out += "|\\:";  // allows a line break
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

std::string sentence(std::string text) {
    if (!text.empty() && text.front() >= 'a' && text.front() <= 'z' && !text.starts_with("lktest"))
        text.front() = static_cast<char>(text.front() - 'a' + 'A');
    return text + ".";
}

/// A tagged paragraph; `tag` is already roff.
std::string paragraph(std::string_view tag, std::string_view text) {
    return fmt::format(".TP\n{}\n{}\n", tag, roff_escaped(text));
}

std::string option_paragraph(const CLI::Option& option) {
    std::string tag;
    if (option.get_positional()) {
        tag = placeholder(argument(option));
    } else {
        for (const std::string& name : option.get_snames())
            tag += fmt::format("\\fB\\-{}\\fR, ", roff_escaped(name));
        tag += fmt::format("\\fB\\-\\-{}\\fR", roff_escaped(option.get_lnames().front()));
        if (!option.get_type_name().empty() && option.get_items_expected_max() > 0)
            tag += " " + placeholder(option.get_type_name());
    }
    std::string text = option.get_description();
    if (!option.get_default_str().empty())
        text += fmt::format(". Default: {}", option.get_default_str());
    return paragraph(tag, sentence(text));
}

std::string option_paragraphs(const CLI::App& command) {
    std::string text;
    for (const CLI::Option* option : command.get_options())
        if (option != command.get_help_ptr())
            text += option_paragraph(*option);
    return text;
}

std::string command_section(const CLI::App& command) {
    return fmt::format(".SS {}\n{}\n", roff_escaped(full_name(command)),
                       roff_escaped(sentence(command.get_description()))) +
           option_paragraphs(command);
}

/// "lktest run [OPTIONS]"
std::string command_line(const CLI::App& command) {
    std::string text = fmt::format(".B {}\n", roff_escaped(full_name(command)));
    for (const CLI::Option* option : command.get_options())
        if (option->get_positional())
            text += option->get_required() ? placeholder(argument(*option)) + " "
                                           : fmt::format("[{}] ", placeholder(argument(*option)));
    return text + "[\\fIOPTIONS\\fR]\n";
}

std::string synopsis(const CLI::App& app) {
    std::string text;
    for (const CLI::App* command : visible_commands(app))
        text += (text.empty() ? "" : ".br\n") + command_line(*command);
    return text + ".br\n.B lktest\n\\fB\\-\\-help\\fR|\\fB\\-\\-version\\fR\n";
}

struct Entry {
    std::string_view tag, text;
};

constexpr std::array environment{
    Entry{"NO_COLOR", "If set and not empty, the output has no colour."},
    Entry{"SOURCE_DATE_EPOCH", "Time stamp of the images that lktest builds, in seconds since 1970."},
    Entry{"XDG_CACHE_HOME", "Holds lktest/, a cache of packages and images. Default: ~/.cache."},
    Entry{"GITHUB_STEP_SUMMARY", "File to which a run appends its summary in Markdown."},
    Entry{"GITHUB_ACTIONS", "If true, failed cells become annotations."},
};

constexpr std::array files{
    Entry{"DIR/run-YYYYMMDD-HHMMSS/", "One run. DIR/latest points to the last one."},
    Entry{"DIR/history.db", "Outcomes and times of all runs in DIR, for lktest history."},
    Entry{"matrix.json", "In that directory, the whole run: schema lktest.matrix/1."},
    Entry{"index.html", "The same for a browser."},
    Entry{"junit.xml", "The same for continuous integration."},
    Entry{"CELL/", "The files of one cell: console, machine description and events."},
};

template <typename Entries>
std::string entries_section(std::string_view title, const Entries& entries) {
    std::string text = fmt::format(".SH {}\n", title);
    for (const Entry& entry : entries)
        text += paragraph(fmt::format("\\fI{}\\fR", roff_escaped(entry.tag)), entry.text);
    return text;
}

std::string example_paragraphs(const CLI::App& command) {
    std::string text;
    for (const Example& example : examples(command.get_name()))
        text += paragraph(fmt::format("\\fB{}\\fR", roff_escaped(example.command)),
                          sentence(std::string(example.meaning)));
    return text;
}

std::string examples_section(const CLI::App& app) {
    std::string text = ".SH EXAMPLES\n";
    for (const CLI::App* command : visible_commands(app))
        text += example_paragraphs(*command);
    return text;
}

/// The commands of the prompt that Ctrl-] opens.
std::string prompt_section() {
    std::string text =
        ".SH PROMPT\nEvery key goes to the console of the guest. Ctrl\\-] opens a prompt with these "
        "commands:\n";
    for (const PromptCommand& command : prompt_commands())
        text += paragraph(fmt::format("\\fB{}\\fR", roff_escaped(command.command)),
                          sentence(std::string(command.meaning)));
    return text +
           ".PP\nAn empty line returns to the console. Arrow keys edit a line and recall earlier ones, and "
           "Tab\n"
           "completes a command.\n";
}

std::string exits_section(std::string_view command) {
    std::string text = ".SH EXIT STATUS\n";
    for (const ExitMeaning& exit : exit_meanings(command))
        text += paragraph(fmt::format("\\fB{}\\fR", static_cast<int>(exit.code)),
                          sentence(std::string(exit.meaning)));
    return text;
}

}  // namespace

std::string man_page(const CLI::App& app) {
    std::string text = ".TH LKTEST 1 \"\" \"lktest " LKTEST_VERSION "\" \"User Commands\"\n";
    text += fmt::format(".SH NAME\nlktest \\- {}\n", roff_escaped(app.get_description()));
    text += ".SH SYNOPSIS\n" + synopsis(app);
    text +=
        ".SH DESCRIPTION\n"
        "lktest boots live media under QEMU as real computers would, by BIOS and by UEFI. It reports where\n"
        "they boot, and where and why they fail. It also builds live ISOs for x86_64 and aarch64, inspects\n"
        "media, and finds failures in saved console logs. It never modifies an ISO under test.\n";
    text += ".SH COMMANDS\n";
    for (const CLI::App* command : visible_commands(app))
        text += command_section(*command);
    text += exits_section("");
    text += entries_section("ENVIRONMENT", environment);
    text += entries_section("FILES", files);
    text += examples_section(app);
    text +=
        ".SH SEE ALSO\n\\fBlktest\\-scenario\\fR(5), \\fBlktest\\-recipe\\fR(5), "
        "\\fBqemu\\-system\\-x86_64\\fR(1), \\fBvirsh\\fR(1), \\fBxorriso\\fR(1)\n";
    return text;
}

std::string command_page(const CLI::App& command) {
    std::string title = "LKTEST-" + command.get_name();
    std::ranges::transform(title, title.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    std::string text =
        fmt::format(".TH {} 1 \"\" \"lktest " LKTEST_VERSION "\" \"User Commands\"\n", roff_escaped(title));
    text += fmt::format(".SH NAME\nlktest\\-{} \\- {}\n", roff_escaped(command.get_name()),
                        roff_escaped(command.get_description()));
    text += ".SH SYNOPSIS\n" + command_line(command);
    if (const std::string options = option_paragraphs(command); !options.empty())
        text += ".SH OPTIONS\n" + options;
    if (command.get_name() == "attach" || command.get_name() == "debug")
        text += prompt_section();
    if (!examples(command.get_name()).empty())
        text += ".SH EXAMPLES\n" + example_paragraphs(command);
    text += exits_section(command.get_name());
    text += ".SH SEE ALSO\n\\fBlktest\\fR(1), \\fBlktest\\-scenario\\fR(5), \\fBlktest\\-recipe\\fR(5)\n";
    return text;
}

std::string scenario_page(const std::string& readme) {
    return markdown_page({.name = "lktest-scenario",
                          .about = "what a boot must reach, for lktest run --scenario",
                          .text = readme,
                          .see_also = {"lktest-run(1)", "lktest-recipe(5)"}});
}

std::string recipe_page(const std::string& readme, const std::string& example) {
    std::string text =
        "# Recipes\n\nA recipe is a TOML file that says what lktest build puts on a medium.\n\n";
    for (const std::string_view title : {"Recipes", "Boot parameters of the live system"})
        text += markdown_section(readme, title) + "\n";
    text += "## Example\n\nThe recipe `recovery`:\n\n```toml\n" + example + "```\n";
    return markdown_page({.name = "lktest-recipe",
                          .about = "a live medium, for lktest build",
                          .text = text,
                          .see_also = {"lktest-build(1)", "lktest-scenario(5)"}});
}

}  // namespace lktest
