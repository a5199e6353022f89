// SPDX-License-Identifier: MIT
#include "builder/tree/from_packages.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>

#include "builder/base/error.hpp"
#include "builder/tree/deb.hpp"
#include "builder/tree/exclusion.hpp"
#include "builder/tree/tar.hpp"

namespace lktest {
namespace {
namespace fs = std::filesystem;

/// dpkg's rule for what a package may replace; see the header.
void put_as_dpkg(FileTree& tree, const std::string& path, std::shared_ptr<Inode> inode) {
    if (inode->type != NodeType::directory) {
        const std::shared_ptr<Inode> present = tree.find(path);
        if (present && present->type == NodeType::directory) {
            if (inode->type == NodeType::symlink)
                return;
            throw host_error(fmt::format("its file {} is a directory of another package", path));
        }
    }
    tree.put(path, std::move(inode));
}

void add_tar(FileTree& tree, const std::shared_ptr<const MappedFile>& tar, Exclusion& exclusion) {
    read_tar(tar, [&](const std::string& path, std::shared_ptr<Inode> inode) {
        if (!exclusion.covers(path))
            put_as_dpkg(tree, path, std::move(inode));
    });
}

void add(FileTree& tree, const Package& package, const fs::path& cache, Exclusion& exclusion) {
    const std::shared_ptr<const MappedFile> tar = MappedFile::open(data_tar(package.deb, cache));
    try {
        add_tar(tree, tar, exclusion);
    } catch (const Error& error) {
        throw damaged_deb(package.deb, error.what());
    }
}

/// Unpacks what the cache lacks, on all cores: xz is slow.
void unpack_all(const std::vector<Package>& packages, const fs::path& cache, const Progress& progress) {
    std::atomic<std::size_t> next = 0;
    std::mutex mutex;
    std::size_t done = 0;
    std::exception_ptr failure;
    {
        std::vector<std::jthread> threads;
        for (unsigned n = 0; n < std::max(1U, std::thread::hardware_concurrency()); ++n)
            threads.emplace_back([&] {
                for (std::size_t index; (index = next++) < packages.size();) {
                    try {
                        data_tar(packages[index].deb, cache);
                        const std::scoped_lock lock(mutex);
                        if (progress)
                            progress("unpack", ++done, packages.size());
                    } catch (...) {
                        const std::scoped_lock lock(mutex);
                        failure = std::current_exception();
                        next = packages.size();
                    }
                }
            });
    }
    if (failure)
        std::rethrow_exception(failure);
}

}  // namespace

void add_package(FileTree& tree, const Package& package, const fs::path& cache,
                 const std::vector<std::string>& exclude) {
    Exclusion exclusion(exclude);
    add(tree, package, cache, exclusion);
}

FileTree packages_tree(const std::vector<Package>& packages, const fs::path& cache,
                       const std::vector<std::string>& exclude, const Progress& progress) {
    unpack_all(packages, cache, progress);
    FileTree tree;
    std::vector<std::string> merged_directories{"bin", "lib", "sbin"};
    if (std::any_of(packages.begin(), packages.end(),
                    [](const Package& package) { return package.architecture == "amd64"; }))
        merged_directories.emplace_back("lib64");
    for (const std::string& directory : merged_directories) {
        tree.put_directory("/usr/" + directory);
        tree.put_symlink("/" + directory, "usr/" + directory);
    }
    Exclusion exclusion(exclude);
    for (const Package& package : packages)
        add(tree, package, cache, exclusion);
    return tree;
}

}  // namespace lktest
