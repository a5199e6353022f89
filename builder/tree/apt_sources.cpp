// SPDX-License-Identifier: MIT
#include "builder/tree/apt_sources.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <sstream>

#include "builder/base/file.hpp"

namespace lktest {
namespace {
namespace fs = std::filesystem;

std::vector<std::string> words_of(const std::string& text) {
    std::istringstream stream(text);
    std::vector<std::string> words;
    for (std::string word; stream >> word;)
        words.push_back(std::move(word));
    return words;
}

std::string with_slash(std::string uri) {
    if (!uri.ends_with('/'))
        uri.push_back('/');
    return uri;
}

std::string lower(std::string text) {
    for (char& c : text)
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return text;
}

void add(std::vector<AptSource>& sources, AptSource source) {
    // A suite that is a path ("./") has no components and no Release file of a suite.
    if (!source.suite.ends_with('/') && std::ranges::find(sources, source) == sources.end())
        sources.push_back(std::move(source));
}

/// "bookworm" and "-updates" of "bookworm-updates".
constexpr std::array<std::string_view, 5> suffixes{"-backports-sloppy", "-backports", "-proposed-updates",
                                                   "-updates", "-security"};

std::pair<std::string, std::string> split_suite(const std::string& suite) {
    for (const std::string_view suffix : suffixes)
        if (suite.size() > suffix.size() && suite.ends_with(suffix))
            return {suite.substr(0, suite.size() - suffix.size()), std::string(suffix)};
    return {suite, ""};
}

}  // namespace

std::vector<AptSource> parse_source_list(std::string_view text) {
    std::vector<AptSource> sources;
    std::istringstream lines{std::string(text)};
    for (std::string line; std::getline(lines, line);) {
        line = line.substr(0, line.find('#'));
        AptSource source;
        if (const std::size_t open = line.find('['), close = line.find(']');
            open != std::string::npos && close != std::string::npos && open < close) {
            for (const std::string& option : words_of(line.substr(open + 1, close - open - 1)))
                if (lower(option).starts_with("signed-by="))
                    source.signed_by = option.substr(10);
            line.replace(open, close - open + 1, " ");
        }
        std::ranges::replace(source.signed_by, ',', ' ');
        const std::vector<std::string> words = words_of(line);
        if (words.size() < 4 || words[0] != "deb")
            continue;
        source.uri = with_slash(words[1]);
        source.suite = words[2];
        for (std::size_t i = 3; i < words.size(); ++i)
            source.components += (i > 3 ? " " : "") + words[i];
        add(sources, std::move(source));
    }
    return sources;
}

std::vector<AptSource> parse_deb822_sources(std::string_view text) {
    std::vector<AptSource> sources;
    std::map<std::string, std::string> fields;
    std::string last;
    const auto end_of_stanza = [&] {
        const auto types = words_of(fields["types"]);
        const std::string enabled = lower(fields["enabled"]);
        if (std::ranges::find(types, "deb") != types.end() && enabled != "no" && enabled != "false")
            for (const std::string& uri : words_of(fields["uris"]))
                for (const std::string& suite : words_of(fields["suites"]))
                    add(sources, {with_slash(uri), suite, fields["components"], fields["signed-by"]});
        fields.clear();
        last.clear();
    };
    std::istringstream lines{std::string(text)};
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with('#'))
            continue;
        if (line.find_first_not_of(" \t\r") == std::string::npos) {
            end_of_stanza();
        } else if (line.starts_with(' ') || line.starts_with('\t')) {
            if (!last.empty())
                fields[last] += "\n" + line;
        } else if (const std::size_t colon = line.find(':'); colon != std::string::npos) {
            last = lower(line.substr(0, colon));
            const std::size_t value = line.find_first_not_of(" \t", colon + 1);
            fields[last] = value == std::string::npos ? "" : line.substr(value);
        }
    }
    end_of_stanza();
    return sources;
}

std::vector<AptSource> read_apt_sources(const fs::path& etc_apt) {
    std::vector<fs::path> files{etc_apt / "sources.list"};
    std::error_code ignored;
    for (const fs::directory_entry& entry : fs::directory_iterator(etc_apt / "sources.list.d", ignored))
        files.push_back(entry.path());
    std::sort(files.begin() + 1, files.end());
    std::vector<AptSource> sources;
    for (const fs::path& file : files) {
        if (!fs::is_regular_file(file, ignored))
            continue;
        const std::string extension = file.extension();
        for (AptSource& source : extension == ".list"      ? parse_source_list(read_file(file))
                                 : extension == ".sources" ? parse_deb822_sources(read_file(file))
                                                           : std::vector<AptSource>())
            add(sources, std::move(source));
    }
    return sources;
}

bool is_suite_name(std::string_view name) {
    constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz0123456789";
    return !name.empty() && name.size() <= 64 && letters.find(name.front()) != std::string_view::npos &&
           std::ranges::all_of(name, [&](char c) {
               return letters.find(c) != std::string_view::npos || c == '-' || c == '.';
           });
}

std::string base_suite(const std::string& suite) {
    return split_suite(suite).second.starts_with("-backports") ? split_suite(suite).first : suite;
}

std::vector<AptSource> sources_of_suite(const std::vector<AptSource>& machine, const std::string& suite) {
    const std::string base = base_suite(suite);
    const bool known = std::ranges::find(machine, suite, &AptSource::suite) != machine.end();
    std::vector<AptSource> found;
    for (const AptSource& source : machine) {
        const auto [release, suffix] = split_suite(source.suite);
        if (known && release != base)
            continue;
        const auto with = [&](const std::string& name) {
            AptSource copy = source;
            copy.suite = name;
            add(found, std::move(copy));
        };
        if (suffix == "-security") {
            with(base + "-security");
            continue;
        }
        with(base);
        with(base + "-updates");
        if (suite != base)
            with(suite);
    }
    return found;
}

std::string suite_preferences(const std::string& suite) {
    if (base_suite(suite) == suite)
        return "";
    return fmt::format(
        "Package: *\nPin: release n={0}\nPin-Priority: 990\n\n"
        "Package: *\nPin: release a={0}\nPin-Priority: 990\n",
        suite);
}

std::string as_deb822(const std::vector<AptSource>& sources) {
    std::string text;
    for (const AptSource& source : sources)
        text += fmt::format("Types: deb\nURIs: {}\nSuites: {}\nComponents: {}\n{}\n", source.uri,
                            source.suite, source.components,
                            source.signed_by.empty() ? "" : fmt::format("Signed-By: {}\n", source.signed_by));
    return text;
}

}  // namespace lktest
