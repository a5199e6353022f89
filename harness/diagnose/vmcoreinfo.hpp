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

/// What a kernel writes down of itself for those who will read its memory: lines of KEY=VALUE
/// (Documentation/admin-guide/kdump/vmcoreinfo.rst). It exists from subsys_initcall on.
class Vmcoreinfo {
public:
    /// Nothing when the text is not one: it must name a release, a page size and a symbol.
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

/// All that lie in memory: more than one when the guest was reset, or holds another guest.
std::vector<Vmcoreinfo> find_vmcoreinfo(const GuestMemory& memory);

/// How far that kernel's image is from where it lies: virtual address less physical.
std::optional<std::uint64_t> image_offset_of(const Vmcoreinfo& kernel, Arch arch);

/// How that kernel's addresses are translated.
std::optional<PageTables> page_tables_of(const Vmcoreinfo& kernel, Arch arch);

}  // namespace lktest
