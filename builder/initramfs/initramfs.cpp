// SPDX-License-Identifier: MIT
#include "builder/initramfs/initramfs.hpp"

#include <sys/sysmacros.h>

#include "builder/base/file.hpp"
#include "builder/initramfs/elf.hpp"
#include "builder/initramfs/modules.hpp"

namespace lktest {

InitScripts read_init_scripts() {
    return {read_file(data_file("builder/initramfs/init.sh")),
            read_file(data_file("builder/initramfs/say.sh"))};
}

FileTree initramfs_tree(const Kernel& kernel, Arch arch, const Content& busybox, const InitScripts& scripts,
                        const std::vector<std::string>& modules) {
    FileTree tree;
    for (const char* directory : {"/dev", "/proc", "/root", "/run", "/sys", "/tmp"})
        tree.put_directory(directory);
    // The kernel opens this for /init's input and output before devtmpfs is there.
    auto console = std::make_shared<Inode>();
    console->type = NodeType::character_device;
    console->permissions = 0600;
    console->device = makedev(5, 1);
    tree.put("/dev/console", console);

    auto program = std::make_shared<Inode>();
    program->permissions = 0755;
    program->content = busybox;
    tree.put("/bin/busybox", program);
    tree.put_symlink("/bin/sh", "busybox");
    tree.put_symlink("/sbin/modprobe", "/bin/busybox");  // the kernel calls it by this name
    tree.put_file("/init", scripts.init, 0755);
    tree.put_file("/bin/say", scripts.say, 0755);

    const std::string dep = kernel.index("modules.dep"), softdep = kernel.index("modules.softdep"),
                      alias = kernel.index("modules.alias"), builtin = kernel.index("modules.builtin");
    const ModuleSet set = choose_modules({dep, softdep, alias, builtin}, modules);
    const std::string target = "/lib/modules/" + kernel.release + "/";
    for (const std::string& path : set.paths)
        tree.put(target + path, kernel.modules.find(kernel.directory() + "/" + path));
    tree.put_file(target + "modules.dep", set.dep);
    tree.put_file(target + "modules.softdep", set.softdep);
    tree.put_file(target + "modules.alias", set.alias);
    tree.put_file(target + "modules.builtin", builtin);
    check_machine(tree, arch, "initramfs");
    return tree;
}

}  // namespace lktest
