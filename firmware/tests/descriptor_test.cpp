// SPDX-License-Identifier: MIT
#include "firmware/descriptor.hpp"

#include <gtest/gtest.h>

namespace lktest {
namespace {

constexpr const char* split_flash = R"({
    "description": "UEFI firmware for x86_64",
    "interface-types": ["uefi"],
    "mapping": {
        "device": "flash",
        "executable": {"filename": "/fw/CODE.fd", "format": "raw"},
        "nvram-template": {"filename": "/fw/VARS.fd", "format": "raw"}
    },
    "targets": [{"architecture": "x86_64", "machines": ["pc-i440fx-*", "pc-q35-*"]}],
    "features": ["acpi-s3", "verbose-dynamic"],
    "tags": []
})";

std::optional<Descriptor> parse(std::string_view text, std::vector<Problem>& problems) {
    return parse_descriptor("60-x.json", text, problems);
}

TEST(Descriptor, HoldsWhatItsFileSays) {
    std::vector<Problem> problems;
    const auto descriptor = parse(split_flash, problems);
    ASSERT_TRUE(descriptor);
    EXPECT_EQ(descriptor->file, "60-x.json");
    EXPECT_EQ(descriptor->interfaces, std::vector<std::string>{"uefi"});
    EXPECT_EQ(descriptor->device, "flash");
    EXPECT_EQ(descriptor->mode, "split");
    EXPECT_EQ(descriptor->code, "/fw/CODE.fd");
    EXPECT_EQ(descriptor->variables, "/fw/VARS.fd");
    ASSERT_EQ(descriptor->targets.size(), 1u);
    EXPECT_EQ(descriptor->targets[0].architecture, "x86_64");
    EXPECT_EQ(descriptor->targets[0].machines, (std::vector<std::string>{"pc-i440fx-*", "pc-q35-*"}));
    EXPECT_EQ(descriptor->features, (std::vector<std::string>{"acpi-s3", "verbose-dynamic"}));
    EXPECT_TRUE(problems.empty());
}

TEST(Descriptor, KnowsImagesWithoutAVariableStore) {
    std::vector<Problem> problems;
    const auto bios = parse(R"({"interface-types": ["bios"], "targets": [], "features": [],
        "mapping": {"device": "memory", "filename": "/fw/bios.bin"}})",
                            problems);
    ASSERT_TRUE(bios);
    EXPECT_EQ(bios->code, "/fw/bios.bin");
    const auto stateless = parse(R"({"interface-types": ["uefi"], "targets": [], "features": [],
        "mapping": {"device": "flash", "mode": "stateless", "executable": {"filename": "/fw/CODE.fd"}}})",
                                 problems);
    ASSERT_TRUE(stateless);
    EXPECT_EQ(stateless->mode, "stateless");
    EXPECT_TRUE(stateless->variables.empty());
}

TEST(Descriptor, IsRefusedWithItsFileNamedWhenItIsBroken) {
    const std::string whole = split_flash;
    for (const std::string& text :
         {std::string(), std::string("{"), std::string("[]"), std::string("null"),
          std::string("\xff\xfe\0", 3), whole.substr(0, whole.size() / 2),
          std::string(R"({"interface-types": "uefi"})"),
          std::string(R"({"interface-types": [], "mapping": 7, "targets": [], "features": []})"),
          std::string(R"({"interface-types": [], "mapping": {"device": "flash", "executable": []},)"
                      R"( "targets": [], "features": []})"),
          std::string(100'000, '[')}) {
        std::vector<Problem> problems;
        EXPECT_FALSE(parse(text, problems)) << text.substr(0, 80);
        ASSERT_EQ(problems.size(), 1u) << text.substr(0, 80);
        EXPECT_EQ(problems[0].place.file, "60-x.json");
        EXPECT_TRUE(problems[0].message.starts_with("not a firmware descriptor: ")) << problems[0].message;
    }
}

}  // namespace
}  // namespace lktest
