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
    bool own_network = true;  ///< false: the work sees the host's network (a remote libvirt, a download)
    bool required = true;     ///< false: where the rights are missing, run the work here and say so to `why`
    Why why;
};

/// What the work is given to live in.
struct Jail {
    /// For all that exists only while the run lasts: sockets, guest memory,
    /// variable stores. A tmpfs that nobody else sees and that ends with the jail.
    std::filesystem::path private_dir;
    /// Whether mounts that are made here end here; not where there could be no jail.
    bool own_mounts = true;
    /// How daemons of the jail ended; null where there could be no jail.
    std::shared_ptr<Deaths> deaths{};
};

/// Runs `work` so that whatever kills it, nothing of it remains: no process
/// (QEMU is daemonised, and nobody's child), no namespace, no tap, no file in
/// private_dir. Three processes pass one exit status on:
///
///   outer   this process; waits, and relays SIGINT, SIGTERM and SIGHUP
///   init    process 1 of new PID, mount (and network) namespaces; reaps.
///           When it ends, the kernel kills everything inside, and it ends with the outer
///   worker  runs `work`
///
/// A signal reaches the worker once, be it sent to this process alone or, as by
/// a terminal's Ctrl-C, to the whole process group; outer and init do not die of it.
/// Without root the namespaces belong to a new user namespace that keeps the
/// user's id: libvirt's driver would take id 0 for the right to change groups.
///
/// Call it from a thread that stays and before there is any other.
/// @return what `work` returned, or 128 + N when signal N ended it (or init)
/// Throws what `work` threw, as an Error; and a host Error when the set-up fails.
int run_in_jail(const JailOptions& options, const std::function<int(const Jail&)>& work);

/// Why cells cannot have tap networking, found by making a jail, a network
/// namespace and a tap device; nothing when all three can be made.
/// Same conditions as run_in_jail.
std::optional<Error> why_no_tap();

}  // namespace lktest
