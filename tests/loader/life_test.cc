// Our own modules come and go, RINGSIDE_ROUNDS times each: no device, area or slab stays behind.
// Slab is compared from the middle on: the first rounds fill the kernel's caches.
#include "tests/loader/planned.hh"
#include "user/loader/system.hh"

namespace ringside::loader {
namespace {

constexpr long kNoise = 256;  // KiB of slab that the rest of a guest takes and gives

int rounds() {
  const char* wanted = std::getenv("RINGSIDE_ROUNDS");
  return wanted ? std::atoi(wanted) : 20;
}

struct Ours {
  const char *name, *device;
  Options options;
};

class Life : public PlannedTest, public ::testing::WithParamInterface<Ours> {};

const Options kUnexported = {.placement = Placement::kBind, .unexported = true};

INSTANTIATE_TEST_SUITE_P(, Life,
                         ::testing::Values(Ours{"ringside_loader", "ringside", {}},
                                           Ours{"ringside_space", "ringside-space", kUnexported},
                                           Ours{"ringside_ksyms", "ringside-ksyms", {}},
                                           Ours{"ringside_html", "ringside-html", {}}),
                         [](const auto& info) { return std::string(info.param.name); });

TEST_P(Life, HasNoSlope) {
  auto [name, device, options] = GetParam();
  auto file = std::filesystem::path("/dev") / device;
  auto plan = plan_of(guest::module_file(name), options);
  ASSERT_EQ(plan.steps.size(), 1u);
  auto loader = Loader::create(*kernel_, options);
  ASSERT_TRUE(loader) << loader.error().message;
  auto areas = guest::module_areas();
  long middle = 0;
  for (int round = 0; round < rounds(); ++round) {
    auto done = (*loader)->run(plan);
    ASSERT_TRUE(done) << round << ": " << done.error().message;
    ASSERT_TRUE(std::filesystem::exists(file)) << round;
    ASSERT_GT(guest::module_areas(), areas) << round << ": the count is not of these areas";
    ASSERT_EQ(delete_module(name), 0) << round;
    if (round == rounds() / 2) middle = slab();
  }
  drop_record(name);
  EXPECT_FALSE(std::filesystem::exists(file));
  EXPECT_TRUE(soon([&] { return guest::module_areas() <= areas; }));
  auto growth = slab() - middle;
  EXPECT_LT(growth, kNoise + rounds() / 10) << "KiB of slab over " << rounds() / 2 << " rounds";
  RecordProperty("slab-kib", static_cast<int>(growth));
}

}  // namespace
}  // namespace ringside::loader
