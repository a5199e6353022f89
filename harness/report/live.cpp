// SPDX-License-Identifier: MIT
#include "harness/report/live.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

#include "builder/base/printable.hpp"
#include "harness/report/grid.hpp"

namespace lktest {
namespace {

using results::short_time;

// Terminal control (ECMA-48, and DEC's private modes that every emulator supports).
constexpr std::string_view hide_cursor = "\x1b[?25l", show_cursor = "\x1b[?25h";
constexpr std::string_view no_wrap = "\x1b[?7l", wrap_again = "\x1b[?7h";
constexpr std::string_view erase_to_end = "\x1b[J", erase_line_end = "\x1b[K";

/// Events that come faster than this wait for the next tick.
constexpr std::chrono::milliseconds frame_time{50};

std::chrono::microseconds since(LiveClock::time_point start, LiveClock::time_point now) {
    return std::chrono::duration_cast<std::chrono::microseconds>(now - start);
}

bool running(const LiveCell& cell) {
    return cell.power_on && !cell.verdict;
}

Box box_of(const LiveCell& cell, LiveClock::time_point now) {
    if (cell.verdict)
        return box(*cell.verdict);
    if (!cell.power_on)
        return {Tone::dim, "·", "waiting", "", ""};
    return {Tone::busy, "▸", cell.milestone.empty() ? "power on" : printable(cell.milestone),
            short_time(since(*cell.power_on, now)), printable(cell.attempt)};
}

/// "2 running · 1 waiting · 1 of 4 done · 34.5s"
std::string totals(const LiveState& state, LiveClock::time_point now) {
    std::size_t active = 0, waiting = 0, ended = 0, bootable = 0;
    for (const LiveCell& cell : state.cells) {
        if (cell.verdict && cell.verdict->outcome_class == OutcomeClass::not_applicable)
            continue;
        ++bootable;
        active += running(cell) ? 1 : 0;
        ended += cell.verdict ? 1 : 0;
    }
    waiting = bootable - active - ended;
    return fmt::format("{} running · {} waiting · {} of {} done · {}", active, waiting, ended, bootable,
                       short_time(since(state.started, now)));
}

/// The cells whose rows fit: all of them, or only the rows with running cells.
std::vector<CellBox> shown_cells(const LiveState& state, LiveClock::time_point now, bool only_running) {
    const auto same_row = [](const BootCell& one, const BootCell& other) {
        return one.scenario == other.scenario && one.image == other.image && one.arch == other.arch &&
               one.medium == other.medium && one.hardware == other.hardware;
    };
    std::vector<CellBox> boxes;
    for (const LiveCell& cell : state.cells)
        if (!only_running || std::ranges::any_of(state.cells, [&](const LiveCell& other) {
                return running(other) && same_row(cell.cell, other.cell);
            }))
            boxes.push_back({cell.cell, box_of(cell, now)});
    return boxes;
}

std::string stamp(std::chrono::microseconds at) {
    return fmt::format("[{:>7}]", short_time(at));
}

}  // namespace

LiveState live_state(const std::vector<PlannedCell>& plan, LiveClock::time_point now) {
    LiveState state;
    state.started = now;
    for (const PlannedCell& planned : plan) {
        LiveCell cell;
        cell.cell = planned.cell;
        if (planned.not_applicable)
            cell.verdict = results::not_applicable(planned.cell, *planned.not_applicable).verdict;
        state.cells.push_back(std::move(cell));
    }
    return state;
}

void apply(LiveCell& cell, const Event& event, LiveClock::time_point now) {
    // libvirt reports the machine before power-on; that event has no guest time.
    if (!cell.power_on || event.kind == Event::Kind::started)
        cell.power_on = now;
    if (event.kind == Event::Kind::reset || event.kind == Event::Kind::attempt)
        cell.witnessed.clear();
    if (event.kind == Event::Kind::attempt) {
        cell.power_on = now;
        cell.attempt = event.name;
        cell.milestone.clear();
    }
    if (event.kind == Event::Kind::milestone && cell.witnessed.insert(event.name).second)
        cell.milestone = event.name;
    if (event.kind == Event::Kind::step)
        cell.milestone = event.name;
    if (!event.text.empty())
        cell.news = event.text;
}

std::string frame(const LiveState& state, const Style& style, LiveClock::time_point now) {
    const std::size_t height = std::max<std::size_t>(style.height, 4) - 1;
    std::vector<Line> news;
    std::vector<results::Cell> cells;
    cells.reserve(state.cells.size());
    for (const LiveCell& cell : state.cells)
        cells.emplace_back(cell.cell);
    const std::vector<std::string> names = short_names(cells);
    std::size_t longest = 0;
    for (std::size_t i = 0; i < names.size(); ++i)
        if (running(state.cells[i]))
            longest = std::max(longest, columns(names[i]));
    for (std::size_t i = 0; i < names.size(); ++i)
        if (running(state.cells[i]) && !state.cells[i].news.empty())
            news.push_back({{names[i] + std::string(longest + 2 - columns(names[i]), ' '), Tone::busy},
                            {printable(state.cells[i].news), Tone::dim}});

    std::vector<Line> lines = draw(arrange(shown_cells(state, now, false)), style);
    if (lines.size() + 2 > height)
        lines = draw(arrange(shown_cells(state, now, true)), style);
    if (lines.size() + 2 > height)
        lines.resize(height - 2);
    lines.emplace_back();
    lines.push_back({{totals(state, now)}});
    for (Line& line : news)
        if (lines.size() < height)
            lines.push_back(std::move(line));

    std::string text;
    for (const Line& line : lines)
        text += paint(line, style, style.width) + "\n";
    return text;
}

std::optional<std::string> plain_line(std::string_view cell, const Event& event, bool verbose) {
    const std::string name = printable(event.name), text = printable(event.text);
    std::string said;
    switch (event.kind) {
        case Event::Kind::started: said = "power on" + (text.empty() ? "" : ": " + text); break;
        case Event::Kind::milestone: said = name; break;
        case Event::Kind::failure:
        case Event::Kind::warning:
            said = fmt::format("{} {}: {}", lktest::name(event.kind), name, text);
            break;
        case Event::Kind::reset: said = "reset: " + text; break;
        case Event::Kind::network:
            said = fmt::format("network {}{}{}", name, text.empty() ? "" : ": ", text);
            break;
        case Event::Kind::lifecycle:
        case Event::Kind::poked:
            if (!verbose)
                return std::nullopt;
            said = fmt::format("{}: {}", lktest::name(event.kind), text);
            break;
        case Event::Kind::step: said = "step " + name; break;
        case Event::Kind::attempt: said = name; break;
        case Event::Kind::note: said = "note: " + text; break;
        case Event::Kind::finished: return std::nullopt;  // the verdict says more
    }
    return fmt::format("{} {}  {}", stamp(event.at), cell, said);
}

std::string plain_line(std::string_view cell, const results::Ending& ending) {
    std::string line = fmt::format("{} {}  {} {}", stamp(ending.took), cell, mark(ending.outcome_class).text,
                                   ending.outcome);
    if (!ending.reason.empty())
        line += ": " + ending.reason;
    return line;
}

Live::Live(std::FILE* out, const std::vector<PlannedCell>& plan, Options options)
    : out_(out), options_(std::move(options)), state_(live_state(plan, LiveClock::now())) {
    std::vector<results::Cell> cells;
    cells.reserve(plan.size());
    for (const PlannedCell& planned : plan)
        cells.emplace_back(planned.cell);
    names_ = short_names(cells);
    std::size_t longest = 0;
    for (const std::string& name : names_)
        longest = std::max(longest, columns(name));
    for (std::string& name : names_)
        name.append(longest - columns(name), ' ');
    if (options_.terminal)
        put(std::string(hide_cursor) + std::string(no_wrap));
}

Live::~Live() {
    if (!options_.terminal)
        return;
    std::string text;
    if (painted_ > 0)
        text = fmt::format("\x1b[{}F{}", painted_, erase_to_end);
    put(text + std::string(wrap_again) + std::string(show_cursor));
}

std::size_t Live::index(const BootCell& cell) const {
    const auto place = std::ranges::find(state_.cells, cell, &LiveCell::cell);
    assert(place != state_.cells.end());
    return static_cast<std::size_t>(place - state_.cells.begin());
}

void Live::event(const BootCell& cell, const Event& event) {
    const auto now = LiveClock::now();
    const std::size_t i = index(cell);
    // Ignores a second witness of a milestone.
    const bool again = event.kind == Event::Kind::milestone && state_.cells[i].witnessed.contains(event.name);
    const std::string attempt = state_.cells[i].attempt;
    apply(state_.cells[i], event, now);
    if (options_.terminal) {
        if (now - painted_at_ > frame_time)
            tick();
    } else if (auto line = plain_line(names_[i], event, options_.verbose);
               line && (!again || options_.verbose))
        print_line(*line + (attempt.empty() || event.kind == Event::Kind::attempt
                                ? ""
                                : fmt::format(" ({})", printable(attempt))));
}

void Live::ended(const BootCell& cell, const results::Ending& ending) {
    const std::size_t i = index(cell);
    state_.cells[i].verdict = ending;
    if (options_.terminal)
        tick();
    else
        print_line(plain_line(names_[i], ending));
}

void Live::say(std::string_view line) {
    if (!options_.terminal) {
        print_line(printable(line));
        return;
    }
    std::string text;
    if (painted_ > 0)
        text = fmt::format("\x1b[{}F{}", std::exchange(painted_, 0), erase_to_end);
    const Style style = options_.style();
    constexpr std::size_t indent = 2, least = 20;
    std::vector<std::string> rows = fold(printable(line), std::max(style.width, least) - indent);
    for (std::size_t i = 0; i < rows.size(); ++i)
        text += paint({{std::string(i > 0 ? indent : 0, ' ') + rows[i]}}, style) + "\n";
    put(text);
    tick();
}

void Live::tick() {
    if (!options_.terminal)
        return;
    const std::string picture = frame(state_, options_.style(), LiveClock::now());
    std::string text;
    if (painted_ > 0)
        text = fmt::format("\x1b[{}F", painted_);
    std::size_t lines = 0;
    for (const char c : picture) {
        if (c == '\n') {
            text += erase_line_end;
            ++lines;
        }
        text += c;
    }
    painted_ = lines;
    painted_at_ = LiveClock::now();
    put(text + std::string(erase_to_end));
}

void Live::put(std::string_view text) {
    // Ignores errors: a closed pipe must not affect the run.
    std::fwrite(text.data(), 1, text.size(), out_);
    std::fflush(out_);
}

void Live::print_line(std::string line) {
    put(paint({{std::move(line)}}, options_.style()) + "\n");
}

}  // namespace lktest
