// SPDX-License-Identifier: MIT
#include "harness/run/timings.hpp"

#include <nlohmann/json.hpp>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"

namespace lktest {

Timings read_timings(const std::filesystem::path& file) {
    Timings timings;
    try {
        const nlohmann::json json = nlohmann::json::parse(read_file(file));
        for (const auto& [cell, milliseconds] : json.items())
            timings.emplace(cell, milliseconds.get<std::int64_t>());
    } catch (const Error&) {
        return {};
    } catch (const nlohmann::json::exception&) {
        return {};
    }
    return timings;
}

void remember_timings(const std::filesystem::path& file, const results::Run& run) {
    nlohmann::json json = nlohmann::json::object();
    for (const auto& [cell, time] : read_timings(file))
        json[cell] = time.count();
    for (const results::CellResult& result : run.cells)
        if (result.passed())
            json[result.cell.name] =
                std::chrono::duration_cast<std::chrono::milliseconds>(result.verdict->took).count();
    try {
        AtomicFile whole(file);
        write_file(whole.temporary(), json.dump() + "\n");
        whole.commit();
    } catch (const Error&) {
        return;
    }
}

}  // namespace lktest
