// The loader's own decisions, on folders of our making in place of /proc, /sys and /run.
#include <gtest/gtest.h>

#include "lab/kernels/kernels.hh"
#include "tests/unit/temporary.hh"
#include "user/loader/bind.hh"
#include "user/loader/compare.hh"
#include "user/loader/config.hh"
#include "user/loader/plan.hh"
#include "user/loader/policy.hh"
#include "user/loader/small_file.hh"
#include "user/loader/unload.hh"

namespace ringside::loader {
namespace {

class Loading : public TemporaryTest {
 protected:
  Roots roots() const { return {folder_ / "proc", folder_ / "sys", folder_ / "run"}; }
  void put(const std::string& file, const std::string& text) { write(folder_ / file, text); }
  void add_module(const std::string& name, const std::vector<std::string>& holders,
                  int references) {
    auto folder = "sys/module/" + name + "/";
    put(folder + "initstate", "live\n");
    put(folder + "refcnt", std::to_string(references) + "\n");
    for (const auto& holder : holders) put(folder + "holders/" + holder, "");
  }
};

TEST_F(Loading, ParametersBelongToTheModuleBeforeThem) {
  auto words = parse_words({"loop", "max_loop=3", "a=b c", "./x=y/z.ko", "q=\"d e\""});
  ASSERT_TRUE(words);
  ASSERT_EQ(words->size(), 2u);
  EXPECT_EQ((*words)[0].parameters, "max_loop=3 a=\"b c\"");
  EXPECT_EQ((*words)[1].module, "./x=y/z.ko");
  EXPECT_EQ((*words)[1].parameters, "q=\"d e\"");
  auto none = parse_words({"a=1"});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().status, kUsage);
}

TEST_F(Loading, ConfigurationAsModprobeReadsIt) {
  put("etc/b.conf", "options snd-hda a=1 \\\n b=2\n# options loop x=1\nblacklist pcspkr\n");
  put("etc/a.conf", "options snd_hda z=0\ninstall usb-storage /bin/false\n");
  put("lib/a.conf", "options loop y=1\n");  // hidden by etc/a.conf
  put("lib/notes.txt", "options loop y=1\n");
  put("cmdline",
      "quiet loop.max_loop=7 x.y modprobe.blacklist=i915,snd-pcm q=\"loop.z=1\" -- a.b=1\n");
  auto config = read_config({folder_ / "etc", folder_ / "lib"}, folder_ / "cmdline");
  EXPECT_EQ(config.options["snd_hda"], "z=0 a=1   b=2");
  EXPECT_EQ(config.options["loop"], "max_loop=7");
  EXPECT_EQ(config.installs["usb_storage"], "/bin/false");
  EXPECT_EQ(config.blacklist, (std::set<std::string>{"i915", "pcspkr", "snd_pcm"}));
  EXPECT_FALSE(config.options.contains("a"));
}

TEST_F(Loading, RecordsCountForTheirInstanceAlone) {
  add_module("loop", {}, 0);
  auto module = loaded_module("loop", roots());
  ASSERT_TRUE(module);
  ASSERT_TRUE(write_record(*module, {Placement::kUser, "/x/loop.ko", "a=1"}, roots()));
  auto record = read_record(*module, roots());
  ASSERT_TRUE(record);
  EXPECT_EQ(record->placement, Placement::kUser);
  EXPECT_EQ(record->file, "/x/loop.ko");
  EXPECT_EQ(recorded_names(roots()), std::vector<std::string>{"loop"});
  auto again = *module;
  ++again.instance;
  EXPECT_FALSE(read_record(again, roots())) << "another instance";
  again = *module, again.build_id = "00";
  EXPECT_FALSE(read_record(again, roots())) << "another build";
  put("run/modules/loop.json", "{\"placement\": 5}");
  EXPECT_FALSE(read_record(*module, roots())) << "damaged";
  drop_record("loop", roots());
  EXPECT_TRUE(recorded_names(roots()).empty());
}

TEST_F(Loading, HoldersAreUnloadedFirst) {
  add_module("jbd2", {"ext4"}, 1);
  add_module("mbcache", {"ext4"}, 1);
  add_module("ext4", {}, 0);
  auto order = unload_order({"jbd2", "ext4", "mbcache"}, roots());
  ASSERT_TRUE(order);
  EXPECT_EQ(*order, (std::vector<std::string>{"ext4", "jbd2", "mbcache"}));
  auto held = unload_order({"jbd2"}, roots());
  ASSERT_FALSE(held);
  EXPECT_EQ(held.error().message, "jbd2: in use by ext4");
  add_module("loop", {}, 2);
  auto used = unload_order({"loop"}, roots());
  ASSERT_FALSE(used);
  EXPECT_NE(used.error().message.find("in use 2 times"), std::string::npos);
  EXPECT_FALSE(unload_order({"absent"}, roots()));
}

TEST_F(Loading, PolicyIsAskedFirst) {
  EXPECT_TRUE(may_load(Placement::kBind, true, roots()));
  put("sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
  EXPECT_TRUE(may_load(Placement::kStock, false, roots()));
  auto locked = may_load(Placement::kBind, true, roots());
  ASSERT_FALSE(locked);
  EXPECT_NE(locked.error().message.find("lockdown is \"integrity\""), std::string::npos);
  put("sys/kernel/security/lockdown", "[none] integrity confidentiality\n");
  put("sys/module/module/parameters/sig_enforce", "Y\n");
  EXPECT_FALSE(may_load(Placement::kUser, true, roots()));
  put("proc/sys/kernel/modules_disabled", "1\n");
  EXPECT_FALSE(may_load(Placement::kStock, false, roots()));
}

TEST_F(Loading, PerCpuAddressesComeFromKallsyms) {
  put("proc/kallsyms",
      "ffffffff81000000 T _text\n0000000000035000 d seq\t[x_tables]\n0000000000036000 d "
      "seq\t[other]\n");
  std::vector<ModuleSymbol> symbols = {{"x_tables", "seq"}, {"x_tables", "absent"}};
  find_addresses(symbols, roots());
  EXPECT_EQ(symbols[0].address, 0x35000u);
  EXPECT_EQ(symbols[1].address, 0u);
}

// With a kernel of the caller's cache, which is found before that is another one.
class Binding : public Loading {
 protected:
  void SetUp() override {
    auto found = lab::find_kernel("6.1");
    if (!found || found->modules.empty()) GTEST_SKIP() << "kernel 6.1 is not in the cache";
    found_ = *found;
    Loading::SetUp();
  }
  void TearDown() override {
    if (!folder_.empty()) Loading::TearDown();
  }

  lab::Kernel found_;
};

// ext4 takes symbols that are for GPL modules only, and then plain ones of jbd2.
TEST_F(Binding, ALoadedModuleIsProprietaryWhereTheKernelSaysSo) {
  auto image = kimage::Image::open(found_.image);
  ASSERT_TRUE(image);
  auto kernel = modules::Kernel::open(*std::move(image), found_.modules);
  ASSERT_TRUE(kernel);
  auto path = [&](const char* name) { return kernel->tree().path_of(*kernel->tree().find(name)); };
  auto file = modules::ModuleFile::open(path("jbd2"));
  ASSERT_TRUE(file);
  auto elf = elf::File::open(file->bytes());
  ASSERT_TRUE(elf);
  auto note = (*elf->find(".note.gnu.build-id"))->data;
  add_module("jbd2", {}, 0);
  put("sys/module/jbd2/notes/.note.gnu.build-id",
      {reinterpret_cast<const char*>(note.data()), note.size()});
  put("sys/module/jbd2/sections/.text", "0xffffffffc0800000\n");
  put("proc/kallsyms", "ffffffff81000000 T _text\n");
  Step step{"ext4", path("ext4"), {}, {}};
  step.verdict.providers = {"jbd2"};
  auto open = [&](const char* taints) {
    put("sys/module/jbd2/taint", taints);
    auto binder = Binder::create(*kernel, roots());
    modules::Linked linked;
    auto opened = (*binder)->open(step, linked);
    return opened ? std::string() : opened.error().message;
  };
  EXPECT_EQ(open("E\n"), "");
  auto refused = open("PE\n");
  EXPECT_NE(refused.find("symbol of a proprietary module"), std::string::npos) << refused;
}

}  // namespace
}  // namespace ringside::loader
