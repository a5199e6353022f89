// SPDX-License-Identifier: MIT
#pragma once

#include <sqfs/predef.h>

#include <memory>

namespace lktest {

struct SqfsDestroy {
    void operator()(void* object) const noexcept { sqfs_destroy(object); }
};

/// Owns one of libsquashfs' objects.
template <typename T>
using Sqfs = std::unique_ptr<T, SqfsDestroy>;

}  // namespace lktest
