// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>

namespace lktest {

/// libvirt's event loop, driven by an io_context (virEventRegisterImpl).
///
/// libvirt accepts one implementation per process and passes it no context, so only one EventLoop may live at
/// a time. Create it before opening the first connection; it must outlive every connection, and the
/// io_context must outlive it. One thread runs the io_context; libvirt may add, change and remove watches
/// from any thread.
///
/// A file descriptor or running timer of libvirt counts as work: io_context::run() returns only after its
/// connection was closed.
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
