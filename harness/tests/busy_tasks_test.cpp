// SPDX-License-Identifier: MIT
#include "harness/diagnose/busy_tasks.hpp"

#include <gtest/gtest.h>

namespace lktest {
namespace {

Task task(std::int32_t pid, std::string name, char state, std::vector<std::string> arguments = {}) {
    Task made;
    made.pid = pid;
    made.name = std::move(name);
    made.state = state;
    made.arguments = std::move(arguments);
    return made;
}

TEST(BusyTasks, AreTheProgramsThatRun) {
    TaskList list;
    list.tasks = {task(1, "sh", 'S', {"sh", "/init"}), task(12, "kworker/0:1", 'R'),
                  task(77, "modprobe", 'R', {"modprobe", "test_bpf"}), task(78, "yes", 'R')};
    list.tasks[1].of_kernel = true;
    EXPECT_EQ(busy_in_words(list), "it runs 'modprobe test_bpf' (pid 77), 'yes' (pid 78)");
    list.tasks.resize(2);
    EXPECT_EQ(busy_in_words(list), "it runs 'kworker/0:1' (pid 12)");
    list.tasks.resize(1);
    EXPECT_EQ(busy_in_words(list), "");
}

}  // namespace
}  // namespace lktest
