#include "capture/igd/vbt.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <random>

#include "capture/igd/sample_tables.h"

namespace oriel::capture::igd {
namespace {

constexpr size_t kBdb = 48;
constexpr size_t kFirstBlock = kBdb + 22;

Vbt Parsed(const std::vector<uint8_t>& table) {
  auto vbt = ParseVbt(table);
  EXPECT_TRUE(vbt.ok()) << vbt.status();
  return vbt.ok() ? *std::move(vbt) : Vbt();
}

std::vector<uint8_t> Ids(const Vbt& vbt) {
  std::vector<uint8_t> ids;
  for (const VbtBlock& block : vbt.blocks) ids.push_back(block.id);
  return ids;
}

std::vector<uint8_t> SimpleTable() {
  return VbtBuilder(221).AddChildren(SampleChildren()).Build();
}

TEST(VbtTest, ChildrenOfEveryVersionAndSizeAreParsedBack) {
  for (const TableShape& shape : EveryTableShape()) {
    const Vbt vbt = Parsed(VbtBuilder(shape.bdb_version)
                               .AddChildren(SampleChildren(), shape.child_bytes)
                               .Build());
    std::vector<ChildDevice> expected = SampleChildren();
    for (ChildDevice& child : expected) {
      if (shape.child_bytes < 26) child.aux_channel = 0;
    }
    EXPECT_EQ(vbt.bdb_version, shape.bdb_version);
    EXPECT_EQ(vbt.children, expected) << shape.bdb_version;
    EXPECT_TRUE(vbt.problems.empty())
        << shape.bdb_version << ": " << vbt.problems.front();
  }
}

TEST(VbtTest, TypeCAndThunderboltAreReadWhereTheVersionHasThem) {
  const std::vector<ChildDevice> children = {{.handle = 4,
                                              .device_type = 0x60D6,
                                              .usb_type_c = true,
                                              .thunderbolt = true}};
  const auto of_version = [&children](uint16_t version) {
    return Parsed(VbtBuilder(version).AddChildren(children, 38).Build())
        .children.front();
  };
  EXPECT_FALSE(of_version(194).usb_type_c);
  EXPECT_TRUE(of_version(200).usb_type_c);
  EXPECT_FALSE(of_version(208).thunderbolt);
  EXPECT_TRUE(of_version(209).thunderbolt);
}

TEST(VbtTest, ChildrenWithoutTypeAreLeftOut) {
  std::vector<ChildDevice> children = SampleChildren();
  children.insert(children.begin() + 1, ChildDevice{.handle = 0x80});
  EXPECT_EQ(Parsed(VbtBuilder(221).AddChildren(children).Build()).children,
            SampleChildren());
}

TEST(VbtTest, ChildrenOfAnotherSizeThanTheVersionsAreReadAndTold) {
  const Vbt vbt =
      Parsed(VbtBuilder(221).AddChildren(SampleChildren(), 44).Build());
  EXPECT_EQ(vbt.children, SampleChildren());
  ASSERT_EQ(vbt.problems.size(), 1u);
  EXPECT_EQ(vbt.problems[0],
            "general definitions (block 2): children of 44 bytes, where BDB "
            "221 has 39");
}

TEST(VbtTest, ChildrenTooSmallToReadAreNoChildren) {
  for (const uint8_t child_bytes : {0, 1, 22, 32}) {
    const Vbt vbt = Parsed(
        VbtBuilder(221).AddChildren(SampleChildren(), child_bytes).Build());
    EXPECT_TRUE(vbt.children.empty());
    EXPECT_EQ(vbt.problems.size(), 1u);
  }
}

TEST(VbtTest, LegacyChildrenAreReadAndMarked) {
  for (const uint8_t child_bytes : {20, 22, 27, 33, 44}) {
    const Vbt vbt = Parsed(VbtBuilder(100)
                               .AddLegacyChildren(SampleChildren(), child_bytes)
                               .Build());
    std::vector<ChildDevice> expected = SampleChildren();
    for (ChildDevice& child : expected) {
      if (child_bytes < 26) child.aux_channel = 0;
      child.legacy = true;
    }
    EXPECT_EQ(vbt.children, expected) << int{child_bytes};
    EXPECT_TRUE(vbt.problems.empty()) << vbt.problems.front();
  }
}

TEST(VbtTest, LegacyChildrenComeBehindThoseThatDriversUse) {
  const Vbt vbt = Parsed(VbtBuilder(150)
                             .AddLegacyChildren(SampleChildren(), 33)
                             .AddChildren({SampleChildren()[0]})
                             .Build());
  ASSERT_EQ(vbt.children.size(), 1 + SampleChildren().size());
  EXPECT_FALSE(vbt.children[0].legacy);
  EXPECT_TRUE(vbt.children[1].legacy);
}

TEST(VbtTest, LegacyChildrenThatCannotBeReadAreTold) {
  const auto problems_of = [](std::vector<uint8_t> block) {
    const std::vector<uint8_t> other(9);
    const Vbt vbt = Parsed(
        VbtBuilder(100).AddBlock(11, block).AddBlock(254, other).Build());
    EXPECT_TRUE(vbt.children.empty());
    EXPECT_EQ(vbt.problems.size(), 1u);
    return vbt.problems.empty() ? "" : vbt.problems[0];
  };
  const std::string small =
      "legacy child devices (block 11): children of 0 bytes cannot be read, "
      "they have at least 20";
  EXPECT_EQ(problems_of({}), small);
  EXPECT_EQ(problems_of({0, 1, 2}), small);
  std::vector<uint8_t> nineteen(1 + 19 * 3, 1);
  nineteen[0] = 19;
  EXPECT_NE(problems_of(nineteen).find("children of 19 bytes"),
            std::string::npos);
  EXPECT_EQ(problems_of({33, 1, 2}),
            "legacy child devices (block 11): 2 bytes do not hold one child of "
            "33");
}

// As in an option ROM, whose code looks for the signature.
TEST(FindVbtTest, TheFirstThatCanBeDecodedIsFound) {
  const auto table = SimpleTable();
  for (const size_t offset : {size_t{0}, size_t{1}, size_t{77}, size_t{4096}}) {
    std::vector<uint8_t> rom(offset + table.size() + 100, '$');
    if (offset > 60) std::memcpy(&rom[1], "$VBT", 4);
    std::copy(table.begin(), table.end(),
              rom.begin() + static_cast<std::ptrdiff_t>(offset));
    const auto found = FindVbt(rom);
    ASSERT_TRUE(found.ok()) << found.status();
    EXPECT_EQ(found->offset_bytes, offset);
    EXPECT_EQ(found->vbt.children, SampleChildren());
  }
}

TEST(FindVbtTest, WhatCannotBeDecodedIsPlaced) {
  const auto error = [](const std::vector<uint8_t>& bytes) {
    return std::string(FindVbt(bytes).status().message());
  };
  EXPECT_EQ(error({}), "no VBT: \"$VBT\" stands nowhere in its 0 bytes");
  EXPECT_EQ(error({'$', 'V', 'B'}),
            "no VBT: \"$VBT\" stands nowhere in its 3 bytes");
  std::vector<uint8_t> cut = SimpleTable();
  cut.resize(cut.size() - 1);
  cut.insert(cut.begin(), 300, 0);
  EXPECT_NE(error(cut).find("stands in one place, the first at byte 300; "
                            "there: VBT: byte 24 gives its size as"),
            std::string::npos)
      << error(cut);
  std::vector<uint8_t> many;
  for (int i = 0; i < 100000; ++i) {
    for (const char c : std::string("$VBT")) many.push_back(c);
  }
  EXPECT_NE(error(many).find("stands in 1000 places, the first at byte 0"),
            std::string::npos)
      << error(many);
}

TEST(VbtTest, BlocksTellWhereTheyAre) {
  const std::vector<uint8_t> data = {1, 2, 3};
  auto table = VbtBuilder(221)
                   .AddBlock(254, data)
                   .AddChildren({})
                   .AddBlock(254, data)
                   .Build();
  const Vbt vbt = Parsed(table);
  const std::vector<VbtBlock> expected = {
      {.id = 254, .offset_bytes = kFirstBlock, .size_bytes = 3},
      {.id = 2, .offset_bytes = kFirstBlock + 6, .size_bytes = 5},
      {.id = 254, .offset_bytes = kFirstBlock + 14, .size_bytes = 3}};
  EXPECT_EQ(vbt.blocks, expected);
  EXPECT_EQ(vbt.size_bytes, table.size());
}

TEST(VbtTest, ALastBlockThatOverrunsTheBdbByAByteIsKeptAndTold) {
  const Vbt vbt = Parsed(VbtBuilder(240)
                             .AddChildren(SampleChildren())
                             .AddLfpOptions(1)
                             .AddGenericDtds({Wxga(), FullHd()})
                             .ShortenBdb()
                             .Build());
  EXPECT_EQ(Ids(vbt), (std::vector<uint8_t>{2, 40, 58}));
  ASSERT_TRUE(vbt.panel_mode);
  EXPECT_EQ(vbt.panel_mode->width_px, 1920u);
  ASSERT_EQ(vbt.problems.size(), 1u);
  EXPECT_NE(vbt.problems[0].find("block 58"), std::string::npos);
}

TEST(VbtTest, ABlockThatOverrunsTheTableEndsTheWalkOnly) {
  auto table = VbtBuilder(221)
                   .AddChildren(SampleChildren())
                   .AddBlock(43, std::vector<uint8_t>(9))
                   .AddBlock(44, std::vector<uint8_t>(9))
                   .Build();
  table[table.size() - 24 + 1] = 0xFF;  // the size of block 43
  const Vbt vbt = Parsed(table);
  EXPECT_EQ(Ids(vbt), std::vector<uint8_t>{2});
  EXPECT_EQ(vbt.children, SampleChildren());
  EXPECT_NE(vbt.problems.back().find("block 43 at byte"), std::string::npos);
}

TEST(VbtTest, TheMipiSequencesTrueSizeStandsInItsData) {
  std::vector<uint8_t> sequence(70000);
  sequence[0] = 3;
  sequence[1] = 40;  // u32 at byte 1: 40 bytes
  sequence.resize(40);
  const std::vector<uint8_t> tail = {7};
  auto table = VbtBuilder(221).AddBlock(53, sequence).AddBlock(9, tail).Build();
  table[kFirstBlock + 1] = 0xFF;  // the size that nobody believes
  const Vbt vbt = Parsed(table);
  EXPECT_EQ(Ids(vbt), (std::vector<uint8_t>{53, 9}));
  EXPECT_EQ(vbt.blocks[0].size_bytes, 40u);

  table[kFirstBlock + 3] = 2;  // an older sequence: the usual size counts
  EXPECT_TRUE(Ids(Parsed(table)).empty());
}

TEST(VbtTest, AWrongChecksumIsToldWithTheRightOne) {
  auto table = SimpleTable();
  ASSERT_EQ(std::accumulate(table.begin(), table.end(), 0) % 256, 0);
  const uint8_t right = table[26];
  table[26] = static_cast<uint8_t>(right + 3);
  const Vbt vbt = Parsed(table);
  EXPECT_EQ(vbt.children, SampleChildren());
  ASSERT_EQ(vbt.problems.size(), 1u);
  char expected[8];
  snprintf(expected, sizeof(expected), "0x%02x;", right);
  EXPECT_NE(vbt.problems[0].find(expected), std::string::npos)
      << vbt.problems[0];
}

TEST(VbtTest, BytesBehindTheTableAreNoPartOfIt) {
  auto table = SimpleTable();
  const size_t size = table.size();
  table.resize(size + 100, 0xFF);
  const Vbt vbt = Parsed(table);
  EXPECT_EQ(vbt.size_bytes, size);
  EXPECT_TRUE(vbt.problems.empty());
}

TEST(VbtTest, ALyingSizeOrOffsetIsRefused) {
  const auto good = SimpleTable();
  auto too_long = good;
  too_long[25] = 0xFF;
  EXPECT_FALSE(ParseVbt(too_long).ok());
  auto too_short = good;
  too_short[24] = too_short[25] = 0;
  EXPECT_FALSE(ParseVbt(too_short).ok());
  auto far_bdb = good;
  far_bdb[31] = 0xFF;
  EXPECT_FALSE(ParseVbt(far_bdb).ok());
  auto endless_walk = good;
  endless_walk[kBdb + 18] = 0;
  EXPECT_FALSE(ParseVbt(endless_walk).ok());
  EXPECT_FALSE(ParseVbt({}).ok());
  EXPECT_FALSE(ParseVbt(std::span(good).first(kBdb + 21)).ok());
}

TEST(VbtTest, ATableWithoutGeneralDefinitionsHasNoConnectors) {
  const Vbt vbt = Parsed(VbtBuilder(221).Build());
  EXPECT_TRUE(vbt.children.empty());
  EXPECT_FALSE(vbt.panel_type);
  EXPECT_EQ(vbt.problems.size(), 1u);
}

// The bytes are copied to memory of exactly their size, so that the address
// sanitizer sees a step outside.
TEST(VbtTest, NoDamageMakesBlocksLieOutsideTheTable) {
  const auto good = VbtBuilder(240)
                        .AddChildren(SampleChildren())
                        .AddLfpOptions(14)
                        .AddLfpData(SamplePanels())
                        .AddGenericDtds({Wxga(), FullHd()})
                        .Build();
  std::mt19937 random(1);
  for (int round = 0; round < 20000; ++round) {
    auto table = good;
    for (int i = 0; i < 4; ++i) {
      const size_t at = random() % (i < 2 ? table.size() : 400);
      table[at] = static_cast<uint8_t>(random());
    }
    if (round % 4 == 0) table.resize(random() % table.size());
    table.shrink_to_fit();
    const auto vbt = ParseVbt(table);
    if (!vbt.ok()) continue;
    EXPECT_LE(vbt->size_bytes, table.size());
    for (const VbtBlock& block : vbt->blocks) {
      EXPECT_LE(block.offset_bytes + 3 + block.size_bytes, vbt->size_bytes);
    }
  }
}

}  // namespace
}  // namespace oriel::capture::igd
