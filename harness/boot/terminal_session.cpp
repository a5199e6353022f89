// SPDX-License-Identifier: MIT
#include "harness/boot/terminal_session.hpp"

#include <fmt/format.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "builder/base/printable.hpp"
#include "harness/boot/bell.hpp"

namespace lktest {
namespace {

namespace asio = boost::asio;
using asio::local::stream_protocol;

constexpr char escape = '\x1d';  // Ctrl-]
constexpr std::string_view prompt = "\r\nlktest> ";
/// The limit of unread output. Beyond it the guest's output is dropped, because QEMU stops when its console
/// is not drained.
constexpr std::size_t most_unsent = 1 << 20;

constexpr std::string_view help =
    "  continue, c       resume the guest\n"
    "  pause, p          pause it\n"
    "  reset             press its reset button\n"
    "  diagnose, d       show where it is and what may be wrong\n"
    "  gdb, g            let gdb connect; prints the command for another terminal\n"
    "  monitor, m CMD    ask QEMU's monitor: m info registers\n"
    "  core FILE         write its memory (ELF if FILE ends in .elf, otherwise kdump format)\n"
    "  snapshot, s       take a snapshot\n"
    "  restore, r        return to the snapshot, paused, even after the guest's end\n"
    "  end               end the guest\n"
    "  detach, q         leave and keep the guest as it is\n"
    "An empty line returns to the console; there, Ctrl-] sends a Ctrl-] to the guest.\n";

/// Ends lines as a raw terminal needs it.
std::string in_raw_lines(std::string_view text) {
    std::string raw;
    for (const char c : text)
        raw += c == '\n' ? std::string("\r\n") : std::string(1, c);
    return raw;
}

/// Splits a line after its first word.
std::pair<std::string, std::string> first_word(const std::string& line) {
    const std::size_t begin = std::min(line.find_first_not_of(' '), line.size());
    const std::size_t end = std::min(line.find(' ', begin), line.size());
    const std::size_t rest = std::min(line.find_first_not_of(' ', end), line.size());
    return {line.substr(begin, end - begin), line.substr(rest)};
}

/// A diagnosis for a person at a console.
std::string in_short(const Diagnosis& diagnosis) {
    std::string text = fmt::format("  {}\n", diagnosis.summary);
    for (const std::string& line : diagnosis.evidence)
        text += fmt::format("    {}\n", printable(line));
    for (std::size_t i = 0; i < std::min<std::size_t>(3, diagnosis.causes.size()); ++i)
        text += fmt::format("  {}. {}\n     fix: {}\n", i + 1, printable(diagnosis.causes[i].cause),
                            printable(diagnosis.causes[i].fix));
    for (const std::string& cpu : diagnosis.cpus)
        text += fmt::format("  {}\n", printable(cpu));
    for (const Backtrace& backtrace : diagnosis.backtraces)
        for (const std::string& frame : backtrace.frames)
            text += fmt::format("      {}\n", printable(frame));
    return text;
}

}  // namespace

/// The output to the terminal, in order; one coroutine writes it.
class TerminalSession::Output {
public:
    explicit Output(std::shared_ptr<stream_protocol::socket> terminal, asio::io_context& io)
        : terminal_(std::move(terminal)), bell_(io) {}

    void put(std::string_view raw) {
        if (pending_.size() + raw.size() <= most_unsent)
            pending_ += raw;
        bell_.ring();
    }
    void say(std::string_view text) { put(in_raw_lines(text)); }
    void close() {
        closed_ = true;
        bell_.ring();
    }

    static asio::awaitable<void> pump(std::shared_ptr<Output> output) {
        boost::system::error_code error;
        while (!error && !(output->closed_ && output->pending_.empty())) {
            const std::string bytes = std::exchange(output->pending_, {});
            if (bytes.empty())
                co_await output->bell_.wait_until(std::chrono::steady_clock::time_point::max());
            else
                co_await asio::async_write(*output->terminal_, asio::buffer(bytes),
                                           asio::redirect_error(asio::use_awaitable, error));
        }
        output->terminal_->shutdown(stream_protocol::socket::shutdown_both, error);
    }

private:
    std::shared_ptr<stream_protocol::socket> terminal_;
    Bell bell_;
    std::string pending_;
    bool closed_ = false;
};

/// Handles the user's input.
class TerminalSession::Person {
public:
    Person(std::shared_ptr<LiveGuest> guest, std::shared_ptr<Output> output, bool may_end)
        : guest_(std::move(guest)), output_(std::move(output)), may_end_(may_end) {}

    asio::awaitable<void> greet() {
        const bool runs = co_await guest_->running();
        output_->say(fmt::format("{}: its guest {}. Ctrl-] opens a prompt.\n", guest_->cell_name(),
                                 runs ? "runs" : "is paused"));
        for (const std::string& line : guest_->console())
            output_->say(printable(line) + "\n");
        if (!runs)
            open_prompt();
        listening_ = guest_->overhear([this](std::string_view bytes) {
            if (!at_prompt_)
                output_->put(bytes);
            else if (unseen_.size() < most_unsent)
                unseen_ += bytes;
        });
    }

    /// @return how the session ended, if it did
    asio::awaitable<std::optional<TerminalEnd>> typed(std::string bytes) {
        std::string to_guest;
        for (const char c : bytes) {
            if (!at_prompt_ && c != escape) {
                to_guest += c;
            } else if (!at_prompt_) {
                open_prompt();
            } else if (c == escape) {
                close_prompt();
                to_guest += c;
            } else if (c == '\r' || c == '\n') {
                output_->put("\r\n");
                if (const auto end = co_await obey(std::exchange(line_, {})))
                    co_return end;
            } else if (c == '\x7f' || c == '\b') {
                if (!line_.empty()) {
                    line_.pop_back();
                    output_->put("\b \b");
                }
            } else if (c == '\x03' || c == '\x15') {  // Ctrl-C, Ctrl-U
                line_.clear();
                output_->put(prompt);
            } else if (static_cast<unsigned char>(c) >= ' ') {
                line_ += c;
                output_->put(std::string_view(&c, 1));
            }
        }
        if (!to_guest.empty())
            guest_->type(std::move(to_guest));
        co_return std::nullopt;
    }

    void mention(std::string_view text) { output_->say("\n" + std::string(text) + "\n"); }
    void announce(std::string_view text) {
        mention(text);
        open_prompt();
    }

private:
    void open_prompt() {
        at_prompt_ = true;
        output_->put(prompt);
    }
    void close_prompt() {
        at_prompt_ = false;
        output_->put(std::exchange(unseen_, {}));
    }

    asio::awaitable<std::optional<TerminalEnd>> obey(std::string line) {
        const auto [word, rest] = first_word(line);
        const auto is = [&word = word](std::string_view name) {
            return word == name || (word.size() == 1 && name.starts_with(word) && name != "reset");
        };
        if (word.empty()) {
            close_prompt();
            co_return std::nullopt;
        }
        if (is("detach") && word != "d")
            co_return TerminalEnd::detached;
        if (word == "q" || word == "quit")
            co_return TerminalEnd::detached;
        if (word == "end" && may_end_)
            co_return TerminalEnd::destroyed;
        try {
            if (is("continue")) {
                co_await guest_->resume();
                close_prompt();
                co_return std::nullopt;
            }
            if (is("pause"))
                co_await guest_->pause();
            else if (word == "reset")
                co_await guest_->reset();
            else if (is("diagnose"))
                output_->say(in_short((co_await guest_->diagnose({})).diagnosis));
            else if (is("gdb"))
                output_->say(fmt::format("  {}\n", co_await guest_->serve_gdb()));
            else if (is("monitor"))
                output_->say(co_await guest_->monitor(rest));
            else if (word == "core" && !rest.empty())
                output_->say(fmt::format("  {}\n", co_await guest_->dump_core(rest)));
            else if (is("snapshot") && may_end_)
                co_await guest_->snapshot();
            else if (is("restore") && may_end_)
                co_await guest_->restore();
            else if (word == "end" || is("snapshot") || is("restore"))
                output_->say("this guest's cell is still being tested\n\n");
            else
                output_->say(help);
        } catch (const Error& fault) {
            output_->say(
                fmt::format("{}\n{}{}\n", fault.what(), fault.hint().empty() ? "" : "hint: ", fault.hint()));
        }
        output_->put(prompt);
        co_return std::nullopt;
    }

    std::shared_ptr<LiveGuest> guest_;
    std::shared_ptr<Output> output_;
    bool may_end_, at_prompt_ = false;
    std::string line_, unseen_;
    std::shared_ptr<void> listening_;
};

TerminalSession::TerminalSession(std::shared_ptr<Socket> terminal, std::shared_ptr<LiveGuest> guest,
                                 bool may_end)
    : terminal_(std::move(terminal)),
      guest_(std::move(guest)),
      output_(std::make_shared<Output>(terminal_,
                                       static_cast<asio::io_context&>(terminal_->get_executor().context()))),
      person_(std::make_unique<Person>(guest_, output_, may_end)) {
    asio::co_spawn(terminal_->get_executor(), Output::pump(output_), asio::detached);
}

TerminalSession::~TerminalSession() {
    output_->close();
}

void TerminalSession::announce(std::string_view text) {
    person_->announce(text);
}

void TerminalSession::mention(std::string_view text) {
    person_->mention(text);
}

asio::awaitable<TerminalEnd> TerminalSession::attend() {
    co_await person_->greet();
    std::array<char, 4096> chunk{};
    boost::system::error_code error;
    std::optional<TerminalEnd> end;
    while (!end) {
        const std::size_t size = co_await terminal_->async_read_some(
            asio::buffer(chunk), asio::redirect_error(asio::use_awaitable, error));
        if (error)
            break;
        std::string bytes(chunk.data(), size);
        end = co_await person_->typed(std::move(bytes));
    }
    output_->close();
    if (end == TerminalEnd::destroyed)
        co_await guest_->destroy();
    co_return end.value_or(TerminalEnd::detached);
}

}  // namespace lktest
