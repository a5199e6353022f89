// SPDX-License-Identifier: MIT
#include "builder/inspect/grub_value.hpp"

#include <algorithm>

namespace lktest {
namespace {

constexpr std::size_t variable_limit = 2'000, text_size_limit = 16'384;

/// Evaluates the arguments of test: `-o` binds weaker than `-a`, as in POSIX.
class Test {
public:
    Test(const std::vector<GrubArgument>& arguments,
         const std::function<Truth(const GrubArgument&, char)>& file)
        : arguments_(arguments), file_(file) {}

    Truth alternatives(int depth = 0) {
        Truth value = conjunction(depth);
        while (take("-o"))
            value = either(value, conjunction(depth));
        return value;
    }

private:
    bool take(std::string_view text) {
        if (at_ >= arguments_.size() || arguments_[at_].text != text)
            return false;
        ++at_;
        return true;
    }

    Truth conjunction(int depth) {
        Truth value = primary(depth);
        while (take("-a"))
            value = both(value, primary(depth));
        return value;
    }

    bool is_operator(std::size_t at) const {
        static const std::vector<std::string_view> all{"=",   "==",   "!=",   "-eq", "-ge", "-gt",
                                                       "-le", "-lt",  "-ne",  "<",   "<=",  ">",
                                                       ">=",  "-pgt", "-plt", "-nt", "-ot"};
        return at < arguments_.size() && std::ranges::find(all, arguments_[at].text) != all.end();
    }

    Truth primary(int depth) {
        constexpr int depth_limit = 50;
        if (at_ >= arguments_.size() || depth > depth_limit)
            return Truth::no;
        if (take("!"))
            return negated(primary(depth + 1));
        if (take("(")) {
            const Truth value = alternatives(depth + 1);
            take(")");
            return value;
        }
        if (is_operator(at_ + 1))
            return comparison();
        const GrubArgument first = arguments_[at_++];
        if (first.text.size() == 2 && first.text[0] == '-' && at_ < arguments_.size()) {
            const char kind = first.text[1];
            if (kind == 'z' || kind == 'n') {
                const Truth empty = emptiness(arguments_[at_++]);
                return kind == 'z' ? empty : negated(empty);
            }
            if (kind == 'e' || kind == 'f' || kind == 'd' || kind == 's')
                return file_(arguments_[at_++], kind);
        }
        return negated(emptiness(first));
    }

    static Truth emptiness(const GrubArgument& argument) {
        if (!argument.text.empty())
            return Truth::no;
        return argument.certain ? Truth::yes : Truth::unknown;
    }

    Truth comparison() {
        const GrubArgument& one = arguments_[at_];
        const std::string& how = arguments_[at_ + 1].text;
        if (at_ + 2 >= arguments_.size()) {
            at_ = arguments_.size();
            return Truth::unknown;
        }
        const GrubArgument& other = arguments_[at_ + 2];
        at_ += 3;
        if (!one.certain || !other.certain)
            return Truth::unknown;
        if (how == "=" || how == "==")
            return one.text == other.text ? Truth::yes : Truth::no;
        if (how == "!=")
            return one.text != other.text ? Truth::yes : Truth::no;
        return Truth::unknown;
    }

    const std::vector<GrubArgument>& arguments_;
    const std::function<Truth(const GrubArgument&, char)>& file_;
    std::size_t at_ = 0;
};

}  // namespace

std::optional<std::string> GrubVariables::get(std::string_view name) const {
    if (const auto value = values_.find(name); value != values_.end())
        return value->second;
    if (name.starts_with("feature_"))
        return "y";
    // These belong to the machine, or to the last command.
    constexpr std::string_view machine[]{"?",         "#",      "@",    "*",           "lockdown",
                                         "shim_lock", "random", "lang", "pxe_blksize", "net_default_server"};
    if (!known_ || std::ranges::find(machine, name) != std::end(machine) ||
        (!name.empty() && name[0] >= '0' && name[0] <= '9'))
        return std::nullopt;
    return "";
}

void GrubVariables::set(const std::string& name, std::optional<std::string> value) {
    if (values_.size() < variable_limit || values_.contains(name))
        values_[name] = std::move(value);
}

void GrubVariables::merge(const GrubVariables& other) {
    const GrubVariables before = *this;
    for (const auto& [name, value] : other.values_)
        if (before.get(name) != value)
            set(name, std::nullopt);
    for (const auto& [name, value] : before.values_)
        if (other.get(name) != value)
            set(name, std::nullopt);
    known_ &= other.known_;
}

GrubArgument GrubVariables::expand(const GrubWord& word, bool& keep) const {
    GrubArgument made;
    for (const GrubWord::Part& part : word.parts) {
        keep |= part.quoted || !part.variable;
        if (!part.variable) {
            made.text += part.text;
        } else if (const auto value = get(part.text)) {
            made.text += *value;
        } else {
            made.certain = false;
        }
        if (made.text.size() > text_size_limit) {
            made.text.resize(text_size_limit);
            made.certain = false;
        }
    }
    keep |= !made.text.empty() || !made.certain;
    return made;
}

std::vector<GrubArgument> GrubVariables::expand(const std::vector<GrubWord>& words) const {
    std::vector<GrubArgument> arguments;
    for (const GrubWord& word : words) {
        bool keep = false;
        GrubArgument argument = expand(word, keep);
        if (keep)
            arguments.push_back(std::move(argument));
    }
    return arguments;
}

Truth negated(Truth value) {
    return value == Truth::unknown ? value : value == Truth::yes ? Truth::no : Truth::yes;
}

Truth both(Truth one, Truth other) {
    if (one == Truth::no || other == Truth::no)
        return Truth::no;
    return one == Truth::yes && other == Truth::yes ? Truth::yes : Truth::unknown;
}

Truth either(Truth one, Truth other) {
    return negated(both(negated(one), negated(other)));
}

Truth evaluate_test(const std::vector<GrubArgument>& arguments,
                    const std::function<Truth(const GrubArgument&, char)>& file) {
    return Test(arguments, file).alternatives();
}

}  // namespace lktest
