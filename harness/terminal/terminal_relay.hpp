// SPDX-License-Identifier: MIT
#pragma once

namespace lktest {

/// Relays bytes between this process's terminal and a socket until the socket closes. The terminal is in raw
/// mode, so every key, including Ctrl-C, reaches the other end. The end of standard input does not end the
/// relay.
void relay_terminal(int socket);

}  // namespace lktest
