// SPDX-License-Identifier: MIT
#include "harness/history/database.hpp"

#include <fmt/format.h>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"

namespace lktest {
namespace {

namespace fs = std::filesystem;

constexpr int version = 2, patience_ms = 10'000;

constexpr const char* schema = R"(
CREATE TABLE IF NOT EXISTS run(id INTEGER PRIMARY KEY, started TEXT NOT NULL, directory TEXT NOT NULL,
    host TEXT NOT NULL, version TEXT NOT NULL, UNIQUE(started, directory, host));
CREATE TABLE IF NOT EXISTS cell(id INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES run(id),
    name TEXT NOT NULL, accelerator TEXT NOT NULL, outcome TEXT NOT NULL, class TEXT NOT NULL,
    seconds REAL NOT NULL, image TEXT NOT NULL DEFAULT '', UNIQUE(run, name));
CREATE TABLE IF NOT EXISTS milestone(cell INTEGER NOT NULL REFERENCES cell(id), name TEXT NOT NULL,
    at REAL NOT NULL, UNIQUE(cell, name));
CREATE INDEX IF NOT EXISTS cell_by_name ON cell(name, run);
PRAGMA user_version = 2;
)";
constexpr const char* from_version_1 = "ALTER TABLE cell ADD COLUMN image TEXT NOT NULL DEFAULT '';";

/// Ends a transaction that was not committed.
struct Rollback {
    sqlite3* database;
    ~Rollback() {
        if (sqlite3_get_autocommit(database) == 0)
            sqlite3_exec(database, "ROLLBACK", nullptr, nullptr, nullptr);
    }
};

Error fault(const fs::path& file, std::string_view why) {
    return host_error(fmt::format("cannot use the history {}: {}", file.string(), why),
                      "move the file away, or use another --history");
}

int finalize(sqlite3_stmt* statement) {
    return sqlite3_finalize(statement);
}

/// One SQL statement with its values.
class Statement {
public:
    Statement(sqlite3* database, const fs::path& file, const char* sql) : database_(database), file_(file) {
        sqlite3_stmt* made = nullptr;
        if (sqlite3_prepare_v2(database, sql, -1, &made, nullptr) != SQLITE_OK)
            throw fault(file, sqlite3_errmsg(database));
        statement_.reset(made);
    }

    Statement& bind(int index, const std::string& text) {
        sqlite3_bind_text(statement_.get(), index, text.c_str(), static_cast<int>(text.size()),
                          SQLITE_TRANSIENT);
        return *this;
    }
    Statement& bind(int index, std::int64_t number) {
        sqlite3_bind_int64(statement_.get(), index, number);
        return *this;
    }
    Statement& bind(int index, double number) {
        sqlite3_bind_double(statement_.get(), index, number);
        return *this;
    }

    /// @return whether there is a row
    bool step() {
        const int result = sqlite3_step(statement_.get());
        if (result != SQLITE_ROW && result != SQLITE_DONE)
            throw fault(file_, sqlite3_errmsg(database_));
        return result == SQLITE_ROW;
    }
    void run() {
        while (step()) {
        }
        sqlite3_reset(statement_.get());
    }

    std::string text(int column) const {
        const auto* found = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
        return found ? found : "";
    }
    double real(int column) const { return sqlite3_column_double(statement_.get(), column); }
    std::int64_t integer(int column) const { return sqlite3_column_int64(statement_.get(), column); }

private:
    sqlite3* database_;
    const fs::path& file_;
    Handle<sqlite3_stmt, finalize> statement_;
};

/// "tcg"; empty if the run does not record it.
std::string accelerator(const results::Run& run, const std::string& arch) {
    for (const results::AcceleratorUse& use : run.host.accelerators)
        if (use.arch == arch)
            return use.accelerator;
    return "";
}

/// Of the image that a cell booted; empty if the run does not say which bytes those were.
std::string digest(const results::Run& run, const std::string& path) {
    std::string found;
    for (const results::BootedImage& image : run.images) {
        if (image.path != path)
            continue;
        if (!found.empty() || !image.changed.empty())
            return "";
        found = image.sha256;
    }
    return found;
}

double in_seconds(std::chrono::microseconds time) {
    return std::chrono::duration<double>(time).count();
}

}  // namespace

fs::path history_in(const fs::path& results) {
    return results / "history.db";
}

History::History(const fs::path& file) : file_(file) {
    if (file_.has_parent_path())
        make_directories(file_.parent_path());
    sqlite3* opened = nullptr;
    const int result =
        sqlite3_open_v2(file_.c_str(), &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
    database_.reset(opened);
    if (result != SQLITE_OK)
        throw fault(file_, opened ? sqlite3_errmsg(opened) : "out of memory");
    sqlite3_busy_timeout(opened, patience_ms);
    const auto written_by = [&] {
        Statement asked(opened, file_, "PRAGMA user_version");
        return asked.step() ? asked.integer(0) : 0;
    };
    if (const std::int64_t found = written_by(); found > version)
        throw fault(file_, fmt::format("a newer lktest wrote it (version {})", found));
    else if (found == version)
        return;
    const Rollback undo{opened};
    execute("BEGIN IMMEDIATE");
    const std::int64_t found = written_by();  // another process may have been faster
    if (found == 1)
        execute(from_version_1);
    if (found < version)
        execute(schema);
    execute("COMMIT");
}

void History::execute(const char* sql) {
    if (sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK)
        throw fault(file_, sqlite3_errmsg(database_.get()));
}

bool History::record(const results::Run& run) {
    sqlite3* database = database_.get();
    const Rollback undo{database};
    execute("BEGIN IMMEDIATE");
    Statement(database, file_,
              "INSERT OR IGNORE INTO run(started, directory, host, version) VALUES(?, ?, ?, ?)")
        .bind(1, results::utc_time(run.started))
        .bind(2, fs::absolute(run.directory).lexically_normal().string())
        .bind(3, run.host.name)
        .bind(4, run.version)
        .run();
    if (sqlite3_changes(database) == 0)
        return false;
    const std::int64_t id = sqlite3_last_insert_rowid(database);
    Statement cell_row(database, file_,
                       "INSERT OR REPLACE INTO cell(run, name, accelerator, outcome, class, seconds, image) "
                       "VALUES(?, ?, ?, ?, ?, ?, ?)");
    Statement milestone_row(database, file_,
                            "INSERT OR REPLACE INTO milestone(cell, name, at) VALUES(?, ?, ?)");
    for (const results::CellResult& cell : run.cells) {
        if (!cell.verdict || !cell.bootable())
            continue;
        cell_row.bind(1, id)
            .bind(2, cell.cell.name)
            .bind(3, accelerator(run, cell.cell.arch))
            .bind(4, cell.verdict->outcome)
            .bind(5, std::string(results::class_word(cell.verdict->outcome_class)))
            .bind(6, in_seconds(cell.verdict->took))
            .bind(7, digest(run, cell.cell.image_path))
            .run();
        const std::int64_t row = sqlite3_last_insert_rowid(database);
        for (const results::MilestoneTime& milestone : cell.milestones)
            milestone_row.bind(1, row).bind(2, milestone.name).bind(3, in_seconds(milestone.at)).run();
    }
    execute("COMMIT");
    return true;
}

std::vector<Sample> History::samples(std::size_t runs) {
    Statement rows(database_.get(), file_, R"(
        WITH numbered AS (
            SELECT cell.id, cell.name, run.started, run.host, cell.accelerator, cell.outcome, cell.class,
                   cell.seconds, cell.image,
                   row_number() OVER (PARTITION BY cell.name ORDER BY run.started DESC, run.id DESC) AS age
            FROM cell JOIN run ON run.id = cell.run)
        SELECT numbered.id, numbered.name, started, host, accelerator, outcome, class, seconds, image,
               milestone.name, milestone.at
        FROM numbered LEFT JOIN milestone ON milestone.cell = numbered.id
        WHERE age <= ? ORDER BY numbered.name, age DESC, milestone.at)");
    rows.bind(1, static_cast<std::int64_t>(runs));
    std::vector<Sample> found;
    std::int64_t current = -1;
    while (rows.step()) {
        if (rows.integer(0) != current) {
            current = rows.integer(0);
            found.push_back({rows.text(1),
                             rows.text(2),
                             rows.text(3),
                             rows.text(4),
                             rows.text(5),
                             rows.text(6),
                             rows.text(8),
                             rows.real(7),
                             {}});
        }
        if (const std::string milestone = rows.text(9); !milestone.empty())
            found.back().milestones.push_back({milestone, rows.real(10)});
    }
    return found;
}

}  // namespace lktest
