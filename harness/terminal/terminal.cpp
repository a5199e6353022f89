// SPDX-License-Identifier: MIT
#include "harness/terminal/terminal.hpp"

#include <langinfo.h>
#include <locale.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

#include "builder/base/handle.hpp"
#include "harness/terminal/guarded_output.hpp"

namespace lktest {
namespace {

std::string_view variable(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
}

/// Uses a separate locale object: the program's locale stays "C", so that nothing depends on the user.
bool locale_is_utf8() {
    const Handle<std::remove_pointer_t<locale_t>, ::freelocale> locale(
        ::newlocale(LC_CTYPE_MASK, "", nullptr));
    return locale && std::string_view(::nl_langinfo_l(CODESET, locale.get())) == "UTF-8";
}

}  // namespace

bool is_terminal(std::FILE* stream) {
    return ::isatty(descriptor(stream)) == 1 && variable("TERM") != "dumb";
}

Style style_of(std::FILE* stream) {
    Style style;
    style.unicode = locale_is_utf8();
    style.shorten = is_terminal(stream);
    if (!style.shorten)
        return style;
    style.colour = variable("NO_COLOR").empty();
    winsize size{};
    if (::ioctl(descriptor(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
        style.width = size.ws_col;
        style.height = size.ws_row;
    }
    return style;
}

}  // namespace lktest
