// SPDX-License-Identifier: MIT
#include "harness/machine/serial_line.hpp"

#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <utility>

#include "builder/base/error.hpp"

namespace lktest {
namespace asio = boost::asio;

/// State shared with pending waits, which may complete once more after the owner is destroyed.
class SerialLine::Line {
public:
    explicit Line(OnBytes on_bytes) : on_bytes_(std::move(on_bytes)) {}
    Line(const Line&) = delete;
    Line& operator=(const Line&) = delete;
    virtual ~Line() = default;

    virtual void send(std::string bytes) = 0;
    void close() {
        on_bytes_ = nullptr;
        hang_up();
    }

protected:
    /// @param bytes  empty: the line was closed
    void say(std::string_view bytes) {
        if (on_bytes_)
            on_bytes_(bytes);
    }

private:
    virtual void hang_up() = 0;

    OnBytes on_bytes_;  ///< empty after the owner is destroyed
};

namespace {

class PipeLine final : public SerialLine::Line, public std::enable_shared_from_this<PipeLine> {
public:
    PipeLine(asio::io_context& io, ConsolePipe pipe, SerialLine::OnBytes on_bytes)
        : Line(std::move(on_bytes)),
          from_guest_(io, pipe.from_guest.release()),
          to_guest_(io, pipe.to_guest.release()) {}

    void begin() { asio::co_spawn(from_guest_.get_executor(), pump(shared_from_this()), asio::detached); }

    void send(std::string bytes) override {
        asio::co_spawn(to_guest_.get_executor(), type(shared_from_this(), std::move(bytes)), asio::detached);
    }

private:
    static asio::awaitable<void> pump(std::shared_ptr<PipeLine> line) {
        std::array<char, 65536> chunk{};
        boost::system::error_code error;
        while (!error) {
            const std::size_t size = co_await line->from_guest_.async_read_some(
                asio::buffer(chunk), asio::redirect_error(asio::use_awaitable, error));
            if (size > 0)
                line->say({chunk.data(), size});
        }
        line->say({});
    }

    static asio::awaitable<void> type(std::shared_ptr<PipeLine> line, std::string bytes) {
        boost::system::error_code ignored;
        co_await asio::async_write(line->to_guest_, asio::buffer(bytes),
                                   asio::redirect_error(asio::use_awaitable, ignored));
    }

    void hang_up() override {
        boost::system::error_code ignored;
        from_guest_.close(ignored);
        to_guest_.close(ignored);
    }

    asio::posix::stream_descriptor from_guest_, to_guest_;
};

/// libvirt calls back from its event loop, which runs on the io_context.
class StreamLine final : public SerialLine::Line, public std::enable_shared_from_this<StreamLine> {
public:
    StreamLine(Handle<virStream, virStreamFree> stream, SerialLine::OnBytes on_bytes)
        : Line(std::move(on_bytes)), stream_(std::move(stream)) {}

    void begin() {
        using Self = std::shared_ptr<StreamLine>;
        const auto ready = [](virStreamPtr, int, void* self) { Self(*static_cast<Self*>(self))->ready(); };
        const auto forget = [](void* self) { delete static_cast<Self*>(self); };
        auto self = std::make_unique<Self>(shared_from_this());
        if (virStreamEventAddCallback(stream_.get(), wanted(), ready, self.get(), forget) < 0)
            throw host_error("libvirt does not report output of the guest's console");
        static_cast<void>(self.release());
    }

    void send(std::string bytes) override {
        unsent_ += bytes;
        write();
    }

private:
    int wanted() const {
        constexpr int always = VIR_STREAM_EVENT_READABLE | VIR_STREAM_EVENT_ERROR | VIR_STREAM_EVENT_HANGUP;
        return unsent_.empty() ? always : always | VIR_STREAM_EVENT_WRITABLE;
    }

    void ready() {
        std::array<char, 16384> chunk{};
        constexpr int nothing_yet = -2;
        int size = 0;
        while (stream_ && (size = virStreamRecv(stream_.get(), chunk.data(), chunk.size())) > 0)
            say({chunk.data(), static_cast<std::size_t>(size)});
        if (stream_ && size != nothing_yet) {
            hang_up();
            say({});
        }
        if (!unsent_.empty())
            write();
    }

    void write() {
        while (stream_ && !unsent_.empty()) {
            const int size = virStreamSend(stream_.get(), unsent_.data(), unsent_.size());
            if (size < 0)
                break;  // later, or never: ready() reports the end
            unsent_.erase(0, static_cast<std::size_t>(size));
        }
        if (stream_)
            virStreamEventUpdateCallback(stream_.get(), wanted());
    }

    void hang_up() override {
        if (!stream_)
            return;
        virStreamEventRemoveCallback(stream_.get());
        virStreamAbort(stream_.get());
        stream_.reset();
    }

    Handle<virStream, virStreamFree> stream_;  ///< null after its end
    std::string unsent_;
};

}  // namespace

SerialLine::SerialLine(asio::io_context& io, ConsolePipe pipe, OnBytes on_bytes) {
    const auto line = std::make_shared<PipeLine>(io, std::move(pipe), std::move(on_bytes));
    line->begin();
    line_ = line;
}

SerialLine::SerialLine(Handle<virStream, virStreamFree> stream, OnBytes on_bytes) {
    const auto line = std::make_shared<StreamLine>(std::move(stream), std::move(on_bytes));
    line->begin();
    line_ = line;
}

SerialLine::~SerialLine() {
    line_->close();
}

void SerialLine::send(std::string bytes) {
    line_->send(std::move(bytes));
}

}  // namespace lktest
