// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>

namespace lktest {

/// libvirt's event loop, driven by an io_context (virEventRegisterImpl).
///
/// libvirt takes one implementation per process, for ever, and hands its
/// functions no context: so at most one EventLoop lives at a time. Make it before
/// the first connection is opened; it must outlive every connection, and the
/// io_context must outlive it. One thread runs the io_context; libvirt may add,
/// change and remove watches from any thread.
///
/// A file descriptor or a running timer of libvirt counts as work: io_context::run()
/// returns only after the connection that it belongs to was closed.
class EventLoop {
public:
    explicit EventLoop(boost::asio::io_context& io);
    EventLoop(const EventLoop&) = delete;
    EventLoop& operator=(const EventLoop&) = delete;
    ~EventLoop();

    class Watches;

private:
    std::shared_ptr<Watches> watches_;
};

}  // namespace lktest
