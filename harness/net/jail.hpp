// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

#include "builder/base/error.hpp"
#include "builder/base/progress.hpp"
#include "harness/net/deaths.hpp"

namespace lktest {

struct JailOptions {
    bool own_network = true;  ///< false: the work uses the host's network (a remote libvirt, a download)
    bool required = true;     ///< false: without the privileges, run the work outside and tell `why`
    Why why;
};

/// The environment of the work.
struct Jail {
    /// For everything that exists only during the run: sockets, guest memory, variable stores. A private
    /// tmpfs that ends with the jail.
    std::filesystem::path private_dir;
    /// Whether mounts made here end with the jail; false if no jail could be created.
    bool own_mounts = true;
    /// How daemons of the jail ended; null if no jail could be created.
    std::shared_ptr<Deaths> deaths{};
};

/// Runs `work` so that nothing of it remains, whatever kills it: no process (QEMU is a daemon without a
/// parent), no namespace, no tap, no file in private_dir. Three processes pass on one exit status:
///
///   outer   this process; waits, and relays SIGINT, SIGTERM and SIGHUP
///   init    process 1 of new PID, mount (and network) namespaces; reaps orphans. It ends with the outer
///   process.
///           When it ends, the kernel kills everything inside
///   worker  runs `work`
///
/// A signal reaches the worker once, whether it was sent to this process alone or to the whole process group,
/// as by Ctrl-C. Outer and init survive it. Without root, the namespaces belong to a new user namespace that
/// keeps the user's id, because libvirt's driver would assume that id 0 may change groups.
///
/// Call it from a thread that stays alive, before starting any other.
/// @return `work`'s result, or 128 + N if signal N ended it (or init)
/// Throws as an Error whatever `work` threw, and a host Error if the set-up fails.
int run_in_jail(const JailOptions& options, const std::function<int(const Jail&)>& work);

/// Why cells cannot use tap networking, tested by creating a jail, a network namespace and a tap device.
/// Unset if all three work. The conditions of run_in_jail apply.
std::optional<Error> why_no_tap();

}  // namespace lktest
