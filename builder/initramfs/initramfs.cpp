// SPDX-License-Identifier: MIT
#include "builder/initramfs/initramfs.hpp"

#include <fmt/format.h>
#include <sys/sysmacros.h>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/initramfs/modules.hpp"
#include "builder/inspect/elf.hpp"
#include "builder/tree/archive.hpp"

namespace lktest {
namespace {

/// Every "x.ko.xz" in a text as "x.ko".
std::string uncompressed_name(std::string text) {
    for (const std::string suffix : {".xz", ".zst", ".gz"})
        for (std::size_t at = 0; (at = text.find(".ko" + suffix, at)) != std::string::npos;)
            text.erase(at + 3, suffix.size());
    return text;
}

/// busybox's modprobe does not support compression, and the initramfs is compressed as a whole.
std::shared_ptr<Inode> uncompressed(const std::shared_ptr<Inode>& module, const std::string& path) {
    if (!module || path.ends_with(".ko"))
        return module;
    auto copy = std::make_shared<Inode>(*module);
    try {
        copy->content = Content::text(decompressed(module->content.whole()));
    } catch (const Error& error) {
        throw usage_error(fmt::format("cannot decompress the module {}: {}", path, error.what()));
    }
    return copy;
}

}  // namespace

InitScripts read_init_scripts() {
    const auto script = [](const std::string& name) {
        return read_file(data_file("builder/initramfs/" + name + ".sh"));
    };
    InitScripts scripts{
        {"/init", script("init")}, {"/bin/say", script("say")}, {"/bin/lease", script("lease")}};
    for (const char* part : {"console", "devices", "medium", "network", "layers", "changes"})
        scripts[std::string("/lib/live/") + part + ".sh"] = script(part);
    return scripts;
}

void put_busybox(FileTree& tree, const Content& busybox) {
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
}

FileTree initramfs_tree(const Kernel& kernel, Arch arch, const Content& busybox, const InitScripts& scripts,
                        const std::vector<std::string>& modules) {
    FileTree tree;
    for (const char* directory : {"/dev", "/etc", "/proc", "/root", "/run", "/sys", "/tmp"})
        tree.put_directory(directory);
    put_busybox(tree, busybox);
    tree.put_symlink("/sbin/modprobe", "/bin/busybox");  // the kernel calls it by this name
    for (const auto& [path, text] : scripts)
        tree.put_file(path, text, 0755);

    const std::string dep = kernel.index("modules.dep"), softdep = kernel.index("modules.softdep"),
                      alias = kernel.index("modules.alias"), builtin = kernel.index("modules.builtin");
    const ModuleIndex index{dep, softdep, alias, builtin, kernel.config, kernel.release};
    check_needed(index);
    std::vector<std::string> wanted = needed_modules();
    wanted.insert(wanted.end(), modules.begin(), modules.end());
    const ModuleSet set = choose_modules(index, wanted);
    const std::string target = "/lib/modules/" + kernel.release + "/";
    for (const std::string& path : set.paths)
        tree.put(target + uncompressed_name(path),
                 uncompressed(kernel.modules.find(kernel.directory() + "/" + path), path));
    tree.put_file(target + "modules.dep", uncompressed_name(set.dep));
    tree.put_file(target + "modules.softdep", set.softdep);
    tree.put_file(target + "modules.alias", set.alias);
    tree.put_file(target + "modules.builtin", builtin);
    check_machine(tree, arch, "initramfs");
    return tree;
}

}  // namespace lktest
