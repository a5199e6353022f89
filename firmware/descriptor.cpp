// SPDX-License-Identifier: MIT
#include "firmware/descriptor.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace lktest {
namespace {

using Json = nlohmann::json;

std::vector<std::string> strings(const Json& object, const char* key) {
    return object.at(key).get<std::vector<std::string>>();
}

/// A file of the mapping: {"filename": …, "format": …}.
void read_image(const Json& image, std::filesystem::path& path, std::string& format) {
    path = image.at("filename").get<std::string>();
    format = image.value("format", "raw");
}

void read_mapping(const Json& mapping, Descriptor& descriptor) {
    descriptor.device = mapping.at("device").get<std::string>();
    if (descriptor.device == "flash") {
        descriptor.mode = mapping.value("mode", "split");
        read_image(mapping.at("executable"), descriptor.code, descriptor.code_format);
        if (descriptor.mode == "split")
            read_image(mapping.at("nvram-template"), descriptor.variables, descriptor.variables_format);
    } else {
        descriptor.code = mapping.at("filename").get<std::string>();
    }
}

}  // namespace

std::optional<Descriptor> parse_descriptor(const std::filesystem::path& file, std::string_view text,
                                           std::vector<Problem>& problems) try {
    const Json json = Json::parse(text);
    Descriptor descriptor;
    descriptor.file = file;
    descriptor.interfaces = strings(json, "interface-types");
    read_mapping(json.at("mapping"), descriptor);
    for (const Json& target : json.at("targets"))
        descriptor.targets.push_back(
            {target.at("architecture").get<std::string>(), strings(target, "machines")});
    descriptor.features = strings(json, "features");
    return descriptor;
} catch (const Json::exception& fault) {
    problems.push_back(
        {{file.string()},
         fmt::format("not a firmware descriptor: {}", fault.what()),
         "correct or remove the file; QEMU's docs/interop/firmware.json describes the format"});
    return std::nullopt;
}

}  // namespace lktest
