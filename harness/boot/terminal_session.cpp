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
#include "harness/boot/prompt_line.hpp"

namespace lktest {
namespace {

namespace asio = boost::asio;
using asio::local::stream_protocol;

constexpr char escape = '\x1d';  // Ctrl-]
constexpr std::string_view prompt = "\r\nlktest> ";
/// The limit of unread output. Beyond it the guest's output is dropped, because QEMU stops when its console
/// is not drained.
constexpr std::size_t most_unsent = 1 << 20;

constexpr std::array command_table{
    PromptCommand{"continue, c", "resume the guest"},
    PromptCommand{"pause, p", "pause it"},
    PromptCommand{"reset", "press its reset button"},
    PromptCommand{"diagnose, d", "show where it is, and what may be wrong if it is not healthy"},
    PromptCommand{"gdb, g", "let gdb connect; prints the command for another terminal"},
    PromptCommand{"monitor, m CMD", "ask QEMU's monitor: m info registers"},
    PromptCommand{"core FILE", "write its memory (ELF if FILE ends in .elf, otherwise kdump format)"},
    PromptCommand{"snapshot, s", "take a snapshot"},
    PromptCommand{"restore, r", "return to the snapshot, paused, even after the guest's end"},
    PromptCommand{"end", "end the guest"},
    PromptCommand{"detach, q", "leave and keep the guest as it is"},
    PromptCommand{"help, h", "show these commands"},
};

std::string prompt_help() {
    std::string text;
    for (const auto& [command, meaning] : command_table)
        text += fmt::format("  {:17} {}\n", command, meaning);
    return text +
           "An empty line returns to the console; there, Ctrl-] sends a Ctrl-] to the guest.\n"
           "Arrow keys edit the line and recall earlier ones; Tab completes a command.\n";
}

/// The first words of the commands, for Tab.
std::vector<std::string> command_words() {
    std::vector<std::string> words;
    for (const auto& [command, meaning] : command_table)
        words.emplace_back(command.substr(0, command.find_first_of(", ")));
    return words;
}

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
    if (diagnosis.causes.empty() && diagnosis.reason.empty())
        text += "  nothing points to a failure\n";
    for (const std::string& cpu : diagnosis.cpus)
        text += fmt::format("  {}\n", printable(cpu));
    for (const Backtrace& backtrace : diagnosis.backtraces)
        for (const std::string& frame : backtrace.frames)
            text += fmt::format("      {}\n", printable(frame));
    return text;
}

}  // namespace

std::span<const PromptCommand> prompt_commands() {
    return command_table;
}

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
            } else {
                PromptLine::Result typed = line_.put(c);
                output_->put(typed.echo);
                if (!typed.line)
                    continue;
                if (const auto end = co_await obey(std::move(*typed.line)))
                    co_return end;
            }
        }
        if (!to_guest.empty())
            guest_->type(std::move(to_guest));
        co_return std::nullopt;
    }

    void mention(std::string_view text) {
        output_->say("\n" + std::string(text) + "\n");
        if (at_prompt_)  // perhaps in the middle of a command
            output_->put("\r\n" + line_.redraw());
    }
    void announce(std::string_view text) {
        mention(text);
        if (!at_prompt_)
            open_prompt();
    }

private:
    void open_prompt() {
        at_prompt_ = true;
        output_->put(line_.open());
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
                output_->say("The guest runs; Ctrl-] opens the prompt again.\n");
                close_prompt();
                co_return std::nullopt;
            }
            if (is("pause"))
                output_->say(co_await paused());
            else if (word == "reset")
                output_->say(co_await was_reset());
            else if (is("diagnose"))
                output_->say(in_short((co_await guest_->diagnose({})).diagnosis));
            else if (is("gdb"))
                output_->say(fmt::format("gdb can connect now. In another terminal:\n  {}\n",
                                         co_await guest_->serve_gdb()));
            else if (is("monitor"))
                output_->say(co_await guest_->monitor(rest));
            else if (word == "core" && !rest.empty())
                output_->say(fmt::format("The guest's memory is in {}. To open it:\n  {}\n", rest,
                                         co_await guest_->dump_core(rest)));
            else if (word == "core")
                output_->say("core needs the name of a file: core vm.elf\n");
            else if (is("snapshot") && may_end_)
                output_->say(co_await snapshot_taken());
            else if (is("restore") && may_end_)
                output_->say(co_await restored());
            else if (is("help") || word == "?")
                output_->say(prompt_help());
            else if (word == "end" || is("snapshot") || is("restore"))
                output_->say("this guest's cell is still being tested\n\n");
            else
                output_->say(
                    fmt::format("unknown command '{}'; 'help' lists the commands\n", printable(word)));
        } catch (const Error& fault) {
            output_->say(
                fmt::format("{}\n{}{}\n", fault.what(), fault.hint().empty() ? "" : "hint: ", fault.hint()));
        }
        output_->put(line_.open());
        co_return std::nullopt;
    }

    // What each command did, in a sentence.

    asio::awaitable<std::string> paused() {
        const bool ran = co_await guest_->running();
        co_await guest_->pause();
        co_return ran ? "The guest is paused; 'continue' resumes it.\n" : "The guest was paused already.\n";
    }
    asio::awaitable<std::string> was_reset() {
        co_await guest_->reset();
        const bool runs = co_await guest_->running();
        co_return runs ? "The guest was reset, and boots again.\n"
                       : "The guest was reset, and is still paused; 'continue' lets it boot.\n";
    }
    asio::awaitable<std::string> snapshot_taken() {
        co_await guest_->snapshot();
        co_return "The snapshot is taken; 'restore' returns to it.\n";
    }
    asio::awaitable<std::string> restored() {
        co_await guest_->restore();
        co_return "The guest is back at its snapshot, paused; 'continue' resumes it.\n";
    }

    std::shared_ptr<LiveGuest> guest_;
    std::shared_ptr<Output> output_;
    bool may_end_, at_prompt_ = false;
    PromptLine line_{std::string(prompt), command_words()};
    std::string unseen_;
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
