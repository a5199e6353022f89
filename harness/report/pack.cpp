// SPDX-License-Identifier: MIT
#include "harness/report/pack.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <map>

#include "builder/base/json_text.hpp"
#include "harness/report/base64.hpp"

namespace lktest {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t largest_picture = 2 << 20;
/// Limit on all files of a cell, so that a directory full of files cannot fill the page.
constexpr std::uintmax_t most_of_a_cell = 64 << 20;

/// `size` bytes from `offset`; fewer if the file is shorter or cannot be read.
std::string read_part(const fs::path& path, std::uintmax_t offset, std::size_t size) {
    std::ifstream file(path, std::ios::binary);
    file.seekg(static_cast<std::streamoff>(offset));
    std::string part(size, '\0');
    file.read(part.data(), static_cast<std::streamsize>(size));
    part.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
    return part;
}

/// Makes every line printable, and keeps newlines.
std::string printable_lines(std::string_view text) {
    std::string lines;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        if (line.ends_with('\r'))
            line.remove_suffix(1);
        lines += printable(line) + "\n";
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

Json pack_text(const fs::path& path, std::uintmax_t size) {
    if (size <= shown_head + shown_tail)
        return {{"text", printable_lines(read_part(path, 0, static_cast<std::size_t>(size)))}};
    std::string head = read_part(path, 0, shown_head);
    head.resize(head.rfind('\n') + 1);  // whole lines, or 0
    std::string tail = read_part(path, size - shown_tail, shown_tail);
    tail.erase(0, tail.find('\n') + 1);
    return {{"text", printable_lines(head) + printable_lines(tail)},
            {"omitted", size - head.size() - tail.size()},
            {"after", std::ranges::count(head, '\n')}};
}

std::string compress(const std::string& text) {
    uLongf size = ::compressBound(text.size());
    std::string packed(size, '\0');
    ::compress2(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(text.data()),
                text.size(), Z_DEFAULT_COMPRESSION);
    packed.resize(size);
    return packed;
}

bool is_text(const fs::path& path) {
    constexpr std::array endings{".log", ".jsonl", ".json", ".xml", ".txt"};
    return std::ranges::find(endings, path.extension()) != endings.end();
}

}  // namespace

std::string pack_cell(const fs::path& directory, std::size_t cells_of_the_page) {
    std::map<std::string, std::uintmax_t> sizes;
    std::error_code error;
    for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
         entry.increment(error)) {
        std::error_code gone;
        if (entry->is_regular_file(gone) && !entry->is_symlink(gone))
            sizes.emplace(entry->path().filename(), entry->file_size(gone));
    }
    Json files = Json::object(), images = Json::object();
    std::uintmax_t packed = 0;
    for (const auto& [name, size] : sizes) {
        const fs::path path = directory / name;
        packed += std::min<std::uintmax_t>(size, shown_head + shown_tail);
        if (packed > most_of_a_cell)
            break;
        if (is_text(path))
            files[printable(name)] = pack_text(path, size);
        else if (path.extension() == ".png" && size <= largest_picture &&
                 (cells_of_the_page <= cells_with_film || !name.starts_with("film-")))
            images[printable(name)] =
                "data:image/png;base64," + base64(read_part(path, 0, static_cast<std::size_t>(size)));
    }
    if (files.empty() && images.empty())
        return {};
    return base64(compress(Json({{"files", files}, {"images", images}}).dump()));
}

}  // namespace lktest
