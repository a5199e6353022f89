// SPDX-License-Identifier: MIT
#include "builder/inspect/packed_image.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "builder/inspect/path_lookup.hpp"

namespace lktest {

std::string packed_image(const ByteView& file) {
    struct Form {
        std::size_t at;
        std::string_view magic, what;
    };
    constexpr std::array forms{
        Form{0,
             {"\xfd"
              "7zXZ",
              5},
             "compressed with xz"},
        Form{0, {"\x1f\x8b", 2}, "compressed with gzip"},
        Form{0, {"\x28\xb5\x2f\xfd", 4}, "compressed with zstd"},
        Form{0, "BZh", "compressed with bzip2"},
        Form{0, {"\x04\x22\x4d\x18", 4}, "compressed with lz4"},
        Form{0, {"PK\x03\x04", 4}, "a ZIP archive"},
        Form{0, {"7z\xbc\xaf\x27\x1c", 6}, "a 7z archive"},
        Form{257, "ustar", "a tar archive"},
        Form{0, {"QFI\xfb", 4}, "a qcow2 image of a virtual machine"},
        Form{0, "KDMV", "a VMDK image of a virtual machine"},
        Form{0, "vhdxfile", "a VHDX image of a virtual machine"},
        Form{0, "conectix", "a VHD image of a virtual machine"},
        Form{0, "<<< ", "a VDI image of a virtual machine"},
    };
    const std::string head = file.read(0, 512);
    for (const Form& form : forms)
        if (has_text(head, form.at, form.magic))
            return std::string(form.what);
    const std::string text = lower_case(head);
    return text.starts_with("<!doctype html") || text.starts_with("<html")
               ? "a web page (the download gave an error page or a link)"
               : "";
}

}  // namespace lktest
