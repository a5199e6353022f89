// SPDX-License-Identifier: MIT
#include "harness/boot/variable_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "builder/base/certificate.hpp"
#include "builder/base/file.hpp"
#include "builder/base/json_text.hpp"
#include "builder/base/little_endian.hpp"
#include "builder/base/printable.hpp"
#include "builder/inspect/sbat.hpp"
#include "firmware/variable_store.hpp"

namespace lktest {
namespace {

using Key = std::pair<std::string, std::string>;  // name, vendor

constexpr std::size_t most_shown = 512;  // of variables, and of names in one of them

std::map<Key, StoredVariable> by_name(std::string_view store) {
    std::map<Key, StoredVariable> variables;
    for (StoredVariable& variable : variables_in(store))
        if (variables.size() < most_shown)
            variables.insert_or_assign({variable.name, variable.vendor}, std::move(variable));
    return variables;
}

/// EFI_LOAD_OPTION (UEFI 2.10, 3.1.3): attributes, the size of the path, the description in UTF-16.
std::string description_of(std::string_view option) {
    std::string text;
    for (std::size_t at = 6; at + 2 <= option.size() && text.size() < 128; at += 2) {
        const std::uint16_t unit = le16(option, at);
        if (unit == 0)
            break;
        text += unit >= ' ' && unit <= '~' ? static_cast<char>(unit) : '?';
    }
    return text;
}

bool is_boot_option(std::string_view name) {
    return name.size() == 8 && name.starts_with("Boot") &&
           name.find_first_not_of("0123456789ABCDEF", 4) == name.npos;
}

Json boot_order(std::string_view value) {
    Json order = Json::array();
    for (std::size_t at = 0; at + 2 <= value.size() && order.size() < most_shown; at += 2)
        order.push_back(fmt::format("Boot{:04X}", le16(value, at)));
    return order;
}

bool holds_signatures(std::string_view name) {
    return name == "PK" || name == "KEK" || name == "db" || name == "dbx" || name == "dbt" ||
           name == "MokList" || name == "MokListX";
}

Json shown(const StoredVariable& variable) {
    Json json = {{"name", json_text(variable.name)},
                 {"vendor", variable.vendor},
                 {"attributes", variable.attributes},
                 {"size", variable.value.size()}};
    if (holds_signatures(variable.name)) {
        const SignatureLists lists = read_signature_lists(variable.value);
        Json names = Json::array();
        for (const std::string& name : common_names(lists.certificates))
            names.push_back(json_text(name));
        json["certificates"] = std::move(names);
        json["hashes"] = lists.sha256.size();
    } else if (variable.name == "SbatLevel") {
        Json lines = Json::array();
        for (std::string_view rest = variable.value; !rest.empty() && lines.size() < most_shown;) {
            const std::string_view line = rest.substr(0, rest.find('\n'));
            lines.push_back(json_text(line));
            rest.remove_prefix(std::min(line.size() + 1, rest.size()));
        }
        json["lines"] = std::move(lines);
    } else if (variable.name == "BootOrder") {
        json["order"] = boot_order(variable.value);
    } else if (is_boot_option(variable.name)) {
        json["description"] = json_text(description_of(variable.value));
    } else if (variable.value.size() == 1) {
        json["value"] = u8(variable.value, 0);
    }
    return json;
}

Json all_shown(const std::map<Key, StoredVariable>& variables) {
    Json list = Json::array();
    for (const auto& [key, variable] : variables)
        list.push_back(shown(variable));
    return list;
}

void add_note(const StoredVariable& now, bool was_there, std::vector<std::string>& notes) {
    if (now.name == "SbatLevel")
        notes.push_back(
            fmt::format("this boot {} SbatLevel to {}: media with an older shim or GRUB stop "
                        "booting on this machine under Secure Boot",
                        was_there ? "changed" : "raised", sbat_date(now.value)));
    else if (now.name == "dbx")
        notes.push_back("this boot changed dbx, the machine's list of revoked loaders");
    else if (now.name.starts_with("MokList") && was_there)
        notes.push_back(fmt::format("this boot changed {}, the keys that shim trusts", now.name));
}

}  // namespace

std::string read_variable_store(const std::filesystem::path& file) {
    std::error_code none;
    if (!std::filesystem::is_regular_file(file, none))
        return {};
    const auto mapped = MappedFile::open(file);
    const std::string_view bytes(reinterpret_cast<const char*>(mapped->bytes().data()),
                                 mapped->bytes().size());
    return std::string(bytes.substr(0, variables_end(bytes)));
}

VariableReport report_variables(std::string_view before, std::string_view after) {
    const std::map<Key, StoredVariable> old = by_name(before), now = by_name(after);
    VariableReport report;
    Json changes = Json::array();
    for (const auto& [key, variable] : now) {
        const auto earlier = old.find(key);
        if (earlier != old.end() && earlier->second == variable)
            continue;
        Json change = shown(variable);
        change["change"] = earlier == old.end() ? "added" : "changed";
        changes.push_back(std::move(change));
        add_note(variable, earlier != old.end(), report.notes);
    }
    for (const auto& [key, variable] : old)
        if (!now.contains(key)) {
            Json change = shown(variable);
            change["change"] = "removed";
            changes.push_back(std::move(change));
        }
    report.json =
        Json{{"before", all_shown(old)}, {"after", all_shown(now)}, {"changes", changes}}.dump(2) + "\n";
    return report;
}

}  // namespace lktest
