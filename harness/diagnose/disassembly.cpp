// SPDX-License-Identifier: MIT
#include "harness/diagnose/disassembly.hpp"

#include <capstone/capstone.h>
#include <fmt/format.h>

#include <algorithm>

namespace lktest {
namespace {

constexpr std::size_t before = 4, after = 4;

class Disassembler {
public:
    explicit Disassembler(Arch arch) {
        const bool arm = arch == Arch::aarch64;
        opened_ =
            cs_open(arm ? CS_ARCH_ARM64 : CS_ARCH_X86, arm ? CS_MODE_ARM : CS_MODE_64, &handle_) == CS_ERR_OK;
        if (opened_)
            cs_option(handle_, CS_OPT_SKIPDATA, CS_OPT_ON);
    }
    Disassembler(const Disassembler&) = delete;
    Disassembler& operator=(const Disassembler&) = delete;
    ~Disassembler() {
        if (opened_)
            cs_close(&handle_);
    }

    struct Line {
        std::uint64_t address = 0;
        std::string text;
    };
    std::vector<Line> lines(std::string_view bytes, std::uint64_t address) const {
        cs_insn* found = nullptr;
        const std::size_t count =
            opened_ ? cs_disasm(handle_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size(),
                                address, 0, &found)
                    : 0;
        std::vector<Line> lines;
        for (std::size_t i = 0; i < count; ++i)
            lines.push_back({found[i].address, fmt::format("{} {}", found[i].mnemonic, found[i].op_str)});
        cs_free(found, count);
        return lines;
    }

private:
    csh handle_ = 0;
    bool opened_ = false;
};

}  // namespace

std::vector<std::string> disassemble(Arch arch, std::string_view bytes, std::uint64_t address,
                                     std::uint64_t at) {
    const auto lines = Disassembler(arch).lines(bytes, address);
    const auto here = std::ranges::find(lines, at, &Disassembler::Line::address);
    if (here == lines.end())
        return {};
    const auto index = static_cast<std::size_t>(here - lines.begin());
    std::vector<std::string> texts;
    for (std::size_t i = index - std::min(index, before); i < std::min(lines.size(), index + after + 1); ++i)
        texts.push_back(
            fmt::format("{} {:#x}  {}", i == index ? "->" : "  ", lines[i].address, lines[i].text));
    return texts;
}

}  // namespace lktest
