// SPDX-License-Identifier: MIT
#include "harness/console/printk.hpp"

namespace lktest {
namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// Reads a line from the left; every step returns whether it succeeded.
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

/// "[    2.948528]": the kernel's print_time() writes "[%5lu.%06lu]". Vendors' kernels add the processor
/// ("[    2.948528@0]", "[    2.948528,0]") or the unit ("[    2.948528s]").
bool take_time(Scanner& scan) {
    if (!scan.take('['))
        return false;
    scan.spaces(4);
    if (scan.digits(10) == 0 || !scan.take('.') || scan.digits(7) != 6)
        return false;
    if (scan.take('@') || scan.take(','))
        return scan.digits(3) > 0 && scan.take(']');
    scan.take('s');
    return scan.take(']');
}

bool is_of_name(char c) {
    return c != ']' && c != '[' && c >= ' ' && c <= '~';
}

/// "[    T1]", "[   C0]": print_caller() writes "[%6s]".
bool take_task(Scanner& scan) {
    if (!scan.take('['))
        return false;
    scan.spaces(5);
    return (scan.take('T') || scan.take('C')) && scan.digits(10) > 0 && scan.take(']');
}

/// "[1:init]", "[0:  swapper/0:    1]", "[pid:1,cpu0,init]": a number and a name within brackets.
bool take_named_task(Scanner& scan) {
    if (!scan.take('['))
        return false;
    const bool by_word = scan.text.substr(scan.at).starts_with("pid:");
    scan.at += by_word ? 4 : 0;
    if (scan.digits(10) == 0 || !(scan.take(':') || (by_word && scan.take(','))))
        return false;
    const std::size_t begin = scan.at;
    while (scan.at < scan.text.size() && scan.at - begin < 40 && is_of_name(scan.text[scan.at]))
        ++scan.at;
    return scan.at > begin && scan.take(']');
}

/// "<0>", "-", ".": text that vendors' kernels put between the stamp and "(0)[1:init]".
bool take_processor_and_task(Scanner& scan) {
    if (scan.take('<'))
        scan.digits(1), scan.take('>'), scan.spaces(1);
    static_cast<void>(scan.take('-') || scan.take('.'));
    return scan.take('(') && scan.digits(3) > 0 && scan.take(')') && take_named_task(scan);
}

/// "000: " with PREEMPT_RT; "c0 " with some vendors, and "c0      1 " with the number of the task.
bool take_processor(Scanner& scan) {
    if (scan.take('c')) {
        if (scan.digits(2) == 0 || !scan.take(' '))
            return false;
        Scanner task = scan;
        task.spaces(8);
        if (task.at - scan.at >= 2 && task.digits(7) > 0 && task.take(' '))
            scan = task;
        return true;
    }
    return scan.digits(4) == 3 && scan.take(':') && scan.take(' ');
}

/// The start of a "<4>" that ends at `end`; `end` if there is none.
std::size_t level_before(std::string_view line, std::size_t end) {
    if (end == 0 || line[end - 1] != '>')
        return end;
    std::size_t at = end - 1;
    while (at > 0 && end - at <= 3 && is_digit(line[at - 1]))
        --at;
    return at > 0 && at < end - 1 && line[at - 1] == '<' ? at - 1 : end;
}

}  // namespace

std::size_t skip_printk_caller(std::string_view line, std::size_t at) {
    for (const auto& take : {take_task, take_named_task, take_processor_and_task, take_processor}) {
        Scanner scan{line, at};
        scan.spaces(2);
        if (!take(scan))
            continue;
        // The message after "000: " or "c0 " keeps its own blanks.
        if (take != take_processor)
            scan.take(' ');
        return scan.at;
    }
    return at + (line.substr(at).starts_with(' ') ? 1 : 0);
}

std::optional<PrintkPrefix> find_printk_prefix(std::string_view line) {
    for (std::size_t at = line.find('['); at != line.npos; at = line.find('[', at + 1)) {
        Scanner scan{line, at};
        if (!take_time(scan))
            continue;
        return PrintkPrefix{level_before(line, at), skip_printk_caller(line, scan.at)};
    }
    return std::nullopt;
}

}  // namespace lktest
