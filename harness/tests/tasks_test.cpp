// SPDX-License-Identifier: MIT
// A kernel's tasks, laid out according to its type information; intact and broken.
#include "harness/diagnose/tasks.hpp"

#include <bpf/btf.h>
#include <gtest/gtest.h>

#include <random>

#include "harness/tests/support/ram.hpp"

namespace lktest {
namespace {

constexpr std::uint64_t text = 0x10'0000, data = 0x20'0000;  // physical
constexpr std::uint64_t at(std::uint64_t physical) {
    return physical + TestRam::image_offset;
}

/// Members of 8 bytes each, except where `place` says otherwise.
class Types {
public:
    Types() {
        word_ = btf__add_int(types_.get(), "long", 8, 0);
        inner_ = btf__add_struct(types_.get(), "cpu_context", 24);
        members({"fp", "sp", "pc"});
        thread_ = btf__add_struct(types_.get(), "thread_struct", 24);
        btf__add_field(types_.get(), "cpu_context", inner_, 0, 0);
        // An unnamed member, like the kernel's randomized part.
        const int unnamed = btf__add_struct(types_.get(), nullptr, 64);
        members({"__state", "flags", "pid", "exit_state", "real_parent", "mm", "comm", "comm_end"});
        btf__add_struct(types_.get(), "task_struct", 128);
        btf__add_field(types_.get(), nullptr, unnamed, 0, 0);
        place("tasks", word_, 64);
        place("thread", thread_, 88);
    }
    /// A kernel's types are never few.
    void add_many() {
        for (int i = 0; i < 20000; ++i)
            btf__add_int(types_.get(), ("other" + std::to_string(i)).c_str(), 8, 0);
    }
    std::string bytes() const {
        std::uint32_t size = 0;
        const void* raw = btf__raw_data(types_.get(), &size);
        return {static_cast<const char*>(raw), size};
    }

private:
    void place(const char* name, int type, unsigned offset) {
        btf__add_field(types_.get(), name, type, offset * 8, 0);
    }
    void members(std::initializer_list<const char*> names) {
        unsigned offset = 0;
        for (const char* name : names) {
            place(name, word_, offset);
            offset += 8;
        }
    }

    Handle<btf, free_btf> types_{btf__new_empty()};
    int word_ = 0, inner_ = 0, thread_ = 0;
};

void put_task(TestRam& ram, std::uint64_t task, int pid, const char* name, std::uint32_t state,
              std::uint64_t next, std::uint64_t previous) {
    ram.put(task, state);
    ram.put(task + 16, pid);
    ram.put(task + 32, at(data));
    ram.write(task + 48, name);
    ram.put(task + 64, at(next) + 64);
    ram.put(task + 72, at(previous) + 64);
}

/// swapper, init, and a kernel thread.
TestRam three_tasks() {
    TestRam ram;
    ram.write(text, std::string(16, '\0'));
    put_task(ram, data, 0, "swapper/0", 0, data + 0x100, data + 0x200);
    put_task(ram, data + 0x100, 1, "init", 1, data + 0x200, data);
    put_task(ram, data + 0x200, 2, "kthreadd", 0x402, data, data + 0x100);
    ram.put(data + 0x200 + 8, 0x0020'0000);
    // init sleeps: X29, SP and PC are saved.
    ram.put(data + 0x100 + 88, std::uint64_t{0});
    ram.put(data + 0x100 + 104, at(text + 8));
    return ram;
}

std::optional<TaskList> tasks_of(const TestRam& ram, const KernelTypes& types) {
    Symbols symbols;
    symbols.add(at(text), 'T', "_stext");
    symbols.add(at(text), 'T', "do_wait");
    symbols.add(at(text + 0x100), 'T', "other");
    symbols.sort();
    const std::string bytes = ram.joined();
    const GuestMemory memory = memory_of(ram.begin(), bytes);
    const AddressSpace space{.memory = &memory, .image_offset = TestRam::image_offset};
    return read_tasks(space, symbols, types, Arch::aarch64);
}

TEST(KernelTypes, FindMembersOfWhatHasNoName) {
    const auto types = KernelTypes::parse(Types().bytes());
    ASSERT_TRUE(types);
    EXPECT_EQ(types->offset("task_struct", "comm"), 48U);
    EXPECT_EQ(types->offset("task_struct", "thread.cpu_context.pc"), 104U);
    EXPECT_EQ(types->offset("task_struct", "no_such"), std::nullopt);
    EXPECT_EQ(types->offset("no_such", "comm"), std::nullopt);
    EXPECT_EQ(types->offset("task_struct", "comm.deeper"), std::nullopt);
    EXPECT_EQ(types->offset("task_struct", ""), std::nullopt);
}

TEST(KernelTypes, AreFoundInTheImageWhateverTheirHeadersLength) {
    Types all;
    all.add_many();
    const std::string today = all.bytes();
    std::uint32_t type_bytes = 0;
    std::memcpy(&type_bytes, today.data() + 12, 4);
    // A later header: two more words, and what they describe between the types and the strings.
    std::string later = today;
    later[4] = 32;
    const std::uint32_t strings_at = type_bytes + 8;
    std::memcpy(later.data() + 16, &strings_at, 4);
    later.insert(24 + type_bytes, "\1\2\3\4\5\6\7\10");
    later.insert(24, "\1\2\3\4\5\6\7\10");
    for (const std::string& types : {today, later}) {
        const std::string image = std::string("\x9f\xeb\1\0", 4) + std::string(100, '\0') + types;
        const auto found = find_types(memory_of(text, image), text + 4);
        ASSERT_TRUE(found);
        EXPECT_EQ(found->offset("task_struct", "thread.cpu_context.pc"), 104U);
    }
}

TEST(KernelTypes, OfNonsenseAreNoneOrSome) {
    const std::string whole = Types().bytes();
    std::mt19937 random(3);
    for (int round = 0; round < 2000; ++round) {
        std::string broken = whole;
        for (int i = 0; i < 1 + round % 8; ++i)
            broken[random() % broken.size()] = static_cast<char>(random());
        if (round % 5 == 0)
            broken.resize(random() % broken.size());
        if (const auto types = KernelTypes::parse(broken))
            types->offset("task_struct", "thread.cpu_context.pc");
    }
}

TEST(Tasks, AreReadFromTheListThatBeginsWithTheFirst) {
    const auto types = KernelTypes::parse(Types().bytes());
    ASSERT_TRUE(types);
    const auto list = tasks_of(three_tasks(), *types);
    ASSERT_TRUE(list);
    ASSERT_EQ(list->tasks.size(), 2U);
    EXPECT_EQ(in_words(list->tasks[0]), "init (pid 1) sleeps in do_wait");
    EXPECT_EQ(list->tasks[1].name, "kthreadd");
    EXPECT_TRUE(list->tasks[1].of_kernel);
    EXPECT_EQ(list->tasks[1].state, 'I');
}

TEST(Tasks, ListThatNeverEndsIsCut) {
    const auto types = KernelTypes::parse(Types().bytes());
    ASSERT_TRUE(types);
    TestRam ram = three_tasks();
    ram.put(data + 0x200 + 64, at(data + 0x100) + 64);  // the last one leads back to the second
    const auto list = tasks_of(ram, *types);
    ASSERT_TRUE(list);
    EXPECT_EQ(list->tasks.size(), 5000U);
}

TEST(Tasks, OfNonsenseAreNoneOrSome) {
    const auto types = KernelTypes::parse(Types().bytes());
    ASSERT_TRUE(types);
    std::mt19937 random(11);
    for (int round = 0; round < 500; ++round) {
        TestRam ram = three_tasks();
        for (int i = 0; i < 1 + round % 16; ++i)
            ram.put(data + random() % 0x300, static_cast<std::uint8_t>(random()));
        if (const auto list = tasks_of(ram, *types)) {
            EXPECT_LE(list->tasks.size(), 5000U);
        }
    }
}

}  // namespace
}  // namespace lktest
