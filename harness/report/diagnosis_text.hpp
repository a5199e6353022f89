// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "builder/base/json_text.hpp"
#include "harness/report/style.hpp"

namespace lktest {

/// A diagnosis for a person: at most 15 facts. The rest is in diagnosis.json.
/// @param diagnosis  a document of the schema "lktest.diagnosis/1"
std::string diagnosis_text(std::string_view guest, const Json& diagnosis, const Style& style);

}  // namespace lktest
