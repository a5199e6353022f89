// SPDX-License-Identifier: MIT
// The test guest for KVM, and the choice of the accelerator.
#include "harness/machine/probe.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "harness/machine/kvm_guest.hpp"

namespace lktest {
namespace {

using namespace std::chrono_literals;

class TestGuest : public ::testing::TestWithParam<Arch> {};

TEST_P(TestGuest, RunsThroughWhereTheProcessorIsWhole) {
    const auto qemu = find_qemu(GetParam());
    ASSERT_TRUE(qemu);
    const Proof proof = prove_accel(GetParam(), Accel::tcg, *qemu, 60s);
    EXPECT_EQ(proof.fault, "");
}

TEST_P(TestGuest, IsNotMissedWhenItNeverRuns) {
    const TempDir directory;
    const auto script = [&](std::string_view body) {
        write_file(directory.path() / "qemu", body);
        std::filesystem::permissions(directory.path() / "qemu", std::filesystem::perms::owner_all);
        return directory.path() / "qemu";
    };
    const std::string first(kvm_guest(GetParam()).stages.front().name);
    const Proof died = prove_accel(
        GetParam(), Accel::kvm,
        script("#!/bin/sh\necho 'qemu-system-x: warning: w\nqemu-system-x: no KVM' >&2\nexit 1\n"), 60s);
    EXPECT_EQ(died.fault, "a test guest stopped in " + first + ", with 'no KVM'");
    EXPECT_TRUE(died.settled);
    const Proof slow = prove_accel(GetParam(), Accel::kvm, script("#!/bin/sh\nexec sleep 60\n"), 100ms);
    EXPECT_EQ(slow.fault, "a test guest did not get through " + first);
    EXPECT_FALSE(slow.settled) << "perhaps the machine was only busy";
}

INSTANTIATE_TEST_SUITE_P(Machine, TestGuest, ::testing::ValuesIn(all_arches),
                         [](const auto& parameter) { return std::string(name(parameter.param)); });

TEST(MissingStage, IsTheFirstThatWasNotReached) {
    const KvmGuest guest = kvm_guest(Arch::x86_64);
    EXPECT_EQ(missing_stage(guest, ""), "real mode");
    EXPECT_EQ(missing_stage(guest, "REL"), "SSE in kernel mode");
    EXPECT_EQ(missing_stage(guest, "RELPTU"), "SSE in kernel mode");
    EXPECT_EQ(missing_stage(guest, "RELSPTU"), "");
}

TEST(ChooseAccel, EmulatesWhatTheHostIsNot) {
    const TempDir cache;
    const Arch other = host_arch() == Arch::x86_64 ? Arch::aarch64 : Arch::x86_64;
    const AccelChoice choice = choose_accel(other, std::nullopt, cache.path());
    EXPECT_EQ(choice.accel, Accel::tcg);
    EXPECT_EQ(choice.why, "KVM cannot run " + std::string(name(other)) + " guests on an " +
                              std::string(name(host_arch())) + " machine");
    try {
        choose_accel(other, Accel::kvm, cache.path());
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), Error::Kind::usage);
    }
    EXPECT_EQ(choose_accel(other, Accel::tcg, cache.path()).why, "requested");
}

TEST(ChooseAccel, RemembersWhatWasProven) {
    const TempDir cache;
    const AccelChoice first = choose_accel(host_arch(), std::nullopt, cache.path());
    EXPECT_FALSE(first.why.empty());
    const auto file = cache.path() / ("kvm-" + std::string(name(host_arch())));
    if (!std::filesystem::exists(file))
        GTEST_SKIP() << "there is no result: " << first.why;
    std::string text = read_file(file);
    const std::size_t line = text.find('\n') + 1;
    write_file(file, text.substr(0, line) + "a fault of long ago\n");
    EXPECT_EQ(choose_accel(host_arch(), std::nullopt, cache.path()).why,
              "KVM does not work here: a fault of long ago");
    write_file(file, "of another boot\nno fault\n");
    EXPECT_EQ(choose_accel(host_arch(), std::nullopt, cache.path()).why, first.why) << "tested again";
}

}  // namespace
}  // namespace lktest
