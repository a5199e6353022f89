// SPDX-License-Identifier: MIT
#include "harness/diagnose/general_registers.hpp"

#include <fmt/format.h>
#include <re2/re2.h>

#include <array>
#include <map>
#include <optional>
#include <string>

#include "builder/base/re2_text.hpp"
#include "harness/diagnose/cpu_state.hpp"

namespace lktest {
namespace {

/// The registers of one CPU by name, including the bases of segments ("FS.base").
class Named {
public:
    explicit Named(std::string_view text) {
        // "RAX=0000000000000010", "R8 =0000000000000001", "FS =0000 00007f2a5c0fd740 ffffffff 00c00000"
        static const re2::RE2 expression(R"(([A-Z][A-Z0-9]*) ?=([0-9a-f]{1,16})(?: ([0-9a-f]{8,16}))?)");
        re2::StringPiece left = to_re2(text);
        std::string name, base;
        std::uint64_t value = 0, begin = 0;
        while (re2::RE2::FindAndConsume(&left, expression, &name, re2::RE2::Hex(&value), &base)) {
            values_.emplace(name, value);
            if (re2::RE2::FullMatch(base, "(.+)", re2::RE2::Hex(&begin)))
                values_.emplace(name + ".base", begin);
        }
    }

    std::optional<std::uint64_t> find(const std::string& name) const {
        const auto found = values_.find(name);
        return found == values_.end() ? std::nullopt : std::optional(found->second);
    }
    std::uint64_t operator[](const std::string& name) const { return find(name).value_or(0); }

private:
    std::map<std::string, std::uint64_t> values_;  ///< if a name occurs twice, the first
};

GeneralRegisters x86_registers(const Named& named) {
    // QEMU's names depend on the CPU's mode: RAX or EAX, RFL or EFL.
    const auto wide = [&named](const std::string& name) {
        const auto value = named.find("R" + name);
        return value ? *value : named["E" + name];
    };
    constexpr std::uint64_t no_system_call = ~std::uint64_t{0};  // orig_rax
    return {named["R15"], named["R14"], named["R13"], named["R12"],     wide("BP"),       wide("BX"),
            named["R11"], named["R10"], named["R9"],  named["R8"],      wide("AX"),       wide("CX"),
            wide("DX"),   wide("SI"),   wide("DI"),   no_system_call,   wide("IP"),       named["CS"],
            wide("FL"),   wide("SP"),   named["SS"],  named["FS.base"], named["GS.base"], named["DS"],
            named["ES"],  named["FS"],  named["GS"]};
}

GeneralRegisters arm_registers(const Named& named) {
    GeneralRegisters registers;
    for (unsigned i = 0; i <= 30; ++i)
        registers.push_back(named[fmt::format("X{:02}", i)]);
    registers.insert(registers.end(), {named["SP"], named["PC"], named["PSTATE"]});
    return registers;
}

}  // namespace

std::vector<GeneralRegisters> general_registers(std::string_view registers, Arch arch) {
    std::vector<GeneralRegisters> cpus;
    for (const std::string_view part : parts_of_cpus(registers)) {
        const Named named(part);
        if (arch == Arch::x86_64 && (named.find("RIP") || named.find("EIP")))
            cpus.push_back(x86_registers(named));
        else if (arch == Arch::aarch64 && named.find("PC"))
            cpus.push_back(arm_registers(named));
    }
    return cpus;
}

}  // namespace lktest
