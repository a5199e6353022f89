// SPDX-License-Identifier: MIT
// Kernel parameters that installers read, and the length of all parameters.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "builder/inspect/boot_paths.hpp"
#include "builder/inspect/findings.hpp"
#include "builder/inspect/live_family.hpp"
#include "builder/inspect/path_lookup.hpp"

namespace lktest {
namespace {

/// A file of answers for an installer.
struct Answers {
    std::string_view word;  ///< the whole parameter
    std::string path;       ///< on this medium
    std::string label;      ///< of the volume that has it; empty if the parameter does not say
};

/// The beginnings of parameters that name a file of the medium: debian-installer's, then Anaconda's.
constexpr std::array<std::string_view, 7> on_the_medium{"file=/cdrom/",    "preseed/file=/cdrom/",
                                                        "file=/hd-media/", "preseed/file=/hd-media/",
                                                        "inst.ks=cdrom:",  "inst.ks=file:/run/install/repo/",
                                                        "ks=cdrom:"};

std::vector<Answers> answers_in(std::string_view line) {
    std::vector<Answers> found;
    for (const std::string_view word : words_of(line)) {
        if (word.find('$') != std::string_view::npos || word.find("\\") != std::string_view::npos)
            continue;
        for (const std::string_view begin : on_the_medium)
            if (word.starts_with(begin))
                found.push_back({word, normal_path("/" + std::string(word.substr(begin.size()))), ""});
        for (const std::string_view begin : {"inst.ks=hd:LABEL=", "ks=hd:LABEL="})
            if (const std::size_t colon = word.find(':', begin.size());
                word.starts_with(begin) && colon != std::string_view::npos)
                found.push_back({word, normal_path("/" + std::string(word.substr(colon + 1))),
                                 std::string(word.substr(begin.size(), colon - begin.size()))});
    }
    return found;
}

void judge_answers(const MediumFacts& facts, const BootPath& path, std::set<std::string>& said,
                   IsoFindings& findings) {
    for (const Answers& answers : answers_in(path.entry->said.command_line)) {
        // A stick for the machine's maker may have another label.
        if (!answers.label.empty() && answers.label != facts.volume.label) {
            if (facts.tree->find(answers.path) && said.insert(std::string(answers.word)).second)
                add_warning(
                    findings, "installer-answers-missing",
                    fmt::format("{} says '{}': the installer looks for {} on a volume with the label {}, "
                                "but this medium, which has that file, is '{}'.",
                                describe(path), answers.word, answers.path, answers.label,
                                facts.volume.label),
                    fmt::format("Write hd:LABEL={} there, if this medium's file is meant.",
                                escaped_label(facts.volume.label)));
            continue;
        }
        if (facts.tree->find(answers.path) || !said.insert(std::string(answers.word)).second)
            continue;
        add_warning(findings, "installer-answers-missing",
                    fmt::format("{} says '{}', but the medium has no {}: the installer stops, or asks its "
                                "questions.",
                                describe(path), answers.word, answers.path),
                    fmt::format("Put the file there as {}, or correct the path.", answers.path));
    }
}

/// "/nocloud" of "ds=nocloud;s=/cdrom/nocloud/" and "ds=nocloud-net;seedfrom=file:///cdrom/nocloud/".
std::string seed_in(std::string_view word) {
    if (!word.starts_with("ds=nocloud"))
        return {};
    for (const std::string_view key : {";s=", ";seedfrom="}) {
        const std::size_t at = word.find(key);
        if (at == word.npos)
            continue;
        std::string_view value = word.substr(at + key.size());
        value = value.substr(0, value.find(';'));
        if (value.starts_with("file://"))
            value.remove_prefix(7);
        if (value.starts_with("/cdrom/"))
            return normal_path(value.substr(6));
    }
    return {};
}

/// cloud-init uses a seed only if both files are there; meta-data may be empty.
void judge_seed(const MediumFacts& facts, const BootPath& path, std::set<std::string>& said,
                IsoFindings& findings) {
    for (const std::string_view word : words_of(path.entry->said.command_line)) {
        const std::string seed = seed_in(word);
        if (seed.empty() || seed.find('$') != seed.npos || !said.insert(std::string(word)).second)
            continue;
        std::vector<std::string> missing;
        for (const char* file : {"user-data", "meta-data"})
            if (!facts.tree->find(normal_path(seed + "/" + file)))
                missing.push_back(normal_path(seed + "/" + file));
        if (!missing.empty())
            add_warning(
                findings, "installer-answers-missing",
                fmt::format("{} says '{}', but the medium has no {}: cloud-init ignores the seed, and "
                            "the installer asks its questions.",
                            describe(path), word, some_of(missing)),
                "Put user-data and meta-data into that directory. meta-data may be empty.");
    }
}

/// The rest of Anaconda, which inst.stage2= and inst.repo= look for on the volume with this label.
void judge_second_stage(const MediumFacts& facts, const BootPath& path, std::set<std::string>& said,
                        IsoFindings& findings) {
    const bool anaconda =
        path.initramfs && std::ranges::any_of(families_in(path.initramfs->image),
                                              [](const LiveFamily* one) { return one->name == "Anaconda"; });
    if (!anaconda)
        return;  // another initramfs may read these parameters its own way
    for (const char* name : {"inst.stage2", "inst.repo"}) {
        const std::string value = parameter(path.entry->said.command_line, name);
        constexpr std::string_view by_label = "hd:LABEL=";
        if (!value.starts_with(by_label))
            continue;
        const std::string rest = value.substr(by_label.size());
        const std::size_t colon = rest.find(':');
        if (rest.substr(0, colon) != escaped_label(facts.volume.label))
            return;
        const std::string top = colon == rest.npos ? "" : normal_path("/" + rest.substr(colon + 1));
        for (const char* image : {"/images/install.img", "/LiveOS/squashfs.img", "/images/stage2.img",
                                  "/install.img", "/squashfs.img"})
            if (facts.tree->find(normal_path(top + image)))
                return;
        const IsoNode* file = top.empty() ? nullptr : facts.tree->find(top);
        if ((!file || file->directory) && !facts.tree->find(normal_path(top + "/.treeinfo")) &&
            said.insert("stage 2 " + value).second)
            add_error(findings, "installer-image-missing",
                      fmt::format("{} says '{}={}', but the medium has neither {}/images/install.img nor "
                                  "{}/LiveOS/squashfs.img: the installer waits for it, and dracut gives up.",
                                  describe(path), name, value, top, top),
                      "Copy images/install.img from the original medium, or correct the path.");
        return;
    }
}

/// The kernel cuts its command line off at COMMAND_LINE_SIZE, which is 2048 on x86 and arm64.
void judge_length(const BootPath& path, std::set<std::string>& said, IsoFindings& findings) {
    constexpr std::size_t longest = 2047;
    const std::size_t size = path.entry->said.command_line.size();
    if (size <= longest || !path.entry->said.certain || !said.insert("length " + path.place).second)
        return;
    add_warning(findings, "command-line-too-long",
                fmt::format("{} passes {} bytes of parameters, but the kernel reads 2047: the last ones are "
                            "lost.",
                            describe(path), size),
                "Remove parameters, or move them into the initramfs.");
}

}  // namespace

void judge_parameters(const MediumFacts& facts, IsoFindings& findings) {
    if (!facts.tree)
        return;
    std::set<std::string> said;
    for (const BootPath& path : boot_paths(facts)) {
        if (facts.kind == MediumKind::iso) {
            judge_answers(facts, path, said, findings);
            judge_seed(facts, path, said, findings);
            judge_second_stage(facts, path, said, findings);
        }
        judge_length(path, said, findings);
    }
}

}  // namespace lktest
