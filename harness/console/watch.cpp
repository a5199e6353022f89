// SPDX-License-Identifier: MIT
#include "harness/console/watch.hpp"

#include <algorithm>
#include <utility>

#include "harness/console/last_boot.hpp"
#include "harness/console/loader_driver.hpp"
#include "harness/console/stage.hpp"
#include "harness/scenario/failure.hpp"

namespace lktest {
namespace {

constexpr std::size_t most_recent_bytes = 1'048'576;
constexpr std::size_t most_chunk = 65'536;
constexpr std::size_t most_recent_lines = 200;
constexpr std::size_t most_loader_lines = 100;
constexpr std::size_t most_failure_lines = 200;

std::vector<Milestone> milestones_of(const BootCell& cell, const Scenario& scenario) {
    std::vector<Milestone> milestones;
    for (const Milestone* milestone : milestones_for(scenario, cell.arch, cell.firmware))
        milestones.push_back(*milestone);
    return milestones;
}

std::vector<Failure> failures_of(const Scenario& scenario, const std::vector<Failure>& catalogue) {
    std::vector<Failure> failures = scenario.failures;
    failures.insert(failures.end(), catalogue.begin(), catalogue.end());
    return failures;
}

void collect(std::optional<FailureSeen>& seen, const std::string& line) {
    if (seen && seen->evidence.size() < most_failure_lines)
        seen->evidence.push_back(line);
}

}  // namespace

Watch::Watch(const BootCell& cell, const Scenario& scenario, const std::vector<Failure>& catalogue,
             Patience patience)
    : patience_(patience),
      rules_(milestones_of(cell, scenario), failures_of(scenario, catalogue)),
      progress_(rules_.milestones()) {}

void Watch::feed(Source source, std::string_view bytes, std::chrono::microseconds at) {
    if (bytes.empty())
        return;
    quiet(at);
    last_byte_ = at;
    if (source != Source::kernel_log)  // it is not read after a reset of the guest
        remember(source, bytes, at);
    take(source, bytes, at);
}

void Watch::take(Source source, std::string_view bytes, std::chrono::microseconds at) {
    if (source == Source::serial)
        return read_serial(bytes, at);
    if (source == Source::kernel_log)
        return kernel_log_.feed(bytes, at,
                                [this](const ConsoleLine& line) { on_line(Source::kernel_log, line); });
    virtio_.feed(bytes, at, [this](const ConsoleLine& line) {
        apply(rules_.on_report(line.said()), Source::virtio, line.at, line.said(), line.text);
    });
}

/// The milestone of the medium's first screen, if it is still awaited; found by its name, like the kernel's.
std::size_t Watch::first_screen() const {
    const auto& milestones = rules_.milestones();
    const auto found = std::ranges::find(milestones, "first-screen", &Milestone::name);
    const auto index = static_cast<std::size_t>(found - milestones.begin());
    return found != milestones.end() && progress_.awaits(index) ? index : milestones.size();
}

void Watch::painted(const Painting& painting, std::chrono::microseconds at) {
    const std::size_t awaited = first_screen();
    if (medium_started_ && awaited < rules_.milestones().size() && exceeds_firmware(painting, printed_))
        progress_.sight(awaited, Source::display, at, "a picture of the medium's own", events_);
}

bool Watch::show(Source source, const std::vector<std::string>& rows, std::chrono::microseconds at) {
    quiet(at);
    Shown& shown = source == Source::tty1 ? tty1_ : display_;
    if (rows == shown.rows) {
        if (shown.prompt_read || clock_.elapsed(shown.since, at) < patience_.prompt)
            return false;
        shown.prompt_read = true;
        const auto last =
            std::find_if(rows.rbegin(), rows.rend(), [](const auto& row) { return !row.empty(); });
        if (last != rows.rend())
            for (const std::string& text : {*last, *last + " "})
                apply(rules_.on_prompt(text), source, shown.since, text, *last);
        return false;
    }
    last_byte_ = at;
    const std::vector<std::string> before = std::exchange(shown.rows, rows);
    shown.since = at;
    shown.prompt_read = false;
    for (const std::string& row : rows) {
        const auto is_said = [&row](const ConsoleLine& line) { return line.text == row; };
        if (!row.empty() && std::ranges::find(before, row) == before.end() &&
            std::ranges::none_of(recent_lines_, is_said))
            on_new_row(source, row, at);
    }
    return true;
}

void Watch::on_new_row(Source source, const std::string& row, std::chrono::microseconds at) {
    // Firmware also prints on the serial console, so rows that only a display shows are the medium's.
    constexpr std::size_t enough_rows = 3;
    if (medium_started_ && ++own_rows_ >= enough_rows && first_screen() < rules_.milestones().size())
        progress_.sight(first_screen(), source, at, row, events_);
    Transcript line;  // recognizes kernel records
    line.feed(row + "\n", at, [this, source](const ConsoleLine& said) { on_line(source, said); });
    apply(rules_.on_row(row), source, at, row, row);
    // A display does not show the last blank of a prompt, and a user may already have typed after it.
    std::string prompt = row + " ";
    if (const std::size_t length = prompt_length(prompt); length > 0)
        prompt.resize(length);
    std::vector<Hit> hits = rules_.on_prompt(prompt);
    std::erase_if(hits, [](const Hit& hit) { return hit.kind == Hit::Kind::failure; });
    apply(hits, source, at, prompt, row);
}

void Watch::remember(Source source, std::string_view bytes, std::chrono::microseconds at) {
    const Chunk* last = recent_bytes_.empty() ? nullptr : &recent_bytes_.back();
    if (last && last->at == at && last->source == source && last->bytes.size() < most_chunk)
        recent_bytes_.back().bytes += bytes;
    else
        recent_bytes_.push_back({source, at, std::string(bytes)});
    recent_size_ += bytes.size();
    while (recent_size_ > most_recent_bytes && recent_bytes_.size() > 1) {
        recent_size_ -= recent_bytes_.front().bytes.size();
        recent_bytes_.pop_front();
    }
}

void Watch::read_serial(std::string_view bytes, std::chrono::microseconds at) {
    screen_read_ = false;
    while (!bytes.empty()) {
        // Process line by line while both views are read, so that they stay in step.
        const bool both = screen_matters();
        const std::size_t newline = both ? bytes.find('\n') : bytes.npos;
        const std::string_view now = bytes.substr(0, newline == bytes.npos ? newline : newline + 1);
        serial_.feed(now, at, [this](const ConsoleLine& line) { on_line(Source::serial, line); });
        screen_.feed(now);
        if (both)
            screen_.paint([this, at](std::string_view row) {
                apply(rules_.on_row(row), Source::screen, at, row, std::string(row));
            });
        bytes.remove_prefix(now.size());
    }
    // Dots arrive one by one, and a line may be long, so it is not re-read at each byte.
    constexpr std::chrono::milliseconds now_and_then{200};
    if (at >= unfinished_read_ + now_and_then && serial_.has_unfinished()) {
        unfinished_read_ = at;
        novelty_.said(serial_.unfinished(), at);
    }
}

void Watch::on_line(Source source, const ConsoleLine& line) {
    if (source == Source::serial) {
        const bool first = line.said().starts_with("Linux version ");
        shows_kernel_log_ = shows_kernel_log_ || first;
        kernel_spoke_ = kernel_spoke_ || first || line.kernel();
    }
    novelty_.said(line.said(), line.at);
    if (source == Source::serial) {
        printed_ += line.text.size();
        medium_started_ = medium_started_ || starts_a_medium(line.text);
    }
    if (loader_lines_ == 0 && (kernel_spoke_ || source == Source::kernel_log))
        keep_loader_lines();
    recent_lines_.push_back(line);
    if (recent_lines_.size() > loader_lines_ + most_recent_lines)
        recent_lines_.erase(recent_lines_.begin() + static_cast<std::ptrdiff_t>(loader_lines_));
    if (!replaying_)
        collect(failure_, line.text);
    collect(suspect_, line.text);
    apply(rules_.on_line(line), source, line.at, line.said(), line.text);
}

/// Keeps the error of a loader, which the output of a wrongly started kernel would otherwise push out.
void Watch::keep_loader_lines() {
    while (recent_lines_.size() > most_loader_lines)
        recent_lines_.pop_front();
    loader_lines_ = recent_lines_.size();
}

void Watch::apply(const std::vector<Hit>& hits, Source source, std::chrono::microseconds at,
                  std::string_view matched, const std::string& line) {
    const auto ends_the_boot = [this](const Hit& hit) {
        return hit.kind == Hit::Kind::failure && !rules_.failures()[hit.index].warning &&
               !rules_.failures()[hit.index].tentative;
    };
    // The prompt of an emergency shell is a failure, not the shell that a milestone means.
    const bool failed = std::ranges::any_of(hits, ends_the_boot);
    for (const Hit& hit : hits) {
        if (hit.kind == Hit::Kind::milestone) {
            const bool shown = source == Source::display || source == Source::tty1;
            if (failed || (shown && !progress_.awaits(hit.index)))
                continue;
            const std::string before = progress_.last_reached();
            progress_.sight(hit.index, source, at, line, events_);
            if (progress_.last_reached() != before)
                suspect_.reset();
            continue;
        }
        meet(rules_.failures()[hit.index], source, at, matched, line);
        return;  // the first match counts
    }
}

void Watch::meet(const Failure& failure, Source source, std::chrono::microseconds at,
                 std::string_view matched, const std::string& line) {
    if (failure_)
        return;
    // The initramfs cannot fail after it handed over. Between the mounted root and that, it still can.
    const bool overtaken = stage_of(failure.outcome) == Stage::initramfs &&
                           (progress_.userspace_reached() || (failure.tentative && progress_.root_reached()));
    if (failure.warning || failure.tentative || overtaken) {
        if (std::ranges::find(warned_, failure.name) == warned_.end()) {
            warned_.push_back(failure.name);
            events_.push_back({at, Event::Kind::warning, source, failure.name, line});
        }
        if (failure.warning || overtaken ||
            (suspect_ && stage_of(suspect_->outcome) >= stage_of(failure.outcome)))
            return;
    }
    FailureSeen seen{failure.name, failure.outcome, reason_in(failure, matched), failure.hint, source,
                     at,           {line}};
    if (failure.tentative)
        suspect_ = std::move(seen);
    else
        fail(std::move(seen));
}

/// Ends the boot. An earlier suspicion is the first of the chain and therefore the reason, unless the boot
/// has made progress since.
void Watch::fail(FailureSeen seen) {
    const std::chrono::microseconds at = seen.at;
    const bool first = !suspect_ || stage_of(suspect_->outcome) < stage_of(seen.outcome);
    failure_ = !first ? std::exchange(suspect_, std::nullopt) : std::move(seen);
    failure_->at = at;
    events_.push_back(
        {at, Event::Kind::failure, failure_->source, failure_->name, failure_->evidence.front()});
}

void Watch::quiet(std::chrono::microseconds now) {
    const auto lasted = [&](std::chrono::microseconds since) {
        return clock_.elapsed(since, now) >= patience_.prompt;
    };
    if (prompt_is_undecided() && lasted(serial_.still_since())) {
        decided_prompt_ = serial_.still_since();
        const std::string text = serial_.unfinished();
        apply(rules_.on_prompt(text), Source::serial, serial_.still_since(), text, text);
    }
    if (!screen_read_ && screen_matters() && lasted(last_byte_)) {
        screen_read_ = true;
        for (const std::string& row : screen_.rows())
            apply(rules_.on_row(row), Source::screen, last_byte_, row, row);
    }
}

void Watch::kernel_runs() {
    const std::string before = progress_.last_reached();
    progress_.prove_kernel(events_);
    if (progress_.last_reached() != before)
        suspect_.reset();
}

void Watch::believe_console() {
    by_console_only_ = true;
    progress_.believe_console(events_);
}

void Watch::believe_suspect() {
    if (suspect_ && !failure_)
        fail(FailureSeen(*suspect_));
}

std::optional<std::chrono::microseconds> Watch::decides_at(std::chrono::microseconds now) const {
    std::optional<std::chrono::microseconds> first;
    const auto consider = [&](std::chrono::microseconds since) {
        const auto at = clock_.earliest(since, patience_.prompt, now);
        first = first ? std::min(*first, at) : at;
    };
    if (prompt_is_undecided())
        consider(serial_.still_since());
    if (!screen_read_ && screen_matters())
        consider(last_byte_);
    return first;
}

bool Watch::prompt_is_undecided() const {
    return decided_prompt_ != serial_.still_since() && serial_.has_unfinished();
}

/// Whether a row of the screen can still match anything new.
bool Watch::screen_matters() const {
    if (!rules_.watches_screen())
        return false;
    for (std::size_t i = 0; i < rules_.milestones().size(); ++i)
        if (rules_.milestones()[i].view == View::screen && progress_.awaits(i))
            return true;
    return std::ranges::any_of(rules_.failures(), [](const Failure& f) { return f.view == View::screen; });
}

void Watch::network_checked(std::chrono::microseconds at, std::string text) {
    progress_.network_checked(at, std::move(text), events_);
}

void Watch::reset(std::chrono::microseconds at, std::string reason) {
    ++resets_;
    events_.push_back({at, Event::Kind::reset, Source::libvirt, "", std::move(reason)});
    if (std::string cut = serial_.unfinished(); !cut.empty())
        recent_lines_.push_back({at, std::move(cut), 0});
    std::erase_if(recent_lines_, [at](const ConsoleLine& line) { return line.at > at; });
    loader_lines_ = 0;

    serial_ = {};
    virtio_ = {};
    kernel_log_ = {};
    kernel_spoke_ = shows_kernel_log_ = false;
    screen_ = {};
    display_ = tty1_ = {};
    novelty_.restart(at);
    medium_started_ = false;
    printed_ = own_rows_ = 0;
    unfinished_read_ = at;
    rules_.restart();
    progress_.restart(at);
    suspect_.reset();
    decided_prompt_.reset();
    screen_read_ = true;
    recent_size_ = 0;
    replaying_ = true;
    for (const Chunk& chunk : std::exchange(recent_bytes_, {}))
        if (chunk.at > at)
            feed(chunk.source, chunk.bytes, chunk.at);
    replaying_ = false;
}

std::vector<Event> Watch::take_events() {
    return std::exchange(events_, {});
}

std::vector<std::string> Watch::last_lines(std::size_t count) const {
    std::vector<std::string> lines;
    for (const ConsoleLine& line : recent_lines_)
        lines.push_back(line.text);
    if (std::string begun = serial_.unfinished(); !begun.empty())
        lines.push_back(std::move(begun));
    if (lines.size() > count)
        lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(count));
    return lines;
}

std::string Watch::display_prompt() const {
    for (const Shown* shown : {&tty1_, &display_}) {
        const auto last = std::find_if(shown->rows.rbegin(), shown->rows.rend(),
                                       [](const std::string& row) { return !row.empty(); });
        // A display does not show a prompt's last blank.
        if (last != shown->rows.rend() && looks_like_prompt(*last + " "))
            return *last;
    }
    return "";
}

bool Watch::menu_counts_down() {
    return !kernel_ran() && (counts_down(screen_.rows()) || counts_down(display_.rows));
}

std::vector<std::string> Watch::screen_rows() {
    return screen_.rows();
}

}  // namespace lktest
