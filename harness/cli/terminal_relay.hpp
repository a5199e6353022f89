// SPDX-License-Identifier: MIT
#pragma once

namespace lktest {

/// Hands bytes on between this process's terminal and a socket, until the socket closes. The terminal is in
/// raw mode meanwhile: every key, Ctrl-C too, is the other end's. Standard input that ends ends nothing.
void relay_terminal(int socket);

}  // namespace lktest
