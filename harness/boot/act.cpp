// SPDX-License-Identifier: MIT
#include "harness/boot/act.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>

#include "builder/base/file.hpp"
#include "builder/base/process.hpp"
#include "harness/console/shell_command.hpp"
#include "harness/machine/worker.hpp"

namespace lktest {
namespace {

namespace asio = boost::asio;
using std::chrono::microseconds;

/// The verdict that ends the cell; unset if the step succeeded.
using Ending = std::optional<Verdict>;

constexpr std::size_t most_heard = 10'000;  // lines

class StepRunner {
public:
    explicit StepRunner(StepContext& context) : cell_(context) {
        cell_.attendance->on_line([this](const ConsoleLine& line) {
            heard_.push_back(line.text);
            if (heard_.size() > most_heard)
                heard_.pop_front();
            if (command_)
                command_->said(line);
            if (cell_.loader)
                cell_.loader->said(line);
        });
        cell_.attendance->on_serial([this](std::string_view bytes, microseconds at) {
            for (LoaderDriver* loader : {cell_.loader, selecting_ ? &*selecting_ : nullptr})
                if (loader)
                    loader->said(bytes, at);
        });
    }
    StepRunner(const StepRunner&) = delete;
    StepRunner& operator=(const StepRunner&) = delete;
    ~StepRunner() {
        cell_.attendance->on_line({});
        cell_.attendance->on_serial({});
    }

    asio::awaitable<Ending> perform(const Step& step) {
        const microseconds now = cell_.attendance->since_power_on();
        acting_ = {.what = fmt::format("{}:{}:{}: {}", step.place.file, step.place.line, step.place.column,
                                       step.name),
                   .missing = "it did not end",
                   .began = now,
                   .within = scaled(step.within),
                   .resets = cell_.attendance->watch().resets(),
                   .may_reset = false,
                   .may_power_off = acting_.may_power_off,
                   .evidence = {}};
        cell_.attendance->tell({.at = now,
                                .kind = Event::Kind::step,
                                .name = step.name,
                                .text = fmt::format("{}:{}", step.place.file, step.place.line)});
        if (!std::holds_alternative<ExpectLine>(step.action))
            heard_.clear();
        auto doing = std::visit([this](const auto& action) { return perform_action(action); }, step.action);
        return doing;
    }

private:
    microseconds scaled(microseconds time) const {
        return std::chrono::duration_cast<microseconds>(time * cell_.limits.scale);
    }
    std::string filled(const std::string& text) const { return fill_in(text, cell_.variables); }
    Verdict failed(std::string reason) { return cell_.attendance->step_failed(acting_, std::move(reason)); }

    /// Waits until `done` holds, which is checked after every change, and while the command wants to type.
    asio::awaitable<Ending> until(std::function<bool()> done) {
        for (;;) {
            if (command_)
                converse();
            if (selecting_)
                drive_loader();
            if (done())
                co_return std::nullopt;
            const Decision decision = cell_.attendance->judge_now(cell_.limits, acting_);
            if (const auto* verdict = std::get_if<Verdict>(&decision))
                co_return *verdict;
            microseconds next = std::get<Wait>(decision).until;
            if (command_)
                next = std::min(next, command_->types_at().value_or(next));
            if (selecting_)
                next =
                    std::min(next, selecting_->types_at(cell_.attendance->since_power_on()).value_or(next));
            co_await cell_.attendance->wait_until(next);
        }
    }

    void drive_loader() {
        const microseconds now = cell_.attendance->since_power_on();
        if (std::string keys = selecting_->type(cell_.attendance->screen_rows(), now); !keys.empty())
            cell_.serial.send(std::move(keys));
    }

    void converse() {
        if (std::string keys = command_->type(cell_.attendance->since_power_on()); !keys.empty())
            cell_.serial.send(std::move(keys));
        const std::string prompt = cell_.attendance->watch().unfinished_line();
        if (command_->answered()) {
            acting_.missing = "the command did not end";
            if (const auto lines = last_lines(command_->output()); !lines.empty())
                acting_.evidence = lines;
        } else if (prompt.ends_with("login: ")) {
            acting_.missing = "no shell answered, the console asks for a login: add a step 'login'";
        } else {
            acting_.missing = "no shell answered on the serial console";
        }
    }

    void start_command(const std::string& text) {
        constexpr std::chrono::milliseconds patience{500};
        command_.emplace(filled(text), ++commands_, std::min(scaled(patience), microseconds(patience * 2)));
    }

    Ending check(const CommandResult& result, const CommandCheck& wanted) {
        acting_.evidence = last_lines(result.output);
        if (result.status != wanted.status)
            return failed(fmt::format("exit status {} instead of {}", result.status, wanted.status));
        if (!wanted.expect.empty() && !matches(result.output, wanted.expect, cell_.variables))
            return failed(fmt::format("its output does not match '{}'", filled(wanted.expect)));
        return std::nullopt;
    }

    asio::awaitable<Ending> perform_action(const RunInGuest& action) {
        start_command(action.command);
        const std::function<bool()> ended = [this] { return command_->result().has_value(); };
        Ending ending = co_await until(ended);
        if (!ending)
            ending = check(*command_->result(), action.check);
        command_.reset();
        co_return ending;
    }

    /// Runs a command that the guest does not survive, until `gone` holds.
    asio::awaitable<Ending> leave(const std::string& text, std::function<bool()> gone) {
        start_command(text);
        const std::function<bool()> ended = [this, &gone] {
            return gone() || (command_->result() && command_->result()->status != 0);
        };
        Ending ending = co_await until(ended);
        if (!ending && !gone()) {
            acting_.evidence = last_lines(command_->result()->output);
            ending = failed(fmt::format("exit status {}", command_->result()->status));
        }
        command_.reset();
        co_return ending;
    }

    bool was_reset() const { return cell_.attendance->watch().resets() > acting_.resets; }

    /// Sets the machine's boot order before a reset.
    asio::awaitable<void> choose_disk(const std::string& disk) {
        const auto choose = [this, &disk] { cell_.guest.boot_from(disk); };
        if (!disk.empty())
            co_await on_worker(cell_.host.workers, choose);
    }

    /// The scenario's milestones describe the medium's system, so a disk's system is not held to them.
    asio::awaitable<Ending> reach_again(const std::string& disk) {
        if (!disk.empty())
            co_return std::nullopt;
        Verdict verdict = co_await cell_.reach_milestones();
        if (verdict.outcome == Outcome::passed)
            co_return std::nullopt;
        verdict.reason = fmt::format("{}: {}", acting_.what, verdict.reason);
        co_return verdict;
    }

    asio::awaitable<Ending> perform_action(const Reboot& action) {
        co_await choose_disk(action.into);
        acting_.may_reset = true;
        cell_.attendance->expect_reset();
        const std::function<bool()> gone = [this] { return was_reset(); };
        Ending ending = co_await leave(action.command, gone);
        if (!ending)
            ending = co_await reach_again(action.into);
        co_return ending;
    }

    asio::awaitable<Ending> perform_action(const PressReset& action) {
        co_await choose_disk(action.into);
        acting_.may_reset = true;
        acting_.missing = "the machine was not reset";
        cell_.attendance->expect_reset();
        const auto press = [this] { cell_.guest.reset(); };
        co_await on_worker(cell_.host.workers, press);
        const std::function<bool()> gone = [this] { return was_reset(); };
        Ending ending = co_await until(gone);
        if (!ending)
            ending = co_await reach_again(action.into);
        co_return ending;
    }

    asio::awaitable<Ending> perform_action(const ShutDown& action) {
        acting_.may_power_off = true;
        const std::function<bool()> off = [this] { return cell_.attendance->powered_off(); };
        return leave(action.command, off);
    }

    asio::awaitable<Ending> perform_action(const PressPower&) {
        acting_.may_power_off = true;
        acting_.missing = "the guest did not switch itself off";
        const auto press = [this] { cell_.guest.press_power(); };
        co_await on_worker(cell_.host.workers, press);
        const std::function<bool()> off = [this] { return cell_.attendance->powered_off(); };
        co_return co_await until(off);
    }

    asio::awaitable<Ending> perform_action(const RunOnHost& action) {
        if (const auto why = not_for_environment(cell_.variables))
            co_return failed(*why);
        ProcessOptions options;
        options.environment = host_environment(cell_.variables);
        options.deadline = std::chrono::duration_cast<std::chrono::milliseconds>(acting_.within);
        const std::vector<std::string> arguments{"/bin/sh", "-c", action.command};
        const auto work = [this, &arguments, &options] {
            ProcessResult result;
            const auto run = [&] { result = run_process(arguments, options); };
            if (cell_.network)
                cell_.network->netns().run(run);
            else
                run();
            return result;
        };
        const ProcessResult result = co_await on_worker(cell_.host.workers, work);
        acting_.evidence = last_lines(result.out + result.err);
        if (result.timed_out)
            co_return failed("the command did not end in time");
        const CommandResult said{result.status, result.out};
        Ending ending = check(said, action.check);
        if (ending)
            ending->evidence = last_lines(result.out + result.err);
        co_return ending;
    }

    asio::awaitable<Ending> perform_action(const SendText& action) {
        cell_.serial.send(filled(action.text));
        co_return std::nullopt;
    }

    asio::awaitable<Ending> perform_action(const SendKeys& action) {
        for (const std::string& chord : action.keys) {
            std::vector<std::string> keys;
            std::istringstream stream(chord);
            for (std::string key; std::getline(stream, key, '-');)
                keys.push_back(key);
            const auto press = [this, &keys] { cell_.guest.press_keys(keys); };
            co_await on_worker(cell_.host.workers, press);
        }
        co_return std::nullopt;
    }

    bool heard(const std::string& pattern) {
        for (const std::string& line : heard_)
            if (matches(line, pattern, cell_.variables))
                return true;
        return matches(cell_.attendance->watch().unfinished_line(), pattern, cell_.variables);
    }

    asio::awaitable<Ending> perform_action(const ExpectLine& action) {
        acting_.missing = "no line of the console matched";
        const std::function<bool()> seen = [this, &action] { return heard(action.pattern); };
        co_return co_await until(seen);
    }

    asio::awaitable<Ending> perform_action(const LogIn& action) {
        acting_.missing = "the console did not ask for a login";
        const std::function<bool()> asked = [this] { return heard("login: ?$"); };
        cell_.serial.send("\r");
        Ending ending = co_await until(asked);
        if (!ending) {
            cell_.serial.send(filled(action.user) + "\r");
            if (!action.password.empty()) {
                acting_.missing = "the console did not ask for a password";
                const std::function<bool()> wanted = [this] { return heard("assword: ?$"); };
                ending = co_await until(wanted);
                if (!ending)
                    cell_.serial.send(action.password + "\r");
            }
        }
        co_return ending;
    }

    asio::awaitable<Ending> perform_action(const TakeScreenshot& action) {
        const auto take = [this] { return cell_.guest.screenshot(); };
        const Domain::Screenshot shot = co_await on_worker(cell_.host.workers, take);
        write_file(cell_.artefacts / fmt::format("{}{}", action.file, shot.extension()), shot.image);
        co_return std::nullopt;
    }

    asio::awaitable<Ending> perform_action(const SelectEntry& action) {
        acting_.missing = "no boot loader menu appeared on the serial console";
        Ending ending;
        for (std::size_t i = 0; i < action.titles.size() && !ending; ++i) {
            const bool last = i + 1 == action.titles.size();
            const BootLine line{
                .entry = filled(action.titles[i]), .append = last ? filled(action.append) : "", .place = {}};
            selecting_.emplace(line, cell_.limits.scale);
            selecting_->said({}, cell_.attendance->since_power_on());
            const std::function<bool()> chosen = [this] {
                return selecting_->left() || !selecting_->problem().empty();
            };
            ending = co_await until(chosen);
            if (!ending && !selecting_->problem().empty())
                ending = failed(selecting_->problem());
        }
        selecting_.reset();
        co_return ending;
    }

    asio::awaitable<Ending> perform_action(const EjectMedium&) {
        if (const auto why = cell_.drive.fixed())
            co_return failed(*why);
        const auto eject = [this] { cell_.drive.eject(cell_.guest); };
        co_await on_worker(cell_.host.workers, eject);
        co_return std::nullopt;
    }

    asio::awaitable<Ending> perform_action(const InsertMedium& action) {
        if (const auto why = cell_.drive.fixed())
            co_return failed(*why);
        const auto insert = [this, &action] { cell_.drive.insert(cell_.guest, action.image); };
        co_await on_worker(cell_.host.workers, insert);
        co_return std::nullopt;
    }

    asio::awaitable<Ending> perform_action(const AttachDisk& action) {
        const std::string xml = disk_xml(cell_.disks.spec(action.disk));
        const auto attach = [this, &xml] { cell_.guest.attach_device(xml); };
        co_await on_worker(cell_.host.workers, attach);
        co_return std::nullopt;
    }

    asio::awaitable<Ending> perform_action(const DetachDisk& action) {
        const std::string xml = disk_xml(cell_.disks.spec(action.disk));
        const auto detach = [this, &xml] { cell_.guest.detach_device(xml); };
        co_await on_worker(cell_.host.workers, detach);
        co_return std::nullopt;
    }

    asio::awaitable<Ending> perform_action(const SealDisks& action) {
        const auto seal = [this, &action] {
            for (const std::string& disk : action.disks)
                cell_.disks.seal(disk);
        };
        co_await on_worker(cell_.host.workers, seal);
        co_return std::nullopt;
    }

    asio::awaitable<Ending> perform_action(const CheckUnchanged& action) {
        const auto compare = [this, &action] {
            for (const std::string& disk : action.disks)
                if (std::string difference = cell_.disks.difference(disk); !difference.empty())
                    return difference;
            return std::string();
        };
        const std::string difference = co_await on_worker(cell_.host.workers, compare);
        if (!difference.empty())
            co_return failed(difference);
        co_return std::nullopt;
    }

    StepContext& cell_;
    Acting acting_;
    std::optional<ShellCommand> command_;
    std::optional<LoaderDriver> selecting_;
    unsigned commands_ = 0;
    std::deque<std::string> heard_;  ///< lines of the console since the last step other than `expect`
};

}  // namespace

asio::awaitable<Verdict> act(StepContext& context) {
    // A system booted from a disk by a step reaches none of the milestones.
    const std::string reached = context.attendance->watch().last_reached();
    StepRunner runner(context);
    for (const Step* step : steps_for(context.scenario, context.cell.arch, context.cell.firmware)) {
        const std::string address = context.attendance->guest_address();
        context.variables["guest"] = address;
        Ending ending = co_await runner.perform(*step);
        if (ending)
            co_return std::move(*ending);
    }
    Verdict passed = context.attendance->passed();
    passed.reached = reached;
    co_return passed;
}

}  // namespace lktest
