// SPDX-License-Identifier: MIT
#include "harness/console/printk.hpp"

namespace lktest {
namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// Reads a line from the left; every step says whether it succeeded.
struct Scanner {
    std::string_view text;
    std::size_t at = 0;

    bool take(char wanted) {
        if (at >= text.size() || text[at] != wanted)
            return false;
        ++at;
        return true;
    }
    std::size_t digits(std::size_t most) {
        const std::size_t begin = at;
        while (at < text.size() && at - begin < most && is_digit(text[at]))
            ++at;
        return at - begin;
    }
    void spaces(std::size_t most) {
        for (std::size_t taken = 0; taken < most && take(' '); ++taken) {
        }
    }
};

/// "[    2.948528]": print_time() of the kernel writes "[%5lu.%06lu]".
bool take_time(Scanner& scan) {
    if (!scan.take('['))
        return false;
    scan.spaces(4);
    return scan.digits(10) > 0 && scan.take('.') && scan.digits(7) == 6 && scan.take(']');
}

/// "[    T1]", "[   C0]": print_caller() writes "[%6s]".
void take_caller(Scanner& scan) {
    Scanner ahead = scan;
    if (!ahead.take('['))
        return;
    ahead.spaces(5);
    if ((ahead.take('T') || ahead.take('C')) && ahead.digits(10) > 0 && ahead.take(']'))
        scan = ahead;
}

/// Where "<4>" begins when it ends at `end`; `end` when there is none.
std::size_t level_before(std::string_view line, std::size_t end) {
    if (end == 0 || line[end - 1] != '>')
        return end;
    std::size_t at = end - 1;
    while (at > 0 && end - at <= 3 && is_digit(line[at - 1]))
        --at;
    return at > 0 && at < end - 1 && line[at - 1] == '<' ? at - 1 : end;
}

}  // namespace

std::optional<PrintkPrefix> find_printk_prefix(std::string_view line) {
    for (std::size_t at = line.find('['); at != line.npos; at = line.find('[', at + 1)) {
        Scanner scan{line, at};
        if (!take_time(scan))
            continue;
        take_caller(scan);
        scan.take(' ');
        return PrintkPrefix{level_before(line, at), scan.at};
    }
    return std::nullopt;
}

}  // namespace lktest
