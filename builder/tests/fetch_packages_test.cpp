// SPDX-License-Identifier: MIT
// These tests use this machine's own apt sources and download one package of 0.8 MB.
#include "builder/tree/fetch_packages.hpp"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "builder/tests/support/error_of.hpp"
#include "builder/tree/apt.hpp"
#include "builder/tree/from_packages.hpp"

namespace lktest {
namespace {
namespace fs = std::filesystem;

const PackageRequest busybox{{"busybox-static"}, Arch::aarch64, false};

/// Runs an action in a child without any network; returns its result.
/// Unset if this machine forbids that.
template <typename Action>
std::optional<std::string> offline(const Action& action) {
    const TempDir dir;
    const fs::path answer = dir.path() / "answer";
    const pid_t child = ::fork();
    if (child == 0) {
        if (::unshare(CLONE_NEWNET) < 0 && ::unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
            ::_exit(0);
        write_file(answer, action());
        ::_exit(0);
    }
    ::waitpid(child, nullptr, 0);
    return fs::exists(answer) ? std::optional(read_file(answer)) : std::nullopt;
}

TEST(FetchPackages, DownloadsForAForeignArchitectureAndAnswersAgainWithoutNetworkAndApt) {
    const TempDir cache;
    std::vector<std::string> steps;
    const std::vector<Package> packages =
        fetch_packages(busybox, cache.path(),
                       [&](std::string_view step, std::uint64_t done, std::uint64_t total) {
                           steps.push_back(std::string(step) + (done == total ? " done" : ""));
                       },
                       {});
    ASSERT_EQ(packages.size(), 1U);
    EXPECT_EQ(packages[0].name, "busybox-static");
    EXPECT_EQ(packages[0].architecture, "arm64");
    EXPECT_EQ(packages[0].version.find('%'), std::string::npos);
    EXPECT_EQ(steps, std::vector<std::string>{"packages done"});
    FileTree tree;
    add_package(tree, packages[0], cache.path(), {});
    ASSERT_TRUE(tree.find("/bin/busybox"));

    const std::optional<std::string> again = offline([&] {
        ::setenv("PATH", "/nonexistent", 1);
        std::string downloads;
        const auto count = [&](std::string_view, std::uint64_t, std::uint64_t) { downloads += "download "; };
        return downloads + fetch_packages(busybox, cache.path(), count, {}).at(0).deb.string();
    });
    if (!again)
        GTEST_SKIP() << "this user may not make a network namespace";
    EXPECT_EQ(*again, packages[0].deb.string());
}

TEST(FetchPackages, FetchesADamagedOrMissingFileAgain) {
    const TempDir cache;
    const fs::path deb = fetch_packages(busybox, cache.path(), {}, {}).at(0).deb;
    const std::string sound = read_file(deb);

    std::string flipped = sound;
    flipped[sound.size() / 2] ^= 1;
    write_file(deb, flipped);
    fetch_packages(busybox, cache.path(), {}, {});
    EXPECT_TRUE(read_file(deb) == sound) << "the same size, other bytes";

    write_file(deb, sound.substr(0, 1000));
    fetch_packages(busybox, cache.path(), {}, {});
    EXPECT_TRUE(read_file(deb) == sound) << "too short";

    fs::remove(deb);
    fetch_packages(busybox, cache.path(), {}, {});
    EXPECT_TRUE(read_file(deb) == sound) << "missing";
    EXPECT_EQ(std::distance(fs::directory_iterator(deb.parent_path()), fs::directory_iterator()), 1);
}

TEST(FetchPackages, SaysWhatItCannotDownload) {
    const TempDir cache;
    const fs::path deb = fetch_packages(busybox, cache.path(), {}, {}).at(0).deb;
    fs::remove(deb);
    const std::optional<std::string> error =
        offline([&] { return error_of([&] { fetch_packages(busybox, cache.path(), {}, {}); }); });
    if (!error)
        GTEST_SKIP() << "this user may not make a network namespace";
    EXPECT_TRUE(error->starts_with("host: cannot download http")) << *error;
    EXPECT_NE(error->find("busybox-static"), std::string::npos) << *error;
    EXPECT_TRUE(
        error->ends_with("\nhint: check the connection to the apt sources; finished downloads "
                         "stay cached"))
        << *error;
    EXPECT_TRUE(fs::is_empty(deb.parent_path())) << "a partial download was left";
}

TEST(FetchPackages, NamesPackagesThatDoNotExist) {
    const TempDir cache;
    for (const bool with_dependencies : {false, true})
        EXPECT_EQ(
            error_of([&] {
                fetch_packages(
                    {{"lktest-nosuch", "busybox-static", "lktest-neither"}, Arch::aarch64, with_dependencies},
                    cache.path(), {}, {});
            }),
            "usage: this machine's apt sources have no package lktest-nosuch, lktest-neither for arm64\n"
            "hint: correct the name, or run `apt-get update` (before that, `dpkg --add-architecture arm64` "
            "when apt does not know arm64; ci/setup does both)");
    for (const std::string name : {"Busybox", "busybox-", "--version", "busy box", "busybox=1", "a.*", ""})
        EXPECT_EQ(error_of([&] {
                      fetch_packages({{name}, Arch::aarch64, true}, cache.path(), {}, {});
                  }),
                  "usage: '" + name +
                      "' is not the name of a Debian package\n"
                      "hint: write lower-case letters, digits and + - . only");
    EXPECT_TRUE(fs::is_empty(cache.path() / "debs") && fs::is_empty(cache.path() / "chosen"));
}

TEST(FetchPackages, ExplainsPackagesThatExcludeEachOther) {
    const TempDir cache;
    const std::string error = error_of([&] {
        fetch_packages({{"busybox", "busybox-static"}, Arch::aarch64, true}, cache.path(), {}, {});
    });
    EXPECT_TRUE(error.starts_with("usage: apt cannot choose packages for arm64:\n")) << error;
    EXPECT_NE(error.find("busybox-static : Conflicts: busybox"), std::string::npos) << error;
}

TEST(FetchPackages, AsksAptAnewWhenItsMemoryIsUnreadable) {
    const TempDir cache;
    fetch_packages(busybox, cache.path(), {}, {});
    const fs::path memory = *fs::directory_iterator(cache.path() / "chosen");
    const std::string remembered = read_file(memory);
    for (const std::string& damaged :
         {std::string(), std::string("another request\n"), remembered.substr(0, remembered.size() - 90)}) {
        write_file(memory, damaged);
        std::string told;
        const auto why = [&](std::string_view text) { told += std::string(text) + "\n"; };
        EXPECT_EQ(fetch_packages(busybox, cache.path(), {}, why).size(), 1U);
        EXPECT_EQ(told, "packages: 1, chosen by apt now\n");
        EXPECT_EQ(read_file(memory), remembered);
    }
}

TEST(AptChoose, TakesDependenciesButNoRecommendationsOnlyWhenAsked) {
    const TempDir scratch;
    const auto names = [&](bool with_dependencies) {
        std::vector<std::string> chosen;
        for (const PackageOffer& offer :
             apt_choose({{"mtools"}, Arch::aarch64, with_dependencies}, scratch.path()))
            chosen.push_back(offer.file.substr(0, offer.file.find('_')));
        return chosen;
    };
    EXPECT_EQ(names(false), std::vector<std::string>{"mtools"});
    const std::vector<std::string> all = names(true);
    EXPECT_TRUE(std::is_sorted(all.begin(), all.end()));
    EXPECT_TRUE(std::count(all.begin(), all.end(), "mtools"));
    EXPECT_TRUE(std::count(all.begin(), all.end(), "libc6"));
    EXPECT_TRUE(fs::is_empty(scratch.path())) << "apt's files were left";
}

TEST(AptChoose, TakesTheKernelBehindItsMetapackage) {
    const TempDir scratch;
    const std::vector<PackageOffer> offers =
        apt_choose({{"linux-image-arm64"}, Arch::aarch64, false}, scratch.path());
    ASSERT_EQ(offers.size(), 1U);
    EXPECT_TRUE(offers[0].file.starts_with("linux-image-")) << offers[0].file;
    EXPECT_FALSE(offers[0].file.starts_with("linux-image-arm64")) << offers[0].file;
    EXPECT_GT(offers[0].size, 1U << 20);
}

}  // namespace
}  // namespace lktest
