// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/diagnose/guest_memory.hpp"
#include "harness/diagnose/page_tables.hpp"

namespace lktest {

/// A kernel's description of itself for readers of its memory: lines of KEY=VALUE
/// (Documentation/admin-guide/kdump/vmcoreinfo.rst). It exists from subsys_initcall on.
class Vmcoreinfo {
public:
    /// @return unset unless the text has a release, a page size and a symbol
    static std::optional<Vmcoreinfo> parse(std::string_view text);

    /// As the kernel wrote it.
    const std::string& whole() const noexcept { return whole_; }
    /// The whole value of a key: text("OSRELEASE") is "6.1.0-32-amd64".
    std::optional<std::string> text(const std::string& key) const;
    /// SYMBOL(name)=ffffffff82e5a4c0: a virtual address.
    std::optional<std::uint64_t> symbol(std::string_view name) const;
    /// NUMBER(name)=-123, or 0x….
    std::optional<std::uint64_t> number(std::string_view name) const;
    /// OFFSET(printk_info.seq)=0, in bytes.
    std::optional<std::uint64_t> offset(std::string_view member) const;
    /// SIZE(printk_info)=88, in bytes.
    std::optional<std::uint64_t> size(std::string_view type) const;

private:
    std::string whole_;
    std::map<std::string, std::string, std::less<>> values_;
};

/// All in memory: more than one if the guest was reset, or runs another guest.
std::vector<Vmcoreinfo> find_vmcoreinfo(const GuestMemory& memory);

/// The virtual address of that kernel's image minus its physical one.
std::optional<std::uint64_t> image_offset_of(const Vmcoreinfo& kernel, Arch arch);

/// The translation of that kernel's addresses.
std::optional<PageTables> page_tables_of(const Vmcoreinfo& kernel, Arch arch);

}  // namespace lktest
