// SPDX-License-Identifier: MIT
#include "builder/base/error.hpp"

#include <fmt/format.h>

#include <system_error>

namespace lktest {

Error system_error(std::string_view what, int error_number, std::string hint) {
    return host_error(fmt::format("{}: {}", what, std::generic_category().message(error_number)),
                      std::move(hint));
}

}  // namespace lktest
