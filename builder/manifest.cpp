// SPDX-License-Identifier: MIT
#include "builder/manifest.hpp"

#include <nlohmann/json.hpp>

namespace lktest {
namespace {

using Json = nlohmann::ordered_json;

void add_packages(Json& list, const std::vector<Package>& packages, const char* purpose) {
    for (const Package& package : packages)
        list.push_back({{"name", package.name},
                        {"version", package.version},
                        {"architecture", package.architecture},
                        {"purpose", purpose}});
}

}  // namespace

std::string manifest(const Recipe& recipe, Arch arch, const Sources& sources, const Reporting& reporting,
                     std::int64_t time, std::span<const FileDigest> files) {
    const ImageFile text{recipe.name, recipe.text};
    Json json{{"format", 1},
              {"builder", "lktest " LKTEST_VERSION},
              {"architecture", name(arch)},
              {"label", recipe.volume_label},
              {"time", time},
              {"recipe", {{"name", recipe.name}, {"sha256", digests({&text, 1}).front().sha256}}},
              {"packages", Json::array()},
              {"files", Json::array()}};
    if (recipe.root.kind != RootKind::packages)
        json["init"] = name(reporting.init);
    json["report"] = reporter_name(reporting);
    add_packages(json["packages"], sources.root, "root");
    add_packages(json["packages"], sources.kernel, "kernel");
    add_packages(json["packages"], sources.loaders, "boot");
    for (const FileDigest& file : files)
        json["files"].push_back({{"path", file.path}, {"size", file.size}, {"sha256", file.sha256}});
    return json.dump(1) + "\n";
}

}  // namespace lktest
