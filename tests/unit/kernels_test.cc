// Kernels: Debian's names and versions, what apt prints, and trees and images on this machine.
// Nothing here asks the network: the demo and the tests in guests begin with a real fetch.
#include "lab/kernels/kernels.hh"

#include <algorithm>
#include <cstring>

#include "lab/kernels/apt.hh"
#include "lab/kernels/cached.hh"
#include "lab/kernels/names.hh"
#include "lab/kernels/resolve.hh"
#include "lab/kernels/tree.hh"
#include "tests/unit/temporary.hh"
#include "user/process/process.hh"

namespace ringside::lab {
namespace {

using std::filesystem::path;

// --- Names and versions

struct Order {
  const char *older, *newer;
};
constexpr Order kOrders[] = {
    {"6.1.176-1", "6.1.192-2"},
    {"6.1.9-1", "6.1.10-1"},
    {"6.1.192-1", "6.1.192-2"},
    {"6.12.99-1~deb12u1", "6.12.117-1~deb12u1"},
    {"6.12.1-1~deb12u1", "6.12.1-1"},
    {"6.12~rc7-1", "6.12-1"},
    {"6.12-1", "6.12a-1"},
    {"6.12a", "6.12+b"},
    {"9.9-9", "1:0.1-1"},
    {"", "0a"},
    {"1.0-1", "1.0-1+b1"},
    {"6.1~~", "6.1~"},
    {"1-2-3", "1-10-1"},
    {"6.1.0-9", "6.1.0-10"},
};

TEST(KernelNames, VersionsCompareAsDebianSays) {
  for (auto [older, newer] : kOrders) {
    EXPECT_LT(compare_versions(older, newer), 0) << older << " < " << newer;
    EXPECT_GT(compare_versions(newer, older), 0) << newer << " > " << older;
    EXPECT_EQ(compare_versions(newer, newer), 0) << newer;
  }
  EXPECT_EQ(compare_versions("6.01-1", "6.1-1"), 0);
  EXPECT_EQ(compare_versions("0:6.1", "6.1"), 0);
}

TEST(KernelNames, VersionsCompareAsDpkgDoes) {
  if (!find_program("dpkg")) GTEST_SKIP() << "dpkg is not installed";
  for (auto [older, newer] : kOrders) {
    auto dpkg = run_process({{"dpkg", "--compare-versions", older, "lt", newer}, {}, {}});
    ASSERT_TRUE(dpkg);
    EXPECT_EQ(dpkg->status, 0) << older << " < " << newer;
  }
}

TEST(KernelNames, ASeriesIsTwoNumbersAndAFlavour) {
  EXPECT_EQ(parse_series("6.1"), (Series{"6.1", ""}));
  EXPECT_EQ(parse_series("6.12-rt"), (Series{"6.12", "rt"}));
  EXPECT_EQ(parse_series("6.12-cloud"), (Series{"6.12", "cloud"}));
  for (const char* name : {"", "6", "6.", ".1", "6.1-", "6.1-foo", "6.1.0", "6.1-rt-cloud", "v6.1"})
    EXPECT_EQ(parse_series(name), std::nullopt) << name;
}

TEST(KernelNames, AReleaseBelongsToASeries) {
  EXPECT_EQ(series_of("6.1.0-56-amd64"), (Series{"6.1", ""}));
  EXPECT_EQ(series_of("6.12.117+deb12-cloud-amd64"), (Series{"6.12", "cloud"}));
  EXPECT_EQ(series_of("6.1.0-56-rt-amd64"), (Series{"6.1", "rt"}));
  EXPECT_EQ(series_of("6.12.117-kasan"), (Series{"6.12", "kasan"}));
  EXPECT_EQ(series_of("6.18.44-self-made"), (Series{"6.18", ""}));
  EXPECT_EQ(series_of("next"), std::nullopt);
}

TEST(KernelNames, AnImagePackageNamesItsRelease) {
  EXPECT_EQ(release_of_package("linux-image-6.1.0-56-amd64"), "6.1.0-56-amd64");
  EXPECT_EQ(release_of_package("linux-image-6.1.0-56-amd64-unsigned"), "6.1.0-56-amd64");
  EXPECT_EQ(release_of_package("linux-image-6.12.117+deb12-rt-amd64"), "6.12.117+deb12-rt-amd64");
  for (const char* name : {"linux-image-amd64", "linux-image-rt-amd64", "linux-image-6.12-amd64",
                           "linux-image-6.12-rt-amd64", "linux-image-6.1.0-56-amd64-dbg",
                           "linux-headers-6.1.0-56-amd64", "linux-image-", ""})
    EXPECT_EQ(release_of_package(name), "") << name;
}

TEST(KernelNames, AReleaseMayStandInAPath) {
  EXPECT_TRUE(is_release("6.12.117+deb12-amd64"));
  for (const auto& text : {std::string(), std::string(".."), std::string("a/b"), std::string("a b"),
                           std::string("a\0b", 3), std::string(64, '6')})
    EXPECT_FALSE(is_release(text)) << text;
}

// --- What apt prints

constexpr const char* kMetapackage =
    "Package: linux-image-amd64\n"
    "Source: linux-signed-amd64 (6.1.192+2)\n"
    "Version: 6.1.192-2\n"
    "Provides: linux-image-generic, wireguard-modules (= 1.0.0)\n"
    "Depends: linux-image-6.1.0-56-amd64 (= 6.1.192-2)\n"
    "Description-en: Linux for 64-bit PCs\n"
    " Depends: is no field here\n";

std::string headers_stanza(const std::string& version) {
  return "Package: linux-headers-6.1.0-56-amd64\nVersion: " + version +
         "\nDepends: linux-base (>= 4.12~), linux-headers-6.1.0-56-common (= " + version +
         "), linux-image-6.1.0-56-amd64 (= 1) | linux-image-6.1.0-56-amd64-unsigned (= 1), "
         "linux-kbuild-6.1 (>= 6.1), gcc-12:any\n\n";
}

TEST(Apt, StanzasHaveNameVersionAndDependencies) {
  auto stanzas = parse_stanzas(std::string(kMetapackage) + "\n\nN: noise\n\nPackage: no-version\n");
  ASSERT_EQ(stanzas.size(), 1u);
  EXPECT_EQ(stanzas[0].package, (Package{"linux-image-amd64", "6.1.192-2"}));
  EXPECT_EQ(stanzas[0].depends, "linux-image-6.1.0-56-amd64 (= 6.1.192-2)");
}

TEST(Apt, DependenciesAreFirstAlternativesWithExactVersions) {
  auto stanzas = parse_stanzas(headers_stanza("6.1.192-2"));
  ASSERT_EQ(stanzas.size(), 1u);
  EXPECT_EQ(parse_depends(stanzas[0].depends),
            (std::vector<Package>{{"linux-base", ""},
                                  {"linux-headers-6.1.0-56-common", "6.1.192-2"},
                                  {"linux-image-6.1.0-56-amd64", "1"},
                                  {"linux-kbuild-6.1", ""},
                                  {"gcc-12", ""}}));
  EXPECT_TRUE(parse_depends(" , ,| ").empty());
  EXPECT_EQ(parse_depends("a (= "), (std::vector<Package>{{"a", ""}}));
}

TEST(Apt, UrisAreFilesAndSizes) {
  auto archives = parse_uris(
      "Reading lists\n'http://h/p/a_1_amd64.deb' a_1%3a2_amd64.deb 70550672 SHA256:0f\n"
      "'http://h/b' b.txt 12\n'http://h/c.deb' c.deb twelve SHA256:0\n'\n");
  ASSERT_EQ(archives.size(), 1u);
  EXPECT_EQ(archives[0].file, "a_1%3a2_amd64.deb");
  EXPECT_EQ(archives[0].bytes, 70550672u);
}

TEST(Apt, TheComplaintIsTheFirstErrorOrWarning) {
  EXPECT_EQ(pick_complaint("W: slow\nE: no space\nE: so I stop\n"), "no space");
  EXPECT_EQ(pick_complaint("noise\nW: no route\nW: ignored\n"), "no route");
  EXPECT_EQ(pick_complaint(""), "it gave no reason");
}

// --- From names to packages

TEST(Resolve, ASeriesIsWhatItsMetapackageDependsOn) {
  auto image = pick_image("6.1", parse_stanzas(kMetapackage));
  ASSERT_TRUE(image);
  EXPECT_EQ(*image, (Package{"linux-image-6.1.0-56-amd64", "6.1.192-2"}));
}

TEST(Resolve, AMetapackageOfAnotherSeriesIsNoAnswer) {
  auto image = pick_image("6.12", parse_stanzas(kMetapackage));
  ASSERT_FALSE(image);
  EXPECT_EQ(image.error().message,
            "6.12: the package lists have no such kernel (looked for linux-image-6.12-amd64, "
            "linux-image-amd64); linux-image-amd64 is linux-image-6.1.0-56-amd64");
  EXPECT_FALSE(pick_image("6.1-rt", parse_stanzas(kMetapackage)));
  EXPECT_FALSE(pick_image("6.1", {}));
}

TEST(Resolve, APackageIsItself) {
  Stanza stanza{{"linux-image-6.12.99+deb12-amd64", "6.12.99-1"}, "kmod, initramfs-tools"};
  auto image = pick_image(stanza.package.name, {stanza});
  ASSERT_TRUE(image);
  EXPECT_EQ(*image, stanza.package);
  auto behind = pick_image("linux-image-amd64", parse_stanzas(kMetapackage));
  ASSERT_TRUE(behind);
  EXPECT_EQ(behind->name, "linux-image-6.1.0-56-amd64");
}

TEST(Resolve, HeadersAreOfTheImagesVersionElseTheNewest) {
  auto stanzas = parse_stanzas(headers_stanza("6.1.9-1") + headers_stanza("6.1.192-2") +
                               headers_stanza("6.1.176-1"));
  auto exact = pick_headers("linux-headers-6.1.0-56-amd64", "6.1.176-1", stanzas);
  EXPECT_EQ(exact, (std::vector<Package>{{"linux-headers-6.1.0-56-amd64", "6.1.176-1"},
                                         {"linux-headers-6.1.0-56-common", "6.1.176-1"},
                                         {"linux-kbuild-6.1", ""}}));
  auto newest = pick_headers("linux-headers-6.1.0-56-amd64", "6.1.177-1", stanzas);
  ASSERT_EQ(newest.size(), 3u);
  EXPECT_EQ(newest[0].version, "6.1.192-2");
  EXPECT_TRUE(pick_headers("linux-headers-6.1.0-49-amd64", "6.1.176-1", stanzas).empty());
}

TEST(Resolve, OnlySeriesAndImagePackagesCanBeFetched) {
  EXPECT_TRUE(check_fetchable("6.12-cloud"));
  EXPECT_TRUE(check_fetchable("linux-image-6.1.0-56-amd64"));
  EXPECT_FALSE(check_fetchable("bash"));
  EXPECT_FALSE(check_fetchable("--option"));
}

// --- Trees

class KernelsTest : public TemporaryTest {
 protected:
  // An unpacked package of `release`, as dpkg-deb -x leaves it, with headers.
  void make_tree(const path& tree, const std::string& release) {
    auto modules = tree / "lib/modules" / release;
    write(tree / "boot" / ("vmlinuz-" + release), "image");
    write(modules / "kernel/fs/ext4/ext4.ko", "");
    write(modules / "modules.order", "kernel/fs/ext4/ext4.ko\n");
    write(modules / "modules.builtin", "");
    write(headers(tree, release) / "Makefile", "include /usr/src/ringside-common/Makefile\n");
    write(tree / "usr/src/ringside-common/Makefile", "all: ; @echo built by $(CURDIR)\n");
    std::filesystem::create_symlink("/usr/src/linux-headers-" + release, modules / "build");
    std::filesystem::create_symlink("/usr/src/not-in-the-tree", modules / "source");
  }
  static path headers(const path& tree, const std::string& release) {
    return tree / "usr/src" / ("linux-headers-" + release);
  }
  void add_cached(const std::string& package, const std::string& version) {
    auto release = release_of_package(package);
    write(kernels_folder() / (package + "_" + version) / "boot" / ("vmlinuz-" + release), "image");
  }
  std::vector<std::string> progress_;
  Progress progress() {
    return [this](const std::string& line) { progress_.push_back(line); };
  }
};

TEST_F(KernelsTest, IncludesAreNamedFromTheMakefilesPlace) {
  EXPECT_EQ(relocate_includes("# /usr/src/kept\ninclude /usr/src/linux-headers-1-common/Makefile\n"
                              "include /usr/lib/linux-kbuild-1/x\ninclude /etc/kept\n"),
            "# /usr/src/kept\n"
            "include $(dir $(lastword $(MAKEFILE_LIST)))../linux-headers-1-common/Makefile\n"
            "include $(dir $(lastword $(MAKEFILE_LIST)))../../lib/linux-kbuild-1/x\n"
            "include /etc/kept\n");
  EXPECT_EQ(relocate_includes(""), "");
}

TEST_F(KernelsTest, APreparedTreeWorksWhereverItIsMoved) {
  auto before = folder_ / "before", after = folder_ / "after";
  make_tree(before, "6.1.0-1-amd64");
  auto raw = kernel_in(before, "6.1.0-1-amd64");
  ASSERT_TRUE(raw);
  EXPECT_EQ(raw->headers, "");  // they include what is not installed here
  auto prepared = prepare_tree(before, "6.1.0-1-amd64", progress());
  ASSERT_TRUE(prepared) << prepared.error().message;
  std::filesystem::rename(before, after);

  auto kernel = kernel_in(after, "6.1.0-1-amd64");
  ASSERT_TRUE(kernel);
  EXPECT_EQ(kernel->headers, headers(after, "6.1.0-1-amd64"));
  EXPECT_EQ(kernel->modules, after / "lib/modules/6.1.0-1-amd64");
  EXPECT_TRUE(std::filesystem::equivalent(kernel->modules / "build", kernel->headers));
  EXPECT_FALSE(std::filesystem::is_symlink(kernel->modules / "source"));
  auto make = output_of({{"make", "-s", "-C", kernel->headers.native()}, {}, {}});
  ASSERT_TRUE(make) << make.error().message;
  EXPECT_EQ(*make, "built by " + kernel->headers.native() + "\n");
  EXPECT_TRUE(is_complete(after, "6.1.0-1-amd64"));
}

TEST_F(KernelsTest, ModulesAreIndexedWhereKmodIs) {
  if (!find_program("depmod")) GTEST_SKIP() << "kmod is not installed";
  make_tree(folder_ / "tree", "6.1.0-1-amd64");
  ASSERT_TRUE(prepare_tree(folder_ / "tree", "6.1.0-1-amd64", progress()));
  auto index = folder_ / "tree/lib/modules/6.1.0-1-amd64/modules.dep";
  EXPECT_TRUE(std::filesystem::exists(index));
  std::filesystem::remove(index);
  EXPECT_FALSE(is_complete(folder_ / "tree", "6.1.0-1-amd64"));
}

TEST_F(KernelsTest, AMergedUsrIsAsGood) {
  auto tree = folder_ / "tree";
  make_tree(tree, "6.12.1-amd64");
  std::filesystem::create_directories(tree / "usr/lib");
  std::filesystem::rename(tree / "lib/modules", tree / "usr/lib/modules");
  std::filesystem::remove(tree / "lib");
  auto prepared = prepare_tree(tree, "6.12.1-amd64", progress());
  ASSERT_TRUE(prepared) << prepared.error().message;
  EXPECT_TRUE(is_complete(tree, "6.12.1-amd64"));
  EXPECT_TRUE(std::filesystem::equivalent(tree / "usr/lib/modules/6.12.1-amd64/build",
                                          headers(tree, "6.12.1-amd64")));
}

TEST_F(KernelsTest, ADamagedTreeIsNotComplete) {
  make_tree(folder_ / "tree", "6.1.0-1-amd64");
  ASSERT_TRUE(prepare_tree(folder_ / "tree", "6.1.0-1-amd64", progress()));
  std::filesystem::remove(headers(folder_ / "tree", "6.1.0-1-amd64") / "Makefile");
  EXPECT_FALSE(is_complete(folder_ / "tree", "6.1.0-1-amd64"));
  EXPECT_FALSE(is_complete(folder_ / "tree", "6.1.0-2-amd64"));
}

TEST_F(KernelsTest, ATreeIsFoundByItsPath) {
  make_tree(folder_ / "tree", "6.1.0-1-amd64");
  auto kernel = find_kernel((folder_ / "tree").native());
  ASSERT_TRUE(kernel) << kernel.error().message;
  EXPECT_EQ(kernel->release, "6.1.0-1-amd64");
  EXPECT_EQ(kernel->image, folder_ / "tree/boot/vmlinuz-6.1.0-1-amd64");
  EXPECT_EQ(kernel->name, (folder_ / "tree").native());

  write(folder_ / "tree/boot/vmlinuz-6.1.0-10-amd64", "image");
  auto two = find_kernel((folder_ / "tree").native());
  ASSERT_FALSE(two);
  EXPECT_NE(two.error().message.find("boot/vmlinuz-6.1.0-10-amd64"), std::string::npos);
  auto none = find_kernel((folder_ / "tree/usr").native());
  ASSERT_FALSE(none);
  EXPECT_NE(none.error().message.find("expected boot/vmlinuz-RELEASE"), std::string::npos);
}

// --- The cache

TEST_F(KernelsTest, ASeriesIsTheNewestInTheCache) {
  add_cached("linux-image-6.1.0-9-amd64", "6.1.27-1");
  add_cached("linux-image-6.1.0-56-amd64", "6.1.192-2");
  add_cached("linux-image-6.1.0-53-amd64", "6.1.180-1");
  add_cached("linux-image-6.1.0-57-rt-amd64", "6.1.200-1");
  auto newest = find_kernel("6.1");
  ASSERT_TRUE(newest);
  EXPECT_EQ(newest->release, "6.1.0-56-amd64");
  EXPECT_EQ(newest->package, "linux-image-6.1.0-56-amd64_6.1.192-2");
  EXPECT_EQ(newest->name, "6.1");
  for (const char* name :
       {"linux-image-6.1.0-9-amd64", "linux-image-6.1.0-9-amd64_6.1.27-1", "6.1.0-9-amd64"}) {
    auto old = find_kernel(name);
    ASSERT_TRUE(old) << name;
    EXPECT_EQ(old->release, "6.1.0-9-amd64");
    EXPECT_EQ(old->name, name);
  }
  EXPECT_FALSE(find_kernel("6.12"));
}

TEST_F(KernelsTest, SanitizedKernelsAreAFlavourOfTheirOwn) {
  auto missing = find_kernel("kasan");
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().message.find("make kasan"), std::string::npos);
  add_cached("linux-image-6.1.192-kasan", "6.1.192-3+0123abcd");
  add_cached("linux-image-6.12.117-kasan", "6.12.117-1~deb12u1+0123abcd");
  add_cached("linux-image-6.12.116+deb12-amd64", "6.12.116-1~deb12u1");
  EXPECT_EQ(find_kernel("6.1-kasan")->release, "6.1.192-kasan");
  EXPECT_EQ(find_kernel("kasan")->release, "6.12.117-kasan");
  EXPECT_EQ(find_kernel("6.12")->release, "6.12.116+deb12-amd64");
}

TEST_F(KernelsTest, TheListNamesEachKernelOnce) {
  add_cached("linux-image-6.1.0-9-amd64", "6.1.27-1");
  add_cached("linux-image-6.1.0-56-amd64", "6.1.192-2");
  add_cached("linux-image-6.12.117+deb12-cloud-amd64", "6.12.117-1~deb12u1");
  write(kernels_folder() / ".linux-image-6.1.0-57-amd64_6.1.201-1.tmp-abcdef/x", "in progress");
  write(kernels_folder() / "linux-image-6.1.0-58-amd64_6.1.202-1/usr/x", "no image");
  write(kernels_folder() / "stray", "file");
  std::vector<std::string> names;
  for (const auto& kernel : cached_kernels()) names.push_back(kernel.name);
  EXPECT_EQ(names,
            (std::vector<std::string>{"linux-image-6.1.0-9-amd64_6.1.27-1", "6.1", "6.12-cloud"}));
}

TEST_F(KernelsTest, WhatIsHereIsFetchedWithoutAWord) {
  add_cached("linux-image-6.1.0-56-amd64", "6.1.192-2");
  auto kernel = fetch_kernel("6.1", Refresh::kNo, progress());
  ASSERT_TRUE(kernel);
  EXPECT_EQ(kernel->release, "6.1.0-56-amd64");
  EXPECT_TRUE(progress_.empty());
}

// It is fetched again, which fails here as Kbuild cannot use this cache's name; it is still better
// than none.
TEST_F(KernelsTest, ADamagedKernelIsFetchedAgain) {
  setenv("XDG_CACHE_HOME", (folder_ / "a folder").c_str(), 1);
  add_cached("linux-image-6.1.0-56-amd64", "6.1.192-2");
  EXPECT_TRUE(fetch_kernel("6.1", Refresh::kNo, progress()));
  EXPECT_TRUE(progress_.empty());
  write(kernels_folder() / "linux-image-6.1.0-56-amd64_6.1.192-2/usr/src/left", "over");
  EXPECT_FALSE(
      is_complete(kernels_folder() / "linux-image-6.1.0-56-amd64_6.1.192-2", "6.1.0-56-amd64"));
  auto kernel = fetch_kernel("6.1", Refresh::kNo, progress());
  EXPECT_TRUE(kernel);
  ASSERT_EQ(progress_.size(), 1u);
  EXPECT_NE(progress_[0].find("set XDG_CACHE_HOME"), std::string::npos);
  EXPECT_NE(progress_[0].find("from the cache"), std::string::npos);
}

TEST_F(KernelsTest, AnUnknownNameSaysWhereItWasLookedForAndWhatHelps) {
  auto kernel = find_kernel("6.12-rt");
  ASSERT_FALSE(kernel);
  for (const auto& part :
       {std::string("6.12-rt"), (folder_ / "ringside/kernels").native(),
        std::string("/boot/vmlinuz-6.12-rt"), std::string("`ringside lab fetch 6.12-rt`")})
    EXPECT_NE(kernel.error().message.find(part), std::string::npos) << part;
  EXPECT_FALSE(find_kernel(""));
  EXPECT_FALSE(find_kernel(".."));
}

TEST_F(KernelsTest, NothingIsFetchedToWhereKbuildCannotWork) {
  setenv("XDG_CACHE_HOME", (folder_ / "a folder").c_str(), 1);
  auto kernel = fetch_kernel("6.1", Refresh::kNo, progress());
  ASSERT_FALSE(kernel);
  EXPECT_NE(kernel.error().message.find("set XDG_CACHE_HOME"), std::string::npos);
  auto stranger = fetch_kernel("bash", Refresh::kYes, progress());
  ASSERT_FALSE(stranger);
  EXPECT_NE(stranger.error().message.find("neither a kernel series"), std::string::npos);
}

// --- Images

// The smallest bzImage: a boot header that names a release, and a gzip magic as payload.
std::string bzimage(const std::string& version) {
  std::string image(0x600, '\0');
  auto put = [&](std::size_t at, std::uint32_t value, std::size_t size) {
    std::memcpy(image.data() + at, &value, size);
  };
  put(0x1f1, 1, 1);           // setup_sects: the payload's part begins at 0x400
  put(0x202, 0x53726448, 4);  // "HdrS"
  put(0x206, 0x020f, 2);      // protocol
  put(0x20e, 0x100, 2);       // kernel_version, less 0x200
  put(0x24c, 0x100, 4);       // payload_length
  std::memcpy(image.data() + 0x300, version.data(), std::min<std::size_t>(version.size(), 0xff));
  std::memcpy(image.data() + 0x400, "\x1f\x8b", 2);
  return image;
}

TEST_F(KernelsTest, AnImageNamesItsReleaseAndFindsItsModules) {
  make_tree(folder_ / "tree", "6.5.0-made-up");
  ASSERT_TRUE(prepare_tree(folder_ / "tree", "6.5.0-made-up", progress()));
  auto image = folder_ / "tree/boot/bzImage";
  write(image, bzimage("6.5.0-made-up (me@here) #1 SMP"));
  auto kernel = find_kernel(image.native());
  ASSERT_TRUE(kernel) << kernel.error().message;
  EXPECT_EQ(kernel->release, "6.5.0-made-up");
  EXPECT_EQ(kernel->image, image);
  EXPECT_EQ(kernel->modules, folder_ / "tree/lib/modules/6.5.0-made-up");
  EXPECT_EQ(kernel->headers, headers(folder_ / "tree", "6.5.0-made-up"));
  EXPECT_EQ(kernel->package, "");
}

TEST_F(KernelsTest, AnImageWithoutModulesIsAKernelToo) {
  write(folder_ / "bzImage", bzimage("6.5.0-made-up"));
  auto kernel = find_kernel((folder_ / "bzImage").native());
  ASSERT_TRUE(kernel);
  EXPECT_EQ(kernel->modules, "");
  EXPECT_EQ(kernel->headers, "");
}

TEST_F(KernelsTest, ATruncatedImageIsRefusedAtEveryLength) {
  auto whole = bzimage("6.5.0-made-up (me@here)");
  constexpr std::size_t kNeeded = 0x500;  // the end of the payload
  for (std::size_t size = 0; size < kNeeded; size += size < 0x260 ? 1 : 37) {
    write(folder_ / "bzImage", whole.substr(0, size));
    auto kernel = find_kernel((folder_ / "bzImage").native());
    ASSERT_FALSE(kernel) << size;
    EXPECT_NE(kernel.error().message.find("bzImage: "), std::string::npos);
  }
  write(folder_ / "bzImage", whole.substr(0, kNeeded));
  EXPECT_TRUE(find_kernel((folder_ / "bzImage").native()));
}

TEST_F(KernelsTest, AHostileReleaseNeverBecomesAPath) {
  for (const char* version : {"../../etc", "", "/", ". x", "a\nb", "6.1\x1b[2J"}) {
    write(folder_ / "bzImage", bzimage(version));
    EXPECT_FALSE(find_kernel((folder_ / "bzImage").native())) << version;
  }
  write(folder_ / "bzImage", bzimage(std::string(200, '6')));
  EXPECT_FALSE(find_kernel((folder_ / "bzImage").native()));
  auto endless = bzimage("6.5.0");
  std::fill(endless.begin() + 0x300, endless.end(), '6');
  write(folder_ / "bzImage", endless);
  EXPECT_FALSE(find_kernel((folder_ / "bzImage").native()));
}

}  // namespace
}  // namespace ringside::lab
