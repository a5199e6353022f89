// SPDX-License-Identifier: MIT
#include "builder/tree/oci.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "builder/base/file.hpp"
#include "builder/image/checksums.hpp"
#include "builder/tests/support/error_of.hpp"
#include "builder/tests/support/make_deb.hpp"

namespace lktest {
namespace {
namespace fs = std::filesystem;

constexpr mode_t directory = 040755, symlink = 0120777;

std::string sha256(const std::string& bytes) {
    const ImageFile file{"x", bytes};
    return digests({&file, 1}).front().sha256;
}

/// A container image under construction: an OCI layout, or what `docker save` writes.
struct Image {
    TempDir dir;
    fs::path layout = dir.path() / "image";
    fs::path cache = dir.path() / "cache";
    std::string layers, diff_ids, index;
    std::vector<DebEntry> archive;
    std::string docker_layers;

    Image() {
        make_directories(layout / "blobs/sha256");
        make_directories(cache);
        write_file(layout / "oci-layout", R"({"imageLayoutVersion":"1.0.0"})");
    }
    std::string blob(const std::string& bytes) {
        const std::string hex = sha256(bytes);
        write_file(layout / "blobs/sha256" / hex, bytes);
        return fmt::format(R"("digest":"sha256:{}","size":{})", hex, bytes.size());
    }
    void layer(const std::vector<DebEntry>& entries, const std::string& filter = "none") {
        const std::string plain = make_tar(entries, false, "none"), packed = make_tar(entries, false, filter);
        const std::string comma = layers.empty() ? "" : ",";
        layers += fmt::format(R"({}{{"mediaType":"application/vnd.oci.image.layer.v1.tar+{}",{}}})", comma,
                              filter, blob(packed));
        diff_ids += fmt::format(R"({}"sha256:{}")", comma, sha256(plain));
        const std::string name = fmt::format("{}/layer.tar", sha256(plain));
        archive.push_back({.path = name, .text = plain});
        docker_layers += fmt::format(R"({}"{}")", comma, name);
    }
    std::string config(const std::string& arch) {
        return fmt::format(
            R"({{"architecture":"{}","os":"linux","rootfs":{{"type":"layers","diff_ids":[{}]}}}})", arch,
            diff_ids);
    }
    /// Adds the layers so far as an image.
    void image(const std::string& name, const std::string& arch = "amd64") {
        const std::string manifest =
            fmt::format(R"({{"config":{{{}}},"layers":[{}]}})", blob(config(arch)), layers);
        index += fmt::format(R"({}{{{},"annotations":{{"org.opencontainers.image.ref.name":"{}"}},)"
                             R"("platform":{{"architecture":"{}","os":"linux"}}}})",
                             index.empty() ? "" : ",", blob(manifest), name, arch);
        write_file(layout / "index.json", fmt::format(R"({{"manifests":[{}]}})", index));
        archive.push_back({.path = sha256(config(arch)) + ".json", .text = config(arch)});
        archive.push_back({.path = "manifest.json",
                           .text = fmt::format(R"([{{"Config":"{}.json","RepoTags":["{}"],"Layers":[{}]}}])",
                                               sha256(config(arch)), name, docker_layers)});
    }
    fs::path docker_save(const std::string& filter = "none") {
        const fs::path file = dir.path() / "saved.tar";
        write_file(file, make_tar(archive, false, filter));
        return file;
    }
    FileTree read(const std::vector<std::string>& names = {}) { return read_from(layout, names); }
    FileTree read_from(const fs::path& path, const std::vector<std::string>& names = {}) {
        return oci_root({path, Arch::x86_64, names, {}}, cache, [](auto) {}).tree;
    }
    std::string refusal(const std::vector<std::string>& names = {}) {
        return error_of([&] { read(names); });
    }
};

std::string paths(const FileTree& tree) {
    std::string text;
    tree.walk([&](const std::string& path, const Inode& inode) {
        if (inode.type != NodeType::directory)
            text += path + "=" + (inode.target.empty() ? inode.content.whole() : "→" + inode.target) + " ";
    });
    return text;
}

const std::vector<DebEntry> base{{.path = "etc/a", .text = "1"},
                                 {.path = "etc/b", .text = "1"},
                                 {.path = "var/lib/x", .text = "1"},
                                 {.path = "var/lib/y", .text = "1"},
                                 {.path = "usr/lib/l", .text = "1"},
                                 {.path = "lib", .mode = symlink, .text = "usr/lib"},
                                 {.path = "opt", .mode = symlink, .text = "usr"}};
const std::vector<DebEntry> upper{{.path = "etc/.wh.a"},
                                  {.path = "etc/b", .text = "2"},
                                  {.path = "var/lib/new", .text = "2"},
                                  {.path = "var/lib/.wh..wh..opq"},
                                  {.path = "lib/m", .text = "2"},
                                  {.path = "opt/", .mode = directory},
                                  {.path = "opt/o", .text = "2"},
                                  {.path = "etc/hard", .hardlink = "usr/lib/l"}};
constexpr const char* united =
    "/etc/b=2 /etc/hard=1 /lib=→usr/lib /opt/o=2 /usr/lib/l=1 /usr/lib/m=2 /var/lib/new=2 ";

TEST(OciImage, AppliesLayersInOrderFromEachKindOfImage) {
    for (const char* filter : {"none", "gzip", "zstd"}) {
        Image image;
        image.layer(base, filter);
        image.layer(upper, filter);
        image.image("a:1");
        EXPECT_TRUE(is_oci_image(image.layout));
        EXPECT_EQ(paths(image.read()), united) << filter;
        const fs::path saved = image.docker_save(filter);
        EXPECT_TRUE(is_oci_image(saved)) << filter;
        EXPECT_EQ(paths(image.read_from(saved)), united) << filter;
    }
}

TEST(OciImage, IsNotAnOrdinaryTarOrDirectory) {
    const TempDir dir;
    EXPECT_FALSE(is_oci_image(dir.path()));
    EXPECT_FALSE(is_oci_image(dir.path() / "nothing"));
    write_file(dir.path() / "root.tar", make_tar({{.path = "./"}, {.path = "./etc/passwd"}}, false, "xz"));
    EXPECT_FALSE(is_oci_image(dir.path() / "root.tar"));
}

TEST(OciImage, AWhiteoutHidesNothingOfItsOwnLayer) {
    Image image;
    image.layer({{.path = "a/old", .text = "1"}});
    image.layer({{.path = "a/new", .text = "2"},
                 {.path = "a/.wh..wh..opq"},
                 {.path = "a/old", .text = "2"},
                 {.path = "a/.wh.old"}});
    image.image("a");
    EXPECT_EQ(paths(image.read()), "/a/new=2 /a/old=2 ");
}

TEST(OciImage, IsChosenByNameAndMachine) {
    Image image;
    image.layer({{.path = "one", .text = "1"}});
    image.image("a:1");
    image.image("b:1", "arm64");
    EXPECT_EQ(paths(image.read()), "/one=1 ");
    image.layer({{.path = "two", .text = "2"}});
    image.image("c:1");
    EXPECT_EQ(image.refusal(),
              "usage: " + image.layout.string() +
                  " has 2 images for x86_64: a:1, c:1\nhint: choose one in [root] of a recipe: "
                  "images = [\"NAME\"]");
    EXPECT_EQ(paths(image.read({"c:1"})), "/one=1 /two=2 ");
    EXPECT_TRUE(image.refusal({"b:1"}).starts_with("usage: " + image.layout.string() +
                                                   " has no image for x86_64, only for arm64"))
        << image.refusal({"b:1"});
    EXPECT_TRUE(image.refusal({"z"}).ends_with("has no image z\nhint: it has: a:1, b:1, c:1"));
}

TEST(OciImage, IsRefusedIfABlobIsAnother) {
    for (const char* part : {"layer", "manifest", "config"}) {
        Image image;
        image.layer({{.path = "one", .text = "1"}}, "gzip");
        image.image("a");
        int changed = 0;
        for (const fs::directory_entry& entry : fs::directory_iterator(image.layout / "blobs/sha256")) {
            std::string bytes = read_file(entry.path());
            const bool json = bytes.starts_with("{");
            if ((part == std::string("layer")) == !json &&
                (!json || bytes.starts_with("{\"config\"") == (part == std::string("manifest")))) {
                bytes.back() ^= 1;
                write_file(entry.path(), bytes);
                ++changed;
            }
        }
        EXPECT_EQ(changed, 1) << part;
        EXPECT_NE(image.refusal().find("is not a sound container image: "), std::string::npos)
            << part << image.refusal();
        EXPECT_NE(image.refusal().find("SHA-256"), std::string::npos) << part << image.refusal();
    }
}

TEST(OciImage, IsRefusedIfALayerLeadsOutOfIt) {
    for (const char* path : {"../../etc/cron.d/x", "a/../../b", "a/.wh...", "a/.wh..", "a/.wh."}) {
        Image image;
        image.layer({{.path = "a/x"}});
        image.layer({{.path = path, .text = "1"}});
        image.image("a");
        EXPECT_NE(image.refusal().find("is not a sound container image: its layer has the"),
                  std::string::npos)
            << path << image.refusal();
    }
}

TEST(OciImage, ReadsNoFileOutsideItself) {
    Image image;
    image.layer({{.path = "one", .text = "1"}});
    image.image("a");
    const std::string hex = sha256(make_tar({{.path = "one", .text = "1"}}, false, "none"));
    const fs::path blob = image.layout / "blobs/sha256" / hex, outside = image.dir.path() / "outside";
    fs::rename(blob, outside);
    fs::create_symlink(outside, blob);
    EXPECT_NE(image.refusal().find("it lacks the layer /blobs/sha256/" + hex), std::string::npos)
        << image.refusal();
}

TEST(OciImage, IsRefusedForAnyOtherFault) {
    const auto refusal = [](const std::string& index) {
        Image image;
        write_file(image.layout / "index.json", index);
        return image.refusal();
    };
    EXPECT_NE(refusal("{").find("/index.json is not JSON"), std::string::npos);
    for (const char* index : {"[]", "{}", R"({"manifests":3})", R"({"manifests":[]})"})
        EXPECT_TRUE(refusal(index).starts_with("usage: ")) << index << refusal(index);
    EXPECT_NE(refusal(R"({"manifests":[{"digest":"sha256:../../x"}]})").find("is not a SHA-256 digest"),
              std::string::npos);
    EXPECT_NE(refusal(R"({"manifests":[{"digest":"md5:0"}]})").find("is not a SHA-256 digest"),
              std::string::npos);
    Image helm;
    helm.layers = R"({"mediaType":"application/vnd.cncf.helm.chart","digest":"sha256:0"})";
    helm.diff_ids = "\"sha256:" + std::string(64, '0') + "\"";
    helm.image("chart");
    EXPECT_NE(helm.refusal().find("is not a file system"), std::string::npos) << helm.refusal();
}

}  // namespace
}  // namespace lktest
