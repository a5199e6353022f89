// SPDX-License-Identifier: MIT
#include "harness/cli/roff.hpp"

namespace lktest {

std::string roff_escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
            case '\\': out += "\\e"; break;
            case '-': out += "\\-"; break;
            case '\'': out += "\\(aq"; break;
            case '`': out += "\\(ga"; break;
            case '^': out += "\\(ha"; break;
            case '~': out += "\\(ti"; break;
            case '"': out += "\\(dq"; break;
            default: out += c;
        }
    }
    if (out.starts_with('.'))
        out.insert(0, "\\&");
    return out;
}

}  // namespace lktest
