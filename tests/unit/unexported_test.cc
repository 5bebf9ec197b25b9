// Functions that are not exported, by kernels and modules made on the spot: what each rule refuses.
// (tests/cli/unexported_test.sh and tests/guest/unexported_test.cc have real ones.)
#include "user/modules/unexported.hh"

#include <gtest/gtest.h>

#include "tests/unit/image_writer.hh"
#include "tests/unit/module_writer.hh"

namespace ringside::modules::test {
namespace {

using kimage::BtfKind;
using ringside::test::BtfWriter;

constexpr std::uint64_t kAddress = 0xffff'ffff'8100'1000, kInit = 0xffff'ffff'8300'0000;

struct Function {
  std::string name;
  std::string argument = "int";  // of 4 bytes
};

std::uint32_t add_prototype(BtfWriter& writer, const std::string& argument) {
  auto type = writer.add(BtfKind::kInt, argument, 4, 0, {32});
  return writer.add(BtfKind::kPrototype, "", 0, 1, {writer.string("x"), type});
}

Buffer kernel_btf(const std::vector<Function>& functions) {
  BtfWriter writer;
  for (const auto& function : functions)
    writer.add(BtfKind::kFunction, function.name, add_prototype(writer, function.argument), 1);
  return writer.write();
}

Buffer needs_of(const Function& function) {
  BtfWriter writer;
  auto pointer = writer.add(BtfKind::kPointer, "", add_prototype(writer, function.argument));
  writer.add(BtfKind::kStruct, "ringside_needs", 8, 1, {writer.string(function.name), pointer, 0});
  return writer.write();
}

Buffer needs_of_variable(const std::string& name) {
  BtfWriter writer;
  auto type = writer.add(BtfKind::kInt, "int", 4, 0, {32});
  auto pointer = writer.add(BtfKind::kPointer, "", type);
  writer.add(BtfKind::kStruct, "ringside_needs", 8, 1, {writer.string(name), pointer, 0});
  return writer.write();
}

class UnexportedTest : public ::testing::Test {
 protected:
  UnexportedTest() {
    add("_sinittext", kInit);
    add("_einittext", kInit + 0x1000);
    add("wanted", kAddress);
    btf_ = kernel_btf({{"wanted"}});
    needs_ = needs_of({"wanted"});
  }

  void add(std::string name, std::uint64_t address) {
    symbols_.symbols.push_back({address, 't', std::move(name)});
  }

  Outcome<std::vector<UnexportedFunction>> check() {
    auto writer = small_module();
    if (!needs_.empty()) {
      WrittenSection section;
      section.name = ".comment.ringside.needs", section.flags = 0, section.data = needs_;
      writer.add_section(section);
    }
    file_ = writer.finish();
    abi_ = test_kernel(kRules6_1);
    Arena arena(memory_);
    std::vector<Diagnostic> room(16);
    Diagnostics diagnostics(room);
    auto module = Module::open(file_, abi_, arena, diagnostics);
    EXPECT_TRUE(module);
    std::string_view names[] = {"wanted"};
    return check_unexported(*module, names, symbols_, btf_);
  }
  // The fault; empty where there is none.
  std::string fault() {
    auto answers = check();
    EXPECT_TRUE(answers) << answers.error().message;
    if (!answers || answers->size() != 1) return "no answer";
    const auto& answer = (*answers)[0];
    EXPECT_EQ(answer.address, answer.refusal ? 0 : kAddress);
    return answer.refusal ? answer.refusal->fault : "";
  }

  kimage::RunningSymbols symbols_;
  Buffer btf_, needs_, file_, memory_ = Buffer(1 << 16);
  KernelAbi abi_;
};

TEST_F(UnexportedTest, WhatIsTheSameIsTaken) {
  EXPECT_EQ(fault(), "");
}

TEST_F(UnexportedTest, AnotherPrototypeIsShownOnBothSides) {
  needs_ = needs_of({"wanted", "long"});
  auto answers = check();
  ASSERT_TRUE(answers && (*answers)[0].refusal);
  EXPECT_EQ((*answers)[0].refusal->fault, "unexported-prototype");
  EXPECT_EQ((*answers)[0].refusal->expected, "void wanted(long x)");
  EXPECT_EQ((*answers)[0].refusal->found, "void wanted(int x)");
}

TEST_F(UnexportedTest, TwoSymbolsOfTheName) {
  add("wanted", kAddress + 16);
  EXPECT_EQ(fault(), "unexported-ambiguous");
}

TEST_F(UnexportedTest, TwoFunctionsInTheTypes) {
  btf_ = kernel_btf({{"wanted"}, {"wanted"}});
  EXPECT_EQ(fault(), "unexported-ambiguous");
}

TEST_F(UnexportedTest, NoFunctionInTheTypes) {
  btf_ = kernel_btf({{"other"}});
  EXPECT_EQ(fault(), "unexported-untyped");
}

TEST_F(UnexportedTest, NoSymbol) {
  symbols_.symbols.pop_back();
  EXPECT_EQ(fault(), "unexported-missing");
}

TEST_F(UnexportedTest, OnlyAClone) {
  for (auto clone : {"wanted.isra.0", "wanted.constprop.0", "wanted.part.0", "wanted.cold"}) {
    symbols_.symbols.back().name = clone;
    EXPECT_EQ(fault(), "unexported-clone") << clone;
  }
}

TEST_F(UnexportedTest, ACloneWithOtherArgumentsBesideIt) {
  add("wanted.constprop.0.isra.0", kAddress + 16);
  EXPECT_EQ(fault(), "unexported-clone");
}

TEST_F(UnexportedTest, APartThatWasMovedAwayIsNoClone) {
  add("wanted.cold", kAddress + 16);
  add("wanted.part.0", kAddress + 32);
  add("wanted_too", kAddress + 48);
  EXPECT_EQ(fault(), "");
}

TEST_F(UnexportedTest, InitText) {
  for (auto [offset, fault_there] : {std::pair{0, "unexported-init"}, {0xfff, "unexported-init"}}) {
    symbols_.symbols.back().address = kInit + static_cast<std::uint64_t>(offset);
    EXPECT_EQ(fault(), fault_there) << offset;
  }
  symbols_.symbols.back().address = kInit + 0x1000;
  auto answers = check();
  ASSERT_TRUE(answers);
  EXPECT_FALSE((*answers)[0].refusal);
}

TEST_F(UnexportedTest, AModuleThatDoesNotSay) {
  needs_ = needs_of({"other"});
  EXPECT_EQ(fault(), "unexported-undeclared");
  needs_.clear();
  EXPECT_EQ(fault(), "unexported-undeclared");
}

TEST_F(UnexportedTest, NothingIsBoundWhereTheSectionIsDamaged) {
  auto whole = needs_;
  for (std::size_t size = 1; size < whole.size(); ++size) {
    needs_.assign(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_FALSE(check()) << size;
  }
  BtfWriter writer;
  auto integer = writer.add(BtfKind::kInt, "int", 4, 0, {32});
  writer.add(BtfKind::kStruct, "ringside_needs", 8, 1, {writer.string("wanted"), integer, 0});
  needs_ = writer.write();
  EXPECT_FALSE(check()) << "a member that is no pointer";
  needs_ = kernel_btf({{"wanted"}});
  EXPECT_FALSE(check()) << "no struct ringside_needs";
}

TEST_F(UnexportedTest, NothingIsBoundWhereTheKernelsTypesAreDamaged) {
  btf_.resize(btf_.size() - 1);
  EXPECT_FALSE(check());
}

// A type in a circle of its own.
TEST_F(UnexportedTest, TypesThatCannotBeComparedAreRefused) {
  BtfWriter writer;
  auto circle = writer.add(BtfKind::kConst, "", 1);
  auto prototype = writer.add(BtfKind::kPrototype, "", 0, 1, {writer.string("x"), circle});
  writer.add(BtfKind::kFunction, "wanted", prototype, 1);
  btf_ = writer.write();
  EXPECT_EQ(fault(), "unexported-unread");
}

TEST_F(UnexportedTest, AnIntegerVariableIsTakenForOneInWritableDataAlone) {
  btf_ = kernel_btf({{"another"}});
  needs_ = needs_of_variable("wanted");
  EXPECT_EQ(fault(), "unexported-untyped");
  for (auto& symbol : symbols_.symbols)
    if (symbol.name == "wanted") symbol.type = 'B';
  EXPECT_EQ(fault(), "");
  btf_ = kernel_btf({{"wanted"}});  // a function of that name: which of them is it?
  EXPECT_EQ(fault(), "unexported-prototype");
}

}  // namespace
}  // namespace ringside::modules::test
