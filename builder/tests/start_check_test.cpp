// SPDX-License-Identifier: MIT
// Trees laid out as distributions do it: whatever /usr looks like, the modules and lktest's own files must
// leave the root's init startable and change nothing of the root.
#include "builder/start_check.hpp"

#include <gtest/gtest.h>

#include "builder/live_root.hpp"
#include "builder/report/report.hpp"
#include "builder/root_init.hpp"
#include "builder/tests/support/elf_bytes.hpp"
#include "builder/tests/support/error_of.hpp"
#include "builder/tests/support/listing.hpp"
#include "builder/tree/overlay.hpp"

namespace lktest {
namespace {

/// A 64-bit ELF program with a PT_INTERP program header.
std::string dynamic_elf(std::uint16_t machine, const std::string& loader) {
    std::string elf = elf_bytes(machine);
    elf.resize(64 + 56 + loader.size() + 1, '\0');
    elf[32] = 64;  // e_phoff
    elf[54] = 56;  // e_phentsize
    elf[56] = 1;   // e_phnum
    elf[64] = 3;   // p_type: PT_INTERP
    elf[64 + 8] = static_cast<char>(64 + 56);
    elf[64 + 32] = static_cast<char>(loader.size() + 1);
    elf.replace(64 + 56, loader.size(), loader);
    return elf;
}

struct Maker {
    FileTree tree;
    Arch arch;

    void program(const std::string& path, const std::string& loader = {}) {
        tree.put_file(path,
                      loader.empty() ? elf_bytes(elf_machine(arch)) : dynamic_elf(elf_machine(arch), loader),
                      0755);
    }
    void link(const std::string& path, const std::string& target) { tree.put_symlink(path, target); }
    std::string loader() const {
        return arch == Arch::x86_64 ? "/lib64/ld-linux-x86-64.so.2" : "/lib/ld-linux-aarch64.so.1";
    }
};

void merged(Maker& make, const std::string& before) {
    for (const char* name : {"bin", "sbin", "lib", "lib64"}) {
        make.tree.put_directory(std::string("/usr/") + name);
        make.link(std::string("/") + name, before + name);
    }
}

void unmerged(Maker& make) {
    make.program("/sbin/init", make.loader());
    make.program(make.loader());
    make.tree.put_directory("/usr/sbin");
    make.tree.put_directory("/lib/modules");
}
void merged_usr_root(Maker& make) {
    merged(make, "usr/");
    make.program("/usr/lib/systemd/systemd", make.loader());
    make.program(make.loader());
    make.link("/usr/sbin/init", "../lib/systemd/systemd");
}
void merged_by_absolute_links(Maker& make) {
    merged(make, "/usr/");
    make.program("/usr/lib/systemd/systemd", make.loader());
    make.program(make.loader());
    make.link("/usr/sbin/init", "/lib/systemd/systemd");
}
void one_bin(Maker& make) {  // Fedora 42, Arch
    make.tree.put_directory("/usr/bin");
    make.tree.put_directory("/usr/lib");
    make.tree.put_directory("/usr/lib64");
    make.link("/usr/sbin", "bin");
    make.link("/bin", "usr/bin");
    make.link("/sbin", "usr/bin");
    make.link("/lib", "usr/lib");
    make.link("/lib64", "usr/lib64");
    make.program("/usr/lib/systemd/systemd", make.loader());
    make.program(make.loader());
    make.link("/usr/bin/init", "../lib/systemd/systemd");
}
void lib64_is_lib(Maker& make) {  // Arch
    make.tree.put_directory("/usr/lib");
    make.link("/usr/lib64", "lib");
    make.link("/usr/sbin", "bin");
    for (const char* name : {"bin", "sbin"})
        make.link(std::string("/") + name, "usr/bin");
    for (const char* name : {"lib", "lib64"})
        make.link(std::string("/") + name, "usr/lib");
    make.program("/usr/lib/systemd/systemd", make.loader());
    make.program(make.loader());
    make.link("/usr/bin/init", "../lib/systemd/systemd");
}
void alpine(Maker& make) {
    make.program("/bin/busybox", "/lib/ld-musl.so.1");
    make.program("/lib/ld-musl.so.1");
    make.link("/bin/sh", "/bin/busybox");
    make.link("/sbin/init", "/bin/busybox");
    make.tree.put_file("/etc/inittab", "::sysinit:/sbin/openrc sysinit\n::respawn:/sbin/getty 0 tty1\n");
    make.tree.put_directory("/usr/lib");
}
void open_euler(Maker& make) {  // merged, with /lib64 and programs below /usr/sbin
    merged(make, "usr/");
    make.program("/usr/lib/systemd/systemd", make.loader());
    make.program(make.loader());
    make.link("/usr/sbin/init", "/usr/lib/systemd/systemd");
    make.tree.put_directory("/usr/lib/modules", 0555);
}
void buildroot(Maker& make) {
    make.program("/bin/busybox");
    make.link("/sbin/init", "../bin/busybox");
    make.link("/lib64", "lib");
    make.link("/usr/lib64", "lib");
    make.tree.put_directory("/lib");
    make.tree.put_directory("/usr/lib");
    make.link("/linuxrc", "bin/busybox");
}
void nixos(Maker& make) {
    const std::string system = "/nix/store/aaa-nixos-system";
    make.program("/nix/store/bbb-bash/bin/bash", "/nix/store/ccc-glibc/lib/ld.so");
    make.program("/nix/store/ccc-glibc/lib/ld.so");
    make.tree.put_file(system + "/init", "#! /nix/store/bbb-bash/bin/bash -e\nexec systemd\n", 0755);
    make.link("/nix/var/nix/profiles/system", "system-1-link");
    make.link("/nix/var/nix/profiles/system-1-link", system);
    make.tree.put_directory("/etc");
}
void openrc_script(Maker& make) {  // an init that is a script
    make.program("/bin/busybox");
    make.link("/bin/sh", "busybox");
    make.tree.put_file("/sbin/init", "#!/bin/sh\nexec s6-svscan /run/service\n", 0755);
    make.link("/lib", "usr/lib");  // a symlink to what does not exist yet
}

Kernel kernel_with_modules() {
    Kernel kernel;
    kernel.release = "6.1";
    kernel.modules.put_file("/usr/lib/modules/6.1/kernel/a.ko", "module");
    kernel.modules.put_file("/usr/lib/modules/6.1/modules.dep", "kernel/a.ko:\n");
    return kernel;
}

struct RootLayout {
    const char* name;
    void (*make)(Maker&);
    const char* modules;  ///< where the modules must be
};

void PrintTo(const RootLayout& layout, std::ostream* out) {
    *out << layout.name;
}

class Layouts : public testing::TestWithParam<std::tuple<RootLayout, Arch>> {};

TEST_P(Layouts, StayStartableAndUnchangedBelowLktestsLayers) {
    const auto& [layout, arch] = GetParam();
    Maker make{{}, arch};
    layout.make(make);
    const FileTree& root = make.tree;
    const std::string before = listing(root);
    const FileTree modules = modules_layer(kernel_with_modules(), root);
    const Reporting reporting = choose_reporting({}, root);
    const FileTree files = files_over({}, root, report_files(reporting.by), Content::text("busybox"), 5);
    const LayerStack layers({{"01-root.sb", &root}, {"02-modules.sb", &modules}, {"03-files.sb", &files}});
    EXPECT_EQ(error_of([&] { check_start(layers, {"/sbin/init"}, arch); }), "nothing was thrown");
    const auto module = layers.find("/lib/modules/6.1/kernel/a.ko", 3);
    EXPECT_EQ(module.path, std::string(layout.modules) + "/6.1/kernel/a.ko");
    EXPECT_TRUE(module.inode);
    // Every name of the root still leads to the root's own file.
    root.walk([&](const std::string& path, const Inode& inode) {
        const auto real = root.real_path(path);
        if (inode.type == NodeType::directory || !real || root.find(*real)->type == NodeType::directory)
            return;
        EXPECT_EQ(layers.find(path, 3).inode, root.find(*real).get()) << path;
        EXPECT_EQ(layers.find(path, 3).layer, 0U) << path;
    });
    EXPECT_EQ(listing(root), before);
    std::string uninvited;
    modules.walk([&](const std::string& path, const Inode& inode) {
        if (inode.type != NodeType::directory && path.find("/modules/6.1/") == std::string::npos)
            uninvited += path + " ";
    });
    EXPECT_EQ(uninvited, "") << "the modules' layer has more than modules";
}

INSTANTIATE_TEST_SUITE_P(
    StartCheck, Layouts,
    testing::Combine(testing::Values(RootLayout{"unmerged", unmerged, "/lib/modules"},
                                     RootLayout{"merged", merged_usr_root, "/usr/lib/modules"},
                                     RootLayout{"absolute", merged_by_absolute_links, "/usr/lib/modules"},
                                     RootLayout{"fedora", one_bin, "/usr/lib/modules"},
                                     RootLayout{"arch", lib64_is_lib, "/usr/lib/modules"},
                                     RootLayout{"alpine", alpine, "/lib/modules"},
                                     RootLayout{"openeuler", open_euler, "/usr/lib/modules"},
                                     RootLayout{"buildroot", buildroot, "/lib/modules"},
                                     RootLayout{"nixos", nixos, "/lib/modules"},
                                     RootLayout{"script", openrc_script, "/usr/lib/modules"}),
                     testing::Values(Arch::x86_64, Arch::aarch64)),
    [](const auto& test) {
        return std::string(std::get<0>(test.param).name) + "_" + std::string(name(std::get<1>(test.param)));
    });

/// Two layers: the root, and one that breaks something.
struct Stack {
    Maker make{{}, Arch::x86_64};
    FileTree upper;

    std::string check(const std::string& program = "/sbin/init") {
        const LayerStack layers({{"01-root.sb", &make.tree}, {"03-files.sb", &upper}});
        return error_of([&] { check_start(layers, {program}, Arch::x86_64); });
    }
};

TEST(StartCheck, NamesTheLayerThatHidesTheRootsPrograms) {
    Stack stack;
    unmerged(stack.make);
    stack.upper.put_symlink("/sbin", "usr/sbin");
    stack.upper.put_directory("/usr/sbin");
    EXPECT_EQ(stack.check(),
              "usage: the kernel could not start /sbin/init of the live system: /sbin/init leads to "
              "/usr/sbin/init, "
              "which does not exist (layer 03-files.sb; without the layer 03-files.sb it could start)\n"
              "hint: remove the recipe's [[file]] or [links] that covers it");
}

TEST(StartCheck, NamesWhatIsMissingInTheRoot) {
    Stack stack;
    EXPECT_EQ(stack.check().substr(0, 90),
              "usage: the kernel could not start /sbin/init of the live system: there is no /sbin/init (l");
    stack.make.program("/sbin/init", "/lib64/ld-linux-x86-64.so.2");
    EXPECT_NE(
        stack.check().find("/sbin/init needs the loader /lib64/ld-linux-x86-64.so.2, but there is no /lib64"),
        std::string::npos)
        << stack.check();
    stack.make.tree.put_file("/lib64/ld-linux-x86-64.so.2", elf_bytes(183), 0755);
    EXPECT_NE(stack.check().find("which is not a program for x86_64"), std::string::npos);
    stack.make.tree.put_file("/sbin/init", "#!/bin/bash\n", 0755);
    EXPECT_NE(stack.check().find("/sbin/init is a script for /bin/bash: there is no /bin/bash"),
              std::string::npos)
        << stack.check();
    stack.make.link("/bin/bash", "loop");
    stack.make.link("/bin/loop", "bash");
    EXPECT_NE(stack.check().find("/bin/bash"), std::string::npos) << "a loop of symlinks ends";
    stack.make.tree.put_file("/sbin/init", "exec true\n", 0755);
    EXPECT_NE(stack.check().find("is neither an ELF program nor a script"), std::string::npos);
    stack.make.tree.put_file("/sbin/init", elf_bytes(62), 0644);
    EXPECT_NE(stack.check().find("is not executable"), std::string::npos);
    stack.make.tree.put_file("/sbin/init", "#!/sbin/init\n", 0755);
    EXPECT_NE(stack.check().find("names no interpreter that the kernel can start"), std::string::npos)
        << "a script that is its own interpreter";
}

TEST(StartCheck, KnowsWhiteoutsAndOpaqueDirectories) {
    Stack stack;
    unmerged(stack.make);
    stack.upper.put_file("/sbin/.wh.init", "");
    EXPECT_NE(stack.check().find("there is no /sbin/init (layer 03-files.sb"), std::string::npos)
        << stack.check();
    stack.upper = FileTree();
    stack.upper.put_directory("/sbin");
    stack.upper.find("/sbin")->xattrs = {{"trusted.overlay.opaque", "y"}};
    EXPECT_NE(stack.check().find("there is no /sbin/init"), std::string::npos) << stack.check();
}

TEST(StartedPrograms, AreTheLastInitOfEachCommandLine) {
    EXPECT_EQ(started_programs({"quiet", "init=/a init=/bin/sh x", "lktest.init=/no"}),
              (std::vector<std::string>{"/sbin/init", "/bin/sh"}));
}

TEST(FilesOver, LinkAnInitThatIsNotInSbin) {
    Maker make{{}, Arch::x86_64};
    nixos(make);
    const FileTree files = files_over({}, make.tree, {}, {}, 5);
    EXPECT_EQ(files.find("/sbin/init")->target, "/nix/var/nix/profiles/system/init");
}

}  // namespace
}  // namespace lktest
