// ringside_oops.ko in a stock kernel: what it would print of a frame, by which tables, and when it
// is armed. No kernel dies here: that is tests/guest/armed. Runs as root in a guest;
// RINGSIDE_KERNEL names the kernel that runs there.
#include <sstream>

#include "tests/guest/oops_device.hh"

namespace ringside::armed {
namespace {

struct KnownSymbol {
  std::string name = "kfree", next_name;
  std::uint64_t address = 0, next = ~0ull;
};

// By /proc/kallsyms, whose order is not that of addresses.
KnownSymbol known_symbol() {
  KnownSymbol known;
  for (int pass = 0; pass < 2; ++pass) {
    std::ifstream file("/proc/kallsyms");
    std::string address, type, name;
    for (std::string line; std::getline(file, line);) {
      if (!(std::istringstream(line) >> address >> type >> name)) continue;
      auto at = std::stoull(address, nullptr, 16);
      if (pass == 0 && name == known.name) known.address = at;
      if (pass == 1 && at > known.address && at < known.next)
        known.next = at, known.next_name = name;
    }
  }
  return known;
}

TEST_F(OopsDevice, WithoutTablesAFrameIsAsTheKernelHasIt) {
  auto known = known_symbol();
  auto size = known.next - known.address;
  auto at = [&](std::uint64_t offset) {
    return fmt::format(" {}+{:#x}/{:#x}\n", known.name, offset, size);
  };
  EXPECT_EQ(frame(known.address), at(0));
  EXPECT_EQ(frame(known.address + 5), at(5));
  EXPECT_EQ(frame(known.address + 5, true), at(5));
  EXPECT_EQ(frame(known.next, true), at(size));
  EXPECT_TRUE(frame(known.next).starts_with(" " + known.next_name + "+0x0/0x"))
      << frame(known.next);
  EXPECT_EQ(status().symbol_bytes, 0u);
}

TEST_F(OopsDevice, WithTheTableSymbolsAreAsUserSpaceAndTheKernelHaveThem) {
  std::vector<std::uint64_t> addresses;
  for (Random random; addresses.size() < 1'000;)
    addresses.push_back(linked("_stext") + random.below(linked("_end") - linked("_stext")));
  std::vector<std::string> stock;
  for (auto address : addresses)
    for (bool is_return : {false, true}) stock.push_back(frame(address + offset(), is_return));
  ASSERT_TRUE(device().take_symbols(table().bytes()));
  for (std::size_t each = 0; each < stock.size(); ++each) {
    auto address = addresses[each / 2];
    auto text = frame(address + offset(), each % 2);
    ASSERT_EQ(text, " " + symbol_at(address, each % 2) + "\n") << std::hex << address;
    ASSERT_EQ(text, stock[each]) << std::hex << address;
  }
}

TEST_F(OopsDevice, TellsWhatItHolds) {
  auto id = status();
  EXPECT_EQ(kimage::to_hex(std::as_bytes(std::span(id.build_id, id.build_id_bytes))),
            *kimage::running_build_id());
  ASSERT_TRUE(device().take_symbols(table().bytes()));
  ASSERT_TRUE(device().take_lines(lines()));
  ASSERT_EQ(call_errno(RS_OOPS_IOC_TAKE, made_module(lines())), 0);
  auto now = status();
  EXPECT_EQ(now.symbols, table().size());
  EXPECT_EQ(now.symbol_bytes, table().bytes().size());
  EXPECT_EQ(now.kaslr_offset, offset());
  EXPECT_EQ(now.line_bytes, lines().size());
  EXPECT_EQ(now.module_bytes, lines().size());
  EXPECT_EQ(now.modules, 1u);
  EXPECT_EQ(now.present + now.spaces + now.armed + now.off, 0u);
}

TEST_F(OopsDevice, KernelFramesHaveTheLinesThatUserSpaceFinds) {
  lines::LineIndex index;
  ASSERT_TRUE(index.open(lines()));
  ASSERT_TRUE(device().take_lines(lines()));
  auto start = linked("_stext");
  EXPECT_EQ(frame(start + offset()).find('#'), std::string::npos) << "before its offset is known";
  ASSERT_TRUE(device().take_symbols(table().bytes()));
  int lined = 0, inlined = 0;
  for (std::uint64_t at = 1; at < 4'000; ++at) {
    bool is_return = at % 3 == 0;
    auto text = frame(start + at + offset(), is_return);
    auto symbol = symbol_at(start + at, is_return);
    ASSERT_EQ(text, text_here(&index, start + at - is_return, symbol)) << std::hex << start + at;
    lined += text.find("  # ") != text.npos, inlined += text.find("\n     inlined ") != text.npos;
  }
  EXPECT_GT(lined, 1'000);
  EXPECT_GT(inlined, 100);
}

TEST_F(OopsDevice, AModulesFramesHaveTheLinesThatUserSpaceFinds) {
  Subject subject;
  auto loaded = loaded_subject();
  auto table = subject_table();
  auto text = loaded.sections.at(".text");
  auto plain = frame(text + 0x20);
  EXPECT_TRUE(plain.ends_with(fmt::format(" [{}]\n", kSubject))) << plain;
  ASSERT_TRUE(table.place(loaded));
  take(table);
  EXPECT_EQ(status().present, 1u);
  EXPECT_EQ(frame(text + 0x20).substr(0, plain.size() - 1) + "\n", plain);
  EXPECT_NE(frame(text + 0x20).find("]  # "), std::string::npos) << frame(text + 0x20);
  EXPECT_GT(compare_frames(table, loaded), 200);
  EXPECT_EQ(*device().drop(kSubject), true);
  EXPECT_EQ(frame(text + 0x20), plain);
}

TEST_F(OopsDevice, AModulesTableMayComeBeforeTheModuleAndOutlivesIt) {
  auto table = subject_table();
  take(table);
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(status().present, 0u);
    Subject subject;
    auto loaded = loaded_subject();
    EXPECT_EQ(status().present, 1u);
    EXPECT_GT(compare_frames(table, loaded), 200);
    auto init = loaded.sections.find(".init.text");
    ASSERT_NE(init, loaded.sections.end());
    EXPECT_EQ(frame(init->second + 1).find('#'), std::string::npos) << "that memory is gone";
  }
  EXPECT_EQ(status().present, 0u);
  EXPECT_EQ(status().modules, 1u);
}

TEST_F(OopsDevice, AModuleOfAnotherBuildHasNoLines) {
  auto table = subject_table();
  auto index = copy_of(table.lines());
  auto other = table.about();
  other.id[3] ^= 1;
  EXPECT_FALSE(device().take_module(other, index, table.parts()))
      << "the index is not of that build";
  set_build_id(index, std::as_bytes(std::span(other.id, other.id_bytes)));
  ASSERT_TRUE(device().take_module(other, index, table.parts()));
  Subject subject;
  auto loaded = loaded_subject();
  EXPECT_EQ(status().present, 0u);
  EXPECT_EQ(frame(loaded.sections.at(".text") + 0x20).find('#'), std::string::npos);
  ASSERT_TRUE(table.place(loaded));
  std::memcpy(other.regions, table.about().regions, sizeof other.regions);
  EXPECT_FALSE(device().take_module(other, index, table.parts()));
}

TEST_F(OopsDevice, AnAddressWhereNoCodeIsIsTheAnswer) {
  for (bool tables : {false, true}) {
    if (tables) {
      ASSERT_TRUE(device().take_symbols(table().bytes()));
      ASSERT_TRUE(device().take_lines(lines()));
      ASSERT_EQ(call_errno(RS_OOPS_IOC_TAKE, made_module(lines())), 0);
    }
    for (auto address : kNowhere)
      for (bool is_return : {false, true})
        EXPECT_EQ(frame(address, is_return), fmt::format(" {:#x}\n", address)) << tables;
    EXPECT_TRUE(is_whole(frame(0xffff'ffff'ff60'0000))) << "the vsyscall page has some symbol";
  }
}

TEST_F(OopsDevice, WritesNothingBehindTheText) {
  std::string room(RS_OOPS_TEXT_MAX + 64, '~');
  auto framed = call_of<rs_oops_frame>();
  framed.address = linked("kfree") + offset();
  framed.text = reinterpret_cast<std::uintptr_t>(room.data());
  auto file = device_file();
  ASSERT_EQ(ioctl(file.get(), RS_OOPS_IOC_FRAME, &framed), 0);
  EXPECT_EQ(room.substr(0, framed.text_bytes), frame(framed.address));
  EXPECT_EQ(room.find_first_not_of('~', framed.text_bytes), std::string::npos);
}

// Six functions inlined into one, whose names are too long for all of them to be told.
TableBytes long_lines(std::uint64_t start, Bytes build_id) {
  test::MadeCode made(1u << 20);
  auto path = made.path("kernel/long.c");
  std::uint32_t scope = dwarf::kNone;
  for (std::uint32_t each = 0; each < 7; ++each) {
    auto name = std::string(ksyms::kMaxName - 1, static_cast<char>('a' + each));
    auto function = made.function(name, path, each);
    scope = made.scope({scope, function, each ? path : dwarf::kNone, each ? 100 + each : 0});
  }
  made.segment(start, scope, path, 7);
  made.gap(start + 64);
  auto built = test::index_of(std::span(&made.code, 1));
  EXPECT_TRUE(built);
  auto bytes = copy_of(built->bytes());
  set_build_id(bytes, build_id);
  return bytes;
}

TEST_F(OopsDevice, WhatDoesNotFitIsLeftOutByWholeLines) {
  auto index_bytes = long_lines(linked("_stext"), table().build_id());
  lines::LineIndex index;
  ASSERT_TRUE(index.open(index_bytes));
  ASSERT_TRUE(device().take_symbols(table().bytes()));
  ASSERT_TRUE(device().take_lines(index_bytes));
  auto text = frame(linked("_stext") + 3 + offset());
  EXPECT_EQ(text, text_here(&index, linked("_stext") + 3, symbol_at(linked("_stext") + 3, false)));
  EXPECT_TRUE(is_whole(text));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1 + 3) << text;
}

TEST_F(OopsDevice, TheLongestNamesAreToldWhole) {
  std::string symbol(ksyms::kMaxName - 1, 's'), space(RS_OOPS_NAME_MAX - 1, 'x');
  std::vector<ksyms::Symbol> symbols = {{kSpace, 't', symbol}, {kSpace + 0x1000, 't', "end"}};
  auto table = ksyms::make_table(symbols, {}, space);
  ASSERT_TRUE(table);
  auto owner = opened();
  ASSERT_TRUE(owner.take_space(space, *table));
  EXPECT_EQ(frame(kSpace + 0xabc), fmt::format(" {}+0xabc/0x1000 [{}]\n", symbol, space));
}

TEST_F(OopsDevice, ASpacesFileIsClosedWhenItsLastDescriptorIs) {
  auto first = device_file();
  auto table = space_table(kSpace, "placed");
  auto take = take_of(RS_OOPS_SPACE, table, "shared");
  ASSERT_EQ(ioctl(first.get(), RS_OOPS_IOC_TAKE, &take), 0);
  UniqueFd second(dup(first.get()));
  first.reset();
  EXPECT_EQ(frame(kSpace + 1), " placed+0x1/0x40 [shared]\n");
  second.reset();
  EXPECT_EQ(status().spaces, 0u);
}

TEST_F(OopsDevice, ASpaceIsNamedUntilItsFileIsClosed) {
  ASSERT_TRUE(device().take_symbols(few()));
  {
    auto owner = opened();
    ASSERT_TRUE(owner.take_space("lookup", space_table(kSpace, "placed")));
    EXPECT_EQ(status().spaces, 1u);
    EXPECT_EQ(frame(kSpace), " placed+0x0/0x40 [lookup]\n");
    EXPECT_EQ(frame(kSpace + 0x40), " placed_next+0x0/0xc0 [lookup]\n");
    EXPECT_EQ(frame(kSpace + 0x40, true), " placed+0x40/0x40 [lookup]\n");
    EXPECT_EQ(frame(kSpace - 1), fmt::format(" {:#x}\n", kSpace - 1));
    ASSERT_TRUE(device().drop_all());
    EXPECT_EQ(*device().drop("lookup"), false) << "a space's goes with its file alone";
    EXPECT_EQ(frame(kSpace), " placed+0x0/0x40 [lookup]\n");
  }
  EXPECT_EQ(status().spaces, 0u);
  EXPECT_EQ(frame(kSpace), fmt::format(" {:#x}\n", kSpace));
}

TEST_F(OopsDevice, SpacesOfOneNameLiveBesideEachOther) {
  constexpr std::uint64_t kOther = kSpace + 0x1000;
  std::optional<Device> first(opened()), second(opened());
  ASSERT_TRUE(first->take_space("twin", space_table(kSpace, "placed")));
  ASSERT_TRUE(second->take_space("twin", space_table(kOther, "other")));
  EXPECT_EQ(status().spaces, 2u);
  EXPECT_EQ(frame(kSpace + 1), " placed+0x1/0x40 [twin]\n");
  EXPECT_EQ(frame(kOther + 1), " other+0x1/0x40 [twin]\n");
  first.reset();
  EXPECT_EQ(status().spaces, 1u);
  EXPECT_EQ(frame(kSpace + 1), fmt::format(" {:#x}\n", kSpace + 1));
  EXPECT_EQ(frame(kOther + 1), " other+0x1/0x40 [twin]\n");
  second.reset();
  EXPECT_EQ(status().spaces, 0u);
}

TEST_F(OopsDevice, DropsWhatIsNamedAndAllThatIsNot) {
  auto drop = call_of<rs_oops_drop>();
  std::strcpy(drop.name, "made");
  EXPECT_EQ(call_errno(RS_OOPS_IOC_DROP, drop), ENOENT);
  ASSERT_TRUE(device().take_symbols(few()));
  ASSERT_TRUE(device().take_lines(lines()));
  ASSERT_EQ(call_errno(RS_OOPS_IOC_TAKE, made_module(lines())), 0);
  ASSERT_EQ(call_errno(RS_OOPS_IOC_TAKE, made_module(lines(), "made2")), 0);
  EXPECT_EQ(call_errno(RS_OOPS_IOC_DROP, drop), 0);
  EXPECT_EQ(call_errno(RS_OOPS_IOC_DROP, drop), ENOENT);
  EXPECT_EQ(status().modules, 1u);
  EXPECT_EQ(status().line_bytes, lines().size());
  ASSERT_TRUE(device().drop_all());
  EXPECT_EQ(status().modules + status().line_bytes + status().symbol_bytes, 0u);
  std::strcpy(drop.name, "made2");
  EXPECT_EQ(call_errno(RS_OOPS_IOC_DROP, drop), ENOENT);
  EXPECT_TRUE(device().drop_all()) << "nothing, too";
}

TEST_F(OopsDevice, IsArmedAndDisarmed) {
  EXPECT_EQ(status().armed, 0u);
  EXPECT_FALSE(hook_stands());
  for (int each = 0; each < 2; ++each) EXPECT_TRUE(device().arm(true));
  EXPECT_EQ(status().armed, 1u);
  EXPECT_TRUE(hook_stands());
  for (int each = 0; each < 2; ++each) EXPECT_TRUE(device().arm(false));
  EXPECT_EQ(status().armed, 0u);
  EXPECT_FALSE(hook_stands());
}

TEST_F(OopsDevice, FtraceCannotBeTurnedOffBehindItsBack) {
  auto arm = call_of<rs_oops_arm>();
  arm.on = 1;
  ASSERT_EQ(call_errno(RS_OOPS_IOC_ARM, arm), 0);
  EXPECT_EQ(set_ftrace("0"), EBUSY);
  EXPECT_TRUE(hook_stands());
  EXPECT_TRUE(device().arm(false));
  EXPECT_EQ(set_ftrace("0"), 0);
  EXPECT_EQ(call_errno(RS_OOPS_IOC_ARM, arm), EBUSY);
  EXPECT_EQ(status().armed, 0u);
  EXPECT_EQ(set_ftrace("1"), 0);
  EXPECT_EQ(call_errno(RS_OOPS_IOC_ARM, arm), 0);
  EXPECT_EQ(status().armed, 1u);
}

}  // namespace
}  // namespace ringside::armed
