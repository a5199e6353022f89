// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lktest {

/// An ISO 9660 image with Rock Ridge names. The test chooses every byte, so it can be one that writers never
/// make.
class HostileIso {
public:
    static constexpr std::size_t sector = 2048;

    struct Use {  ///< one System Use field (SUSP 1.12)
        static std::string name(std::string_view text, bool continues = false) {
            return std::string("NM") + static_cast<char>(5 + text.size()) + '\1' + (continues ? '\1' : '\0') +
                   std::string(text);
        }
        static std::string elsewhere(std::uint32_t block, std::uint32_t size) {
            return std::string("CE\x1c\1") + both(block) + both(0) + both(size);
        }
    };

    /// @return the number of its first block
    std::uint32_t add(const std::string& bytes) {
        const auto block = static_cast<std::uint32_t>(image_.size() / sector);
        image_ += bytes;
        image_.resize((image_.size() + sector - 1) / sector * sector);
        return block;
    }

    static std::string record(std::string_view name, std::uint32_t block, std::uint32_t size,
                              const std::string& use, char flags = 0) {
        std::string record = std::string(2, '\0') + both(block) + both(size) + std::string(7, '\0') + flags +
                             std::string("\0\0\1\0\0\1", 6) + static_cast<char>(name.size());
        record += name;
        if (name.size() % 2 == 0)
            record += '\0';
        record += use;
        if (record.size() % 2 != 0)
            record += '\0';
        record[0] = static_cast<char>(record.size());
        return record;
    }

    /// The whole image, with these records in its root.
    std::string finish(const std::vector<std::string>& records) {
        std::string root =
            record({"\0", 1}, 0, 0, std::string("SP\7\1\xbe\xef\0", 7), 2) + record("\1", 0, 0, "", 2);
        for (const std::string& record : records) {
            if (root.size() % sector + record.size() > sector)
                root.resize((root.size() / sector + 1) * sector);
            root += record;
        }
        root.resize((root.size() + sector - 1) / sector * sector);
        const auto size = static_cast<std::uint32_t>(root.size());
        const std::uint32_t block = add(root);
        std::string volume(sector, '\0');
        volume.replace(0, 7, "\1CD001\1");
        volume.replace(80, 8, both(static_cast<std::uint32_t>(image_.size() / sector)));
        volume.replace(156, 34, record({"\0", 1}, block, size, "", 2));
        image_.replace(16 * sector, sector, volume);
        image_.replace(17 * sector, 7,
                       "\xff"
                       "CD001\1");
        return image_;
    }

private:
    static std::string both(std::uint32_t value) {
        std::string bytes;
        for (const int shift : {0, 8, 16, 24, 24, 16, 8, 0})
            bytes += static_cast<char>(value >> shift & 0xff);
        return bytes;
    }

    std::string image_ = std::string(20 * sector, '\0');
};

}  // namespace lktest
