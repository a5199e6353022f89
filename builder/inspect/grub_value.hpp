// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "builder/inspect/grub_script.hpp"

namespace lktest {

/// A word after expansion.
struct GrubArgument {
    std::string text;
    bool certain = true;  ///< every variable in it is known
};

/// GRUB's variables. A value that differs between two paths to the same place is unknown.
class GrubVariables {
public:
    /// @param known  a variable that was never set is empty; otherwise it is unknown
    explicit GrubVariables(bool known) : known_(known) {}

    std::optional<std::string> get(std::string_view name) const;
    void set(const std::string& name, std::optional<std::string> value);
    void forget_unset() { known_ = false; }  ///< after load_env
    void merge(const GrubVariables& other);

    std::vector<GrubArgument> expand(const std::vector<GrubWord>& words) const;

private:
    GrubArgument expand(const GrubWord& word, bool& keep) const;

    std::map<std::string, std::optional<std::string>, std::less<>> values_;
    bool known_;
};

enum class Truth { no, yes, unknown };
Truth negated(Truth value);
Truth both(Truth one, Truth other);
Truth either(Truth one, Truth other);

/// The value of `[ … ]` or `test …`, without the brackets.
/// @param file  whether a path exists; "-d" asks for a directory
Truth evaluate_test(const std::vector<GrubArgument>& arguments,
                    const std::function<Truth(const GrubArgument& path, char kind)>& file);

}  // namespace lktest
