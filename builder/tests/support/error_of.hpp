// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "builder/base/error.hpp"

namespace lktest {

/// The Error that an action throws, as one text: "usage: what\nhint: what to do".
template <typename Action>
std::string error_of(const Action& action) {
    try {
        action();
    } catch (const Error& error) {
        std::string text = error.kind() == Error::Kind::usage ? "usage: " : "host: ";
        text += error.what();
        if (!error.hint().empty())
            text.append("\nhint: ").append(error.hint());
        return text;
    }
    return "nothing was thrown";
}

}  // namespace lktest
