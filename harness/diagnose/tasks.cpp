// SPDX-License-Identifier: MIT
#include "harness/diagnose/tasks.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "builder/base/printable.hpp"
#include "harness/diagnose/backtrace.hpp"
#include "harness/diagnose/pointers.hpp"

namespace lktest {
namespace {

constexpr std::size_t most_tasks = 5000;
constexpr std::size_t name_size = 16;  // TASK_COMM_LEN
constexpr std::size_t most_depth = 32, most_waits = 12;
constexpr std::size_t most_arguments = 4096, most_words = 256;  // bytes, arguments
constexpr std::uint64_t init_search_reach = 64 << 20;

/// Offsets of members that every kernel has. Without them nothing is read.
struct TaskLayout {
    std::uint64_t comm = 0, pid = 0, list = 0, state = 0, exit_state = 0, flags = 0, parent = 0, mm = 0;
    std::uint64_t saved_sp = 0, saved_frame = 0, saved_pc = 0;  ///< x86_64: only the first
};

std::optional<TaskLayout> layout_of(const KernelTypes& types, Arch arch) {
    bool whole = true;
    const auto at = [&](std::string_view member) {
        const auto offset = types.offset("task_struct", member);
        whole = whole && offset;
        return offset.value_or(0);
    };
    TaskLayout layout{.comm = at("comm"),
                      .pid = at("pid"),
                      .list = at("tasks"),
                      .exit_state = at("exit_state"),
                      .flags = at("flags"),
                      .parent = at("real_parent"),
                      .mm = at("mm")};
    if (arch == Arch::aarch64) {
        layout.saved_sp = at("thread.cpu_context.sp");
        layout.saved_frame = at("thread.cpu_context.fp");
        layout.saved_pc = at("thread.cpu_context.pc");
    } else {
        layout.saved_sp = at("thread.sp");
    }
    // Before 5.14 it was called "state".
    const auto state = types.offset("task_struct", "__state");
    layout.state = state ? *state : at("state");
    return whole ? std::optional(layout) : std::nullopt;
}

/// include/linux/sched.h
char state_letter(std::uint32_t state, std::uint32_t exit_state) {
    if ((exit_state & 0x30) != 0)
        return 'Z';
    if ((state & 0x402) == 0x402)
        return 'I';
    if ((state & 1) != 0)
        return 'S';
    if ((state & 2) != 0)
        return 'D';
    if ((state & 4) != 0)
        return 'T';
    if ((state & 8) != 0)
        return 't';
    return state == 0 ? 'R' : '?';
}

class Reader {
public:
    Reader(const AddressSpace& space, const Symbols& symbols, const KernelTypes& types, Arch arch,
           const TaskLayout& at)
        : space_(space), symbols_(symbols), types_(types), arch_(arch), at_(at) {}

    std::optional<std::uint64_t> first_task() const {
        if (const auto named = symbols_.address_of("init_task"); named && is_first(*named))
            return named;
        return search_first_task();
    }

    TaskList read(std::uint64_t first) const {
        TaskList list;
        std::uint64_t task = first;
        while (list.tasks.size() < most_tasks) {
            const auto next = pointer(task + at_.list);
            if (!next)
                break;
            task = *next - at_.list;
            if (task == first || !in_kernel_half(task))
                break;
            list.tasks.push_back(read_task(task));
            if (list.tasks.back().pid == 1 && list.root.empty()) {
                list.root = root_of(task);
                list.cards = read_network_cards(space_, types_, task);
            }
        }
        return list;
    }

private:
    std::optional<std::uint64_t> pointer(std::uint64_t address) const {
        return space_.value<std::uint64_t>(address);
    }
    template <typename... Path>
    std::uint64_t follow(std::uint64_t address, Path... path) const {
        return lktest::follow(space_, types_, address, path...);
    }

    bool is_first(std::uint64_t task) const {
        const auto next = pointer(task + at_.list);
        return space_.value<std::int32_t>(task + at_.pid) == 0 && next && in_kernel_half(*next) &&
               pointer(*next + 8) == task + at_.list &&
               space_.text_at(task + at_.comm, name_size).starts_with("swapper");
    }

    /// Finds init_task in the image, because not every kernel has names for its data.
    std::optional<std::uint64_t> search_first_task() const {
        if (!space_.image_offset || symbols_.size() == 0)
            return std::nullopt;
        const auto text = symbols_.address_of("_stext");
        if (!text)
            return std::nullopt;
        const std::uint64_t begin = *text - *space_.image_offset;
        for (const MemorySpan& span : space_.memory->spans()) {
            const std::uint64_t low = std::max(span.address, begin);
            const std::uint64_t high = std::min(span.address + span.bytes.size(), begin + init_search_reach);
            if (low >= high)
                continue;
            const std::string_view bytes(
                reinterpret_cast<const char*>(span.bytes.data()) + (low - span.address),
                static_cast<std::size_t>(high - low));
            for (std::size_t at = bytes.find("swapper"); at != bytes.npos;
                 at = bytes.find("swapper", at + 1)) {
                const std::uint64_t task = low + at + *space_.image_offset - at_.comm;
                if (task % 8 == 0 && is_first(task))
                    return task;
            }
        }
        return std::nullopt;
    }

    Task read_task(std::uint64_t address) const {
        Task task;
        task.name = space_.text_at(address + at_.comm, name_size);
        task.pid = space_.value<std::int32_t>(address + at_.pid).value_or(0);
        if (const auto parent = pointer(address + at_.parent))
            task.parent = space_.value<std::int32_t>(*parent + at_.pid).value_or(0);
        const auto state = space_.value<std::uint32_t>(address + at_.state);
        const auto exit_state = space_.value<std::uint32_t>(address + at_.exit_state);
        if (state && exit_state)
            task.state = state_letter(*state, *exit_state);
        constexpr std::uint32_t kernel_thread = 0x0020'0000;  // PF_KTHREAD
        task.of_kernel = (space_.value<std::uint32_t>(address + at_.flags).value_or(0) & kernel_thread) != 0;
        if (task.of_kernel && task.pid != 1)
            return task;
        if (task.state != 'R' && task.state != 'Z')
            task.waits = waits_of(address);
        task.program = path_of(follow(address, "task_struct", "mm", "mm_struct", "exe_file"));
        task.arguments = arguments_of(address);
        const std::uint64_t files =
            follow(address, "task_struct", "files", "files_struct", "fdt", "fdtable", "fd");
        if (const auto input = files != 0 ? pointer(files) : std::nullopt)
            task.input = path_of(*input);
        return task;
    }

    std::vector<std::string> waits_of(std::uint64_t address) const {
        const auto sp = pointer(address + at_.saved_sp);
        if (!sp)
            return {};
        UnwindFrom from{.sp = *sp};
        if (arch_ == Arch::aarch64) {
            from.pc = pointer(address + at_.saved_pc).value_or(0);
            from.frame = pointer(address + at_.saved_frame).value_or(0);
        } else {
            // struct inactive_task_frame (arch/x86/include/asm/switch_to.h)
            from.frame = pointer(*sp + 40).value_or(0);
            from.pc = pointer(*sp + 48).value_or(0);
            from.sp = *sp + 56;
        }
        std::vector<std::string> waits;
        for (std::string& name : backtrace(space_, symbols_, arch_, from)) {
            name.resize(std::min(name.find('+'), name.size()));
            // __schedule() is __sched_text_start too.
            static constexpr std::string_view scheduler[] = {"__switch_to", "__switch_to_asm", "__schedule",
                                                             "__sched_text_start", "schedule"};
            if (std::ranges::find(scheduler, name) != std::end(scheduler))
                continue;
            const bool call = name.starts_with("__x64_sys_") || name.starts_with("__arm64_sys_");
            if (waits.size() < most_waits)
                waits.push_back(std::move(name));
            if (call)  // the outer frames are the same for all tasks
                break;
        }
        return waits;
    }

    /// The path within its file system, as far as it can be read.
    std::string path_of(std::uint64_t file) const {
        const auto path = types_.offset("file", "f_path.dentry");
        const auto name = types_.offset("dentry", "d_name.name");
        const auto parent = types_.offset("dentry", "d_parent");
        if (file == 0 || !in_kernel_half(file) || !path || !name || !parent)
            return "";
        std::uint64_t entry = pointer(file + *path).value_or(0);
        std::string text;
        for (std::size_t depth = 0; depth < most_depth && in_kernel_half(entry); ++depth) {
            const std::uint64_t up = pointer(entry + *parent).value_or(0);
            const std::string part = space_.text_at(pointer(entry + *name).value_or(0), 255);
            if (up == entry || part.empty()) {
                if (depth == 0)
                    text = part;
                break;
            }
            text.insert(0, "/" + part);
            entry = up;
        }
        return text;
    }

    std::vector<std::string> arguments_of(std::uint64_t task) const {
        const std::uint64_t mm = follow(task, "task_struct", "mm");
        const std::uint64_t top = follow(mm, "mm_struct", "pgd");
        const std::uint64_t begin = follow(mm, "mm_struct", "arg_start");
        const std::uint64_t end = follow(mm, "mm_struct", "arg_end");
        const auto root = top != 0 ? space_.physical(top) : std::nullopt;
        if (!root || !space_.tables || end <= begin)
            return {};
        AddressSpace program{.memory = space_.memory, .tables = space_.tables};
        program.tables->root = *root;
        program.tables->of_program = true;
        const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(end - begin, most_arguments));
        const std::string bytes = program.bytes_at(begin, size);
        std::vector<std::string> arguments;
        for (std::size_t at = 0; at < bytes.size() && arguments.size() < most_words;) {
            const std::size_t stop = std::min(bytes.find('\0', at), bytes.size());
            arguments.push_back(bytes.substr(at, stop - at));
            at = stop + 1;
        }
        return arguments;
    }

    std::string root_of(std::uint64_t task) const {
        const auto root = types_.offset("fs_struct", "root.mnt");
        const std::uint64_t fs = follow(task, "task_struct", "fs");
        if (fs == 0 || !root)
            return "";
        const std::uint64_t name = follow(pointer(fs + *root).value_or(0), "vfsmount", "mnt_sb",
                                          "super_block", "s_type", "file_system_type", "name");
        return space_.text_at(name, 32);
    }

    const AddressSpace& space_;
    const Symbols& symbols_;
    const KernelTypes& types_;
    Arch arch_;
    const TaskLayout& at_;
};

std::string_view in_words(char state) {
    switch (state) {
        case 'R': return "runs";
        case 'S': return "sleeps";
        case 'D': return "is in an uninterruptible wait";
        case 'T':
        case 't': return "is stopped";
        case 'I': return "is idle";
        case 'Z': return "has ended";
        default: return "is in an unknown state";
    }
}

}  // namespace

std::optional<TaskList> read_tasks(const AddressSpace& space, const Symbols& symbols,
                                   const KernelTypes& types, Arch arch) {
    const auto layout = layout_of(types, arch);
    if (!space.memory || !layout)
        return std::nullopt;
    const Reader reader(space, symbols, types, arch, *layout);
    const auto first = reader.first_task();
    return first ? std::optional(reader.read(*first)) : std::nullopt;
}

bool waits_for_keys(const Task& task) {
    const auto is_in = [&](std::string_view function) {
        return std::ranges::find(task.waits, function) != task.waits.end();
    };
    const bool terminal =
        task.input.find("tty") != std::string::npos || task.input.find("console") != std::string::npos;
    return is_in("n_tty_read") || (terminal && is_in("do_sys_poll"));
}

const Task* task_at_work(const TaskList& list) {
    const auto found = std::ranges::find_if(list.tasks, [](const Task& task) {
        return !task.of_kernel && task.pid != 1 && (task.state == 'R' || task.state == 'D');
    });
    return found == list.tasks.end() ? nullptr : &*found;
}

bool runs_initramfs(const TaskList& list) {
    constexpr std::ptrdiff_t most = 3;  // "busybox sh /init"
    const auto first = std::ranges::find(list.tasks, 1, &Task::pid);
    if (first == list.tasks.end())
        return false;
    const std::vector<std::string>& words = first->arguments;
    return std::any_of(words.begin(), words.begin() + std::min(most, std::ssize(words)),
                       [](const std::string& word) { return word == "/init" || word == "/linuxrc"; });
}

std::string in_words(const Task& task) {
    std::string text = fmt::format("{} (pid {})", task.name, task.pid);
    if (!task.arguments.empty())
        text += fmt::format(" '{}'", fmt::join(task.arguments, " "));
    if (!task.program.empty())
        text += fmt::format(", program {},", task.program);
    text += fmt::format(" {}", in_words(task.state));
    if (!task.waits.empty())
        text += fmt::format(" in {}", fmt::join(task.waits, " < "));
    if (!task.input.empty())
        text += fmt::format("; its stdin is {}", task.input);
    return printable(text);
}

}  // namespace lktest
