// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/console/log_rules.hpp"
#include "harness/console/log_words.hpp"

namespace lktest {

/// How far the current boot of a saved log has come, and which findings did no harm because it came further.
class LogProgress {
public:
    /// @param judge  called with the index of a finding, and whether it did no harm after all
    LogProgress(const LogWords& words, std::function<void(std::size_t finding, bool harmless)> judge);

    /// A new boot begins: nothing is known of it.
    void restart();

    /// @param of_kernel  the kernel wrote the line, or may have
    /// @return whether the line is a sign of progress
    bool watch(const std::vector<LogRules::Match>& matches, bool of_kernel);
    void reach(std::string_view stage);
    /// A failure shows that this stage began. That is not progress, so earlier findings stay.
    void imply(std::string_view stage);

    bool passed(std::string_view stage) const { return is_among_first(stage_, stage); }
    /// The system is in use.
    bool settled() const noexcept { return settled_; }
    bool in_initramfs() const noexcept { return in_initramfs_; }
    /// The name of the furthest stage; empty if none.
    std::string_view stage() const;

    /// A finding that did no harm if the boot reaches `stage`.
    struct Suspect {
        std::size_t finding = 0;
        std::string kind;
        std::string_view stage;
        bool settled = false;  ///< only a system in use clears it
    };
    void suspect(Suspect suspect) { suspects_.push_back(std::move(suspect)); }

private:
    void reach_index(std::size_t index, bool of_kernel);
    void enter_initramfs();
    bool is_among_first(std::size_t count, std::string_view stage) const;
    void clear(const std::function<bool(const Suspect&)>& is_cleared);

    const LogWords& words_;
    std::function<void(std::size_t, bool)> judge_;
    std::size_t stage_ = 0;  ///< of words_.stages: all before it are reached
    std::vector<Suspect> suspects_;
    std::vector<Suspect> cleared_in_userspace_;  ///< by a stage that may still prove to be the initramfs
    bool settled_ = false;
    bool in_initramfs_ = false, left_initramfs_ = false;
    bool in_userspace_ =
        false;  ///< the kernel says so, not only words that systemd uses in the initramfs, too
};

}  // namespace lktest
