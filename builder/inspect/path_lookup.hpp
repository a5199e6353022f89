// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace lktest {

/// The path without ".", "..", "//" and a final "/": "/a/./b//../c/" is "/a/c".
std::string normal_path(std::string_view path);

/// Resolves symbolic links; returns a normal, absolute path. Like Linux, follows at most 40 links, and then
/// returns the rest unresolved.
/// @param link  returns the target of the symbolic link at a normal path; unset if it is not a link
std::string follow_links(std::string_view path,
                         const std::function<std::optional<std::string>(const std::string&)>& link);

/// The text with ASCII letters in lower case.
std::string lower_case(std::string_view text);

/// Orders text without regard to the case of ASCII letters.
struct LessAnyCase {
    bool operator()(std::string_view one, std::string_view other) const;
    using is_transparent = void;
};

/// "/boot/grub" of "/boot/grub/grub.cfg"; "/" of "/init".
std::string_view directory_of(std::string_view path);
/// "grub.cfg" of "/boot/grub/grub.cfg".
std::string_view file_name_of(std::string_view path);

}  // namespace lktest
