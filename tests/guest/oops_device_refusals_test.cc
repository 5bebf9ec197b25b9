// What ringside_oops.ko refuses: tables of other builds, damaged, cut short or never meant as such,
// fields that the ABI does not know, places that are not the caller's, callers without the right.
#include <sys/mman.h>
#include <sys/wait.h>

#include "tests/guest/oops_device.hh"

namespace ringside::armed {
namespace {

TEST_F(OopsDevice, RefusesTablesOfAnotherBuild) {
  TableBytes id = copy_of(table().build_id());
  id[0] ^= std::byte{1};
  auto symbols = few();
  auto place = std::search(symbols.begin(), symbols.end(), id.begin() + 1, id.end()) - 1;
  *place ^= std::byte{1};
  EXPECT_EQ(take_errno(RS_OOPS_SYMBOLS, symbols), EXDEV);
  auto index = lines();
  set_build_id(index, id);
  EXPECT_EQ(take_errno(RS_OOPS_LINES, index), EXDEV);
  auto module = made_module(lines());
  module.id[0] ^= 1;
  EXPECT_EQ(call_errno(RS_OOPS_IOC_TAKE, module), EXDEV);
  EXPECT_EQ(changed_errno(RS_OOPS_IOC_TAKE, made_module(lines()), [](auto& c) { --c.id_bytes; }),
            EXDEV);
}

// None of these is a module's memory, and most must not be touched.
TEST_F(OopsDevice, RefusesRegionsWhereTheModuleIsNot) {
  for (auto where :
       {1ul, 0x40'0000ul, 0x8000'0000'0000ul, 0x6b6b'6b6b'6b6b'6b6bul, 0xffff'8000'0000'0000ul,
        0xffff'ffff'ff60'0000ul, ~0ul, static_cast<unsigned long>(linked("_stext") + offset())}) {
    auto module = made_module(lines());
    module.regions[0] = where, module.id_offset = 0x10;
    EXPECT_EQ(call_errno(RS_OOPS_IOC_TAKE, module), EXDEV) << std::hex << where;
    module.regions[0] = 0, module.regions[1] = where;
    EXPECT_EQ(call_errno(RS_OOPS_IOC_TAKE, module), EXDEV) << "the build-id's has no place";
  }
}

TEST_F(OopsDevice, FindsDamageInSymbolsOrLivesWithIt) {
  expect_damage_found(few(), sizeof(ksyms::Header),
                      [](Bytes bytes) { return take_errno(RS_OOPS_SYMBOLS, bytes); });
  auto whole = copy_of(table().bytes());
  for (Random random; auto at : {131ul, 5'003ul, whole.size() / 2, whole.size() - 99}) {
    whole[at] ^= std::byte{8};
    auto status = take_errno(RS_OOPS_SYMBOLS, whole);
    EXPECT_TRUE(status == 0 || status == EBADMSG || status == EXDEV) << at << ": " << status;
    expect_whole_answers(random);
    whole[at] ^= std::byte{8};
  }
  ASSERT_TRUE(device().take_symbols(table().bytes()));
  auto address = linked("kfree") + 9;
  EXPECT_EQ(frame(address + offset()), " " + symbol_at(address, false) + "\n");
}

TEST_F(OopsDevice, FindsDamageInLinesOrLivesWithIt) {
  ASSERT_TRUE(device().take_symbols(few()));
  expect_damage_found(lines(), sizeof(lines::Header),
                      [](Bytes bytes) { return take_errno(RS_OOPS_LINES, bytes); });
  lines::LineIndex index;
  ASSERT_TRUE(index.open(lines()));
  auto text = frame(linked("_stext") + 1 + offset());
  EXPECT_EQ(text.substr(text.find('#')), text_here(&index, linked("_stext") + 1, "").substr(3));
}

TEST_F(OopsDevice, FindsDamageInAModulesLinesOrLivesWithIt) {
  Subject subject;
  auto loaded = loaded_subject();
  auto table = subject_table();
  ASSERT_TRUE(table.place(loaded));
  auto take_it = [&](Bytes bytes) {
    auto take = table.about();
    auto full = take_of(RS_OOPS_MODULE, bytes);
    full.parts = static_cast<std::uint32_t>(table.parts().size());
    full.part_records = reinterpret_cast<std::uintptr_t>(table.parts().data());
    take.size = full.size, take.version = full.version, take.kind = full.kind;
    take.parts = full.parts, take.part_records = full.part_records;
    take.table = full.table, take.table_bytes = full.table_bytes;
    auto status = call_errno(RS_OOPS_IOC_TAKE, take);
    for (int at = 0; status == 0 && at < 0x3000; at += 0x2f1)
      EXPECT_TRUE(is_whole(frame(loaded.sections.at(".text") + at)));
    return status;
  };
  expect_damage_found(copy_of(table.lines()), sizeof(lines::Header), take_it);
  EXPECT_GT(compare_frames(table, loaded), 200);
}

TEST_F(OopsDevice, FindsDamageInASpacesSymbolsOrLivesWithIt) {
  UniqueFd holder;
  expect_damage_found(space_table(kSpace, "placed"), sizeof(ksyms::Header), [&](Bytes bytes) {
    holder = device_file();
    auto take = take_of(RS_OOPS_SPACE, bytes, "damaged");
    return ioctl(holder.get(), RS_OOPS_IOC_TAKE, &take) == 0 ? 0 : errno;
  });
  EXPECT_EQ(frame(kSpace + 0x3f), " placed+0x3f/0x40 [damaged]\n");
}

TEST_F(OopsDevice, RefusesTablesThatEndEarly) {
  auto space = space_table(kSpace, "placed");
  for (Random random; auto cut : {1ul, 7ul, 8ul, 64ul, 135ul, 136ul, 300ul, 344ul, 1'000ul}) {
    auto from_end = 8 + random.below(200);
    for (auto size : {cut, few().size() - from_end})
      EXPECT_EQ(take_errno(RS_OOPS_SYMBOLS, Bytes(few()).first(size)), EBADMSG) << size;
    for (auto size : {cut, lines().size() - from_end}) {
      auto head = Bytes(lines()).first(size);
      EXPECT_EQ(take_errno(RS_OOPS_LINES, head), EBADMSG) << size;
      auto module = made_module(lines());
      module.table_bytes = size;
      EXPECT_EQ(call_errno(RS_OOPS_IOC_TAKE, module), EBADMSG) << size;
    }
    auto head = Bytes(space).first(std::min(cut, space.size() - from_end % 8 - 8));
    EXPECT_EQ(take_errno(RS_OOPS_SPACE, head, "short"), EBADMSG) << cut;
  }
}

// Errors of a call's first fields and of its number are the same for all calls.
template <class Call>
void expect_head_checked(unsigned long command, const Call& good) {
  auto wrong = [&](auto change) { return changed_errno(command, good, change); };
  EXPECT_EQ(wrong([](auto&) {}), 0);
  EXPECT_EQ(wrong([](auto& call) { call.size = 0; }), EINVAL);
  EXPECT_EQ(wrong([](auto& call) { call.size += 8; }), EINVAL);
  EXPECT_EQ(wrong([](auto& call) { call.size = UINT32_MAX; }), EINVAL);
  EXPECT_EQ(wrong([](auto& call) { call.version = 0; }), EINVAL);
  EXPECT_EQ(wrong([](auto& call) { call.version = RS_OOPS_VERSION + 1; }), EINVAL);
  EXPECT_EQ(wrong([](auto& call) { call.reserved = 1; }), EINVAL);
  auto longer = command + (8u << _IOC_SIZESHIFT), shorter = command - (8u << _IOC_SIZESHIFT);
  EXPECT_EQ(call_errno(longer, good), ENOTTY);
  EXPECT_EQ(call_errno(shorter, good), ENOTTY);
  auto file = device_file();
  for (auto where : {0ul, 8ul, 0xffff'ffff'8100'0000ul})
    EXPECT_TRUE(ioctl(file.get(), command, where) < 0 && errno == EFAULT) << where;
}

TEST_F(OopsDevice, RefusesEveryFieldThatTheAbiDoesNotKnow) {
  std::string room(RS_OOPS_TEXT_MAX, '\0');
  auto framed = call_of<rs_oops_frame>();
  framed.text = reinterpret_cast<std::uintptr_t>(room.data());
  expect_head_checked(RS_OOPS_IOC_TAKE, take_of(RS_OOPS_SYMBOLS, few()));
  expect_head_checked(RS_OOPS_IOC_DROP, call_of<rs_oops_drop>());
  expect_head_checked(RS_OOPS_IOC_ARM, call_of<rs_oops_arm>());
  expect_head_checked(RS_OOPS_IOC_STATUS, call_of<rs_oops_status>());
  expect_head_checked(RS_OOPS_IOC_FRAME, framed);
  EXPECT_EQ(changed_errno(RS_OOPS_IOC_ARM, call_of<rs_oops_arm>(), [](auto& c) { c.on = 2; }),
            EINVAL);
  EXPECT_EQ(changed_errno(RS_OOPS_IOC_STATUS, call_of<rs_oops_status>(),
                          [](auto& c) { c.reserved2 = 1; }),
            EINVAL);
  EXPECT_EQ(changed_errno(RS_OOPS_IOC_FRAME, framed, [](auto& c) { c.is_return = 2; }), EINVAL);
  EXPECT_EQ(changed_errno(RS_OOPS_IOC_DROP, call_of<rs_oops_drop>(),
                          [](auto& c) { std::memset(c.name, 'x', sizeof c.name); }),
            EINVAL);
  EXPECT_EQ(call_errno(_IO('R', 0x40), framed), ENOTTY);
  EXPECT_EQ(call_errno(_IOWR('R', 0x45, rs_oops_arm), call_of<rs_oops_arm>()), ENOTTY);
}

TEST_F(OopsDevice, RefusesHostileSizesAndPlaces) {
  for (std::uint32_t kind : {RS_OOPS_SYMBOLS, RS_OOPS_LINES, RS_OOPS_MODULE, RS_OOPS_SPACE}) {
    auto take = kind == RS_OOPS_MODULE ? made_module(lines()) : take_of(kind, few());
    if (kind == RS_OOPS_SPACE) take = take_of(kind, few(), "hostile");
    auto wrong = [&](auto change) { return changed_errno(RS_OOPS_IOC_TAKE, take, change); };
    EXPECT_EQ(wrong([](auto& call) { call.table_bytes = 0; }), EINVAL);
    EXPECT_EQ(wrong([](auto& call) { call.table_bytes = RS_OOPS_TABLE_MAX + 1; }), E2BIG);
    EXPECT_EQ(wrong([](auto& call) { call.table_bytes = UINT64_MAX; }), E2BIG);
    EXPECT_EQ(wrong([](auto& call) { call.table = 0; }), EFAULT);
    EXPECT_EQ(wrong([](auto& call) { call.table = 0x6b6b'6b6b'6b6b'6b6b; }), EFAULT);
    EXPECT_EQ(wrong([](auto& call) { call.table = kKernelBase + 0x100'0000; }), EFAULT);
    EXPECT_EQ(wrong([](auto& call) { call.table = UINT64_MAX - 8; }), EFAULT);
    // What is refused counts no more: eight such tables would be all that there may be.
    for (int each = 0; each < 20; ++each)
      EXPECT_EQ(wrong([](auto& call) { call.table_bytes = RS_OOPS_TABLE_MAX, call.table = 8; }),
                EFAULT);
  }
}

TEST_F(OopsDevice, TakesNoTableThatIsOnlyPartlyThere) {
  auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  auto* memory = static_cast<char*>(
      mmap(nullptr, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  ASSERT_NE(memory, MAP_FAILED);
  ASSERT_EQ(munmap(memory + 2 * page, page), 0);
  std::memcpy(memory, few().data(), 2 * page);
  auto at = std::as_bytes(std::span(memory, 2 * page));
  EXPECT_EQ(changed_errno(RS_OOPS_IOC_TAKE, take_of(RS_OOPS_SYMBOLS, at),
                          [](auto& call) { call.table_bytes += 1; }),
            EFAULT);
  auto framed = call_of<rs_oops_frame>();
  framed.text = reinterpret_cast<std::uintptr_t>(memory) + 2 * page - 2;
  EXPECT_EQ(call_errno(RS_OOPS_IOC_FRAME, framed), EFAULT);
  for (auto where : {0ull, 8ull, kKernelBase + 0x100'0000ull, ~0ull}) {
    framed.text = where;
    EXPECT_EQ(call_errno(RS_OOPS_IOC_FRAME, framed), EFAULT) << where;
  }
  munmap(memory, 2 * page);
}

TEST_F(OopsDevice, RefusesTheLargestTableOfNothing) {
  auto* zeroes = mmap(nullptr, RS_OOPS_TABLE_MAX, PROT_READ,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  ASSERT_NE(zeroes, MAP_FAILED);
  Bytes bytes(static_cast<const std::byte*>(zeroes), RS_OOPS_TABLE_MAX);
  EXPECT_EQ(take_errno(RS_OOPS_SYMBOLS, bytes), EBADMSG);
  EXPECT_EQ(take_errno(RS_OOPS_LINES, bytes), EBADMSG);
  munmap(zeroes, RS_OOPS_TABLE_MAX);
}

TEST_F(OopsDevice, RefusesWhatIsNotOfThatKind) {
  for (std::uint32_t kind : {0u, 5u, 99u, UINT32_MAX})
    EXPECT_EQ(take_errno(kind, few(), "kind"), EINVAL) << kind;
  for (std::uint32_t kind : {RS_OOPS_SYMBOLS, RS_OOPS_LINES, RS_OOPS_SPACE}) {
    auto take = take_of(kind, few(), kind == RS_OOPS_SPACE ? "space" : "");
    auto wrong = [&](auto change) { return changed_errno(RS_OOPS_IOC_TAKE, take, change); };
    EXPECT_EQ(wrong([](auto& call) { call.parts = 1; }), EINVAL) << kind;
    EXPECT_EQ(wrong([](auto& call) { call.id_bytes = 20; }), EINVAL) << kind;
    EXPECT_EQ(wrong([](auto& call) { call.id_region = 1; }), EINVAL) << kind;
    EXPECT_EQ(wrong([](auto& call) { call.id_offset = 1; }), EINVAL) << kind;
    EXPECT_EQ(wrong([](auto& call) { call.regions[RS_OOPS_REGIONS - 1] = 1; }), EINVAL) << kind;
    EXPECT_EQ(wrong([&](auto& call) { call.name[0] = kind == RS_OOPS_SPACE ? 0 : 'x'; }), EINVAL);
  }
}

TEST_F(OopsDevice, RefusesNamesThatCannotBePrinted) {
  std::string longest(RS_OOPS_NAME_MAX - 1, 'x'), endless(RS_OOPS_NAME_MAX, 'x');
  auto space = space_table(kSpace, "placed");
  auto named = [&](const std::string& name) {
    auto module = call_errno(RS_OOPS_IOC_TAKE, made_module(lines(), name));
    EXPECT_EQ(take_errno(RS_OOPS_SPACE, space, name), module) << name;
    return module;
  };
  for (const auto& name : {longest, std::string("a"), std::string("%s%n [x]")})
    EXPECT_EQ(named(name), 0) << name;
  for (const auto& name : {endless, std::string(""), std::string("a\nb"), std::string("\t"),
                           std::string("\x7f"), std::string("\xc3\xa9"), std::string("a\x1b[1m")})
    EXPECT_EQ(named(name), EINVAL) << name;
}

TEST_F(OopsDevice, RefusesModulesOutOfRange) {
  std::vector<rs_oops_part> parts(RS_OOPS_PARTS_MAX + 1);
  auto take = made_module(lines());
  take.part_records = reinterpret_cast<std::uintptr_t>(parts.data());
  auto wrong = [&](auto change) { return changed_errno(RS_OOPS_IOC_TAKE, take, change); };
  EXPECT_EQ(wrong([](auto& call) { call.parts = RS_OOPS_PARTS_MAX; }), 0);
  EXPECT_EQ(wrong([](auto& call) { call.parts = RS_OOPS_PARTS_MAX + 1; }), EINVAL);
  EXPECT_EQ(wrong([](auto& call) { call.parts = UINT32_MAX; }), EINVAL);
  EXPECT_EQ(wrong([](auto& call) { call.parts = 1, call.part_records = 8; }), EFAULT);
  EXPECT_EQ(wrong([](auto& call) { call.parts = 1, call.part_records = kKernelBase; }), EFAULT);
  EXPECT_EQ(wrong([](auto& call) { call.id_region = RS_OOPS_REGIONS; }), EINVAL);
  EXPECT_EQ(wrong([](auto& call) { call.id_region = UINT32_MAX; }), EINVAL);
  EXPECT_EQ(wrong([](auto& call) { call.id_bytes = 0; }), EINVAL);
  EXPECT_EQ(wrong([](auto& call) { call.id_bytes = RS_OOPS_BUILD_ID_MIN - 1; }), EINVAL);
  EXPECT_EQ(wrong([](auto& call) { call.id_bytes = RS_OOPS_BUILD_ID_MAX + 1; }), EINVAL);
  for (auto region : {std::uint32_t{RS_OOPS_REGIONS}, UINT32_MAX}) {
    parts[RS_OOPS_PARTS_MAX - 1].region = region;
    EXPECT_EQ(wrong([](auto& call) { call.parts = RS_OOPS_PARTS_MAX; }), EINVAL);
  }
}

// Only look-ups see where a part says that it is.
TEST_F(OopsDevice, LivesWithPartsThatReachEverywhere) {
  Subject subject;
  auto table = subject_table();
  ASSERT_TRUE(table.place(loaded_subject()));
  auto about = table.about();
  for (auto& region : about.regions)
    if (region == 0) region = 0x8000'0000'0000;
  std::vector<rs_oops_part> parts;
  for (std::uint32_t region = 0; region < RS_OOPS_REGIONS; ++region) {
    parts.push_back({region, 0, ~0ull, 0});
    parts.push_back({region, UINT32_MAX, ~0ull, ~0ull - 3});
    parts.push_back({region, 1, 1ull << 63, 1ull << 63});
  }
  ASSERT_TRUE(device().take_module(about, table.lines(), parts));
  for (Random random; int round : {1, 2, 3}) {
    expect_whole_answers(random);
    EXPECT_TRUE(is_whole(frame(about.regions[about.id_region] + round)));
  }
}

// The child has the file open, but is not root any more. 0: all was as it must be.
int calls_as_nobody() {
  auto file = device_file();
  if (setgid(65534) != 0 || setuid(65534) != 0) return 99;
  if (open(RS_OOPS_DEVICE, O_RDWR) >= 0 || errno != EACCES) return 1;
  char room[1024] = {};
  for (auto command :
       {RS_OOPS_IOC_TAKE, RS_OOPS_IOC_DROP, RS_OOPS_IOC_ARM, RS_OOPS_IOC_STATUS, RS_OOPS_IOC_FRAME})
    if (ioctl(file.get(), command, room) == 0 || errno != EPERM) return 2;
  return 0;
}

TEST_F(OopsDevice, IsForAdministratorsAlone) {
  pid_t child = fork();
  if (child == 0) _exit(calls_as_nobody());
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace ringside::armed
