// SPDX-License-Identifier: MIT
#include "builder/tree/oci_manifest.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "builder/base/error.hpp"
#include "builder/base/printable.hpp"
#include "builder/image/checksums.hpp"

namespace lktest {
namespace {
namespace fs = std::filesystem;

using Json = nlohmann::json;

constexpr std::uint64_t most_json = 16 << 20;
constexpr std::size_t most_layers = 1024, most_images = 1024;
constexpr int most_nested = 4;

/// A manifest of an image, still to be chosen.
struct Candidate {
    std::vector<std::string> names;
    std::string architecture;
    Json manifest;
    std::string config;  ///< path of the configuration
};

class Reader {
public:
    Reader(const FileTree& files, const fs::path& image) : files_(files), image_(image) {}

    [[noreturn]] void refuse(const std::string& what) const {
        throw usage_error(fmt::format("{} is not a sound container image: {}", image_.string(), what),
                          "copy it again, or export it again");
    }

    std::shared_ptr<Inode> file(const std::string& path) const {
        const auto real = files_.real_path(path);
        const auto inode = real ? files_.find(*real) : nullptr;
        return inode && inode->type == NodeType::regular ? inode : nullptr;
    }

    /// @param sha256  empty: it has no digest
    Json json(const std::string& path, const std::string& sha256) const {
        const auto inode = file(path);
        if (!inode)
            refuse(fmt::format("it lacks {}", printable(path)));
        if (inode->content.size() > most_json)
            refuse(fmt::format("{} is too large", printable(path)));
        const std::string text = inode->content.whole();
        const ImageFile content{path, text};
        if (!sha256.empty() && digests({&content, 1}).front().sha256 != sha256)
            refuse(fmt::format("{} does not have the SHA-256 {}", printable(path), sha256));
        Json parsed = Json::parse(text, nullptr, false);
        if (parsed.is_discarded())
            refuse(fmt::format("{} is not JSON", printable(path)));
        return parsed;
    }

    /// "0123…" of "sha256:0123…".
    std::string hex(const std::string& digest) const {
        constexpr std::string_view kind = "sha256:";
        const std::string hex = digest.starts_with(kind) ? digest.substr(kind.size()) : "";
        if (hex.size() != 64 || hex.find_first_not_of("0123456789abcdef") != std::string::npos)
            refuse(fmt::format("'{}' is not a SHA-256 digest", printable(digest)));
        return hex;
    }

private:
    const FileTree& files_;
    const fs::path& image_;
};

std::string text(const Json& json, const char* key) {
    const auto found = json.is_object() ? json.find(key) : json.end();
    return json.is_object() && found != json.end() && found->is_string() ? found->get<std::string>() : "";
}

const Json& child(const Json& json, const char* key) {
    static const Json none;
    if (!json.is_object())
        return none;
    const auto found = json.find(key);
    return found == json.end() ? none : *found;
}

std::string blob(const std::string& hex) {
    return "/blobs/sha256/" + hex;
}

void read_index(const Reader& reader, const Json& index, std::vector<std::string> names, int nested,
                std::vector<Candidate>& found) {
    for (const Json& entry : child(index, "manifests")) {
        const Json& notes = child(entry, "annotations");
        if (!text(notes, "vnd.docker.reference.type").empty())  // build provenance
            continue;
        if (found.size() >= most_images || nested > most_nested)
            reader.refuse("its index has too many entries");
        std::vector<std::string> called = names;
        for (const char* key : {"io.containerd.image.name", "org.opencontainers.image.ref.name"})
            if (const std::string name = text(notes, key); !name.empty())
                called.push_back(name);
        const std::string hex = reader.hex(text(entry, "digest"));
        const Json document = reader.json(blob(hex), hex);
        if (child(document, "manifests").is_array()) {
            read_index(reader, document, called, nested + 1, found);
            continue;
        }
        found.push_back({called, text(child(entry, "platform"), "architecture"), document,
                         blob(reader.hex(text(child(document, "config"), "digest")))});
    }
}

std::vector<Candidate> candidates_of(const Reader& reader) {
    std::vector<Candidate> found;
    if (reader.file("/index.json")) {
        read_index(reader, reader.json("/index.json", ""), {}, 0, found);
        return found;
    }
    if (!reader.file("/manifest.json"))
        reader.refuse("it has neither index.json nor manifest.json");
    for (const Json& entry : reader.json("/manifest.json", "")) {
        std::vector<std::string> names;
        for (const Json& tag : child(entry, "RepoTags"))
            if (tag.is_string())
                names.push_back(tag.get<std::string>());
        found.push_back({names, "", entry, "/" + text(entry, "Config")});
    }
    return found;
}

/// "…/sha256/HEX" and "HEX.json" are named by their digest; other names have none.
std::string named_digest(const std::string& path) {
    std::string name = path.substr(path.rfind('/') + 1);
    name = name.substr(0, name.find('.'));
    return name.size() == 64 && name.find_first_not_of("0123456789abcdef") == std::string::npos ? name : "";
}

std::vector<OciLayer> layers_of(const Reader& reader, const Candidate& candidate, const Json& config) {
    const bool docker = child(candidate.manifest, "layers").is_null();
    const Json& listed = child(candidate.manifest, docker ? "Layers" : "layers");
    const Json& plain = child(child(config, "rootfs"), "diff_ids");
    if (!listed.is_array() || !plain.is_array() || listed.size() != plain.size() || listed.empty() ||
        listed.size() > most_layers)
        reader.refuse("its configuration does not list its layers");
    std::vector<OciLayer> layers;
    for (std::size_t i = 0; i < listed.size(); ++i) {
        OciLayer layer;
        layer.plain_sha256 = reader.hex(plain[i].is_string() ? plain[i].get<std::string>() : "");
        if (docker) {
            layer.path = "/" + (listed[i].is_string() ? listed[i].get<std::string>() : "");
        } else {
            const std::string type = text(listed[i], "mediaType");
            if (type.find(".tar") == std::string::npos || type.ends_with("+encrypted"))
                reader.refuse(fmt::format("a layer of the type '{}' is not a file system", printable(type)));
            layer.sha256 = reader.hex(text(listed[i], "digest"));
            layer.path = blob(layer.sha256);
        }
        layers.push_back(std::move(layer));
    }
    return layers;
}

}  // namespace

OciImage choose_oci_image(const FileTree& files, const fs::path& file, Arch arch,
                          const std::vector<std::string>& names) {
    const Reader reader(files, file);
    struct Fitting {
        Candidate candidate;
        Json config;
    };
    std::vector<Fitting> fitting;
    std::vector<std::string> other_names, other_machines;
    for (const Candidate& candidate : candidates_of(reader)) {
        const auto wanted = [&](const std::string& name) {
            return std::ranges::find(names, name) != names.end();
        };
        if (!names.empty() && std::ranges::none_of(candidate.names, wanted)) {
            std::ranges::copy(candidate.names, std::back_inserter(other_names));
            continue;
        }
        const bool said = !candidate.architecture.empty();
        if (said && candidate.architecture != debian_name(arch)) {
            other_machines.push_back(candidate.architecture);
            continue;
        }
        Json config = reader.json(candidate.config, named_digest(candidate.config));
        if (const std::string machine = text(config, "architecture"); machine != debian_name(arch))
            other_machines.push_back(machine);
        else
            fitting.push_back({candidate, std::move(config)});
    }
    if (fitting.empty() && !other_machines.empty())
        throw usage_error(fmt::format("{} has no image for {}, only for {}", file.string(), name(arch),
                                      printable(fmt::format("{}", fmt::join(other_machines, ", ")))),
                          "name another --arch, or another image");
    if (fitting.empty())
        throw usage_error(
            fmt::format("{} has no image {}", file.string(), fmt::join(names, ", ")),
            fmt::format("it has: {}", printable(fmt::format("{}", fmt::join(other_names, ", ")))));
    if (fitting.size() > 1) {
        std::vector<std::string> all;
        for (const Fitting& one : fitting)
            std::ranges::copy(one.candidate.names, std::back_inserter(all));
        throw usage_error(fmt::format("{} has {} images for {}: {}", file.string(), fitting.size(),
                                      name(arch), printable(fmt::format("{}", fmt::join(all, ", ")))),
                          "choose one in [root] of a recipe: images = [\"NAME\"]");
    }
    const Fitting& chosen = fitting.front();
    return {chosen.candidate.names.empty() ? "" : chosen.candidate.names.front(),
            layers_of(reader, chosen.candidate, chosen.config)};
}

}  // namespace lktest
