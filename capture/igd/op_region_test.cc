#include "capture/igd/op_region.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

namespace oriel::capture::igd {
namespace {

const std::vector<ChildDevice> kChildren = {{0x0008, 0x1806, 10, 0, 0x40},
                                            {0x0004, 0x60D2, 1, 5, 0},
                                            {0x0040, 0x60D6, 8, 4, 0x20}};

std::vector<uint8_t> VbtOf(const std::vector<uint8_t>& op_region) {
  auto vbt = LocateVbt(op_region);
  EXPECT_TRUE(vbt.ok()) << vbt.status();
  return vbt.ok() ? std::vector<uint8_t>(vbt->begin(), vbt->end())
                  : std::vector<uint8_t>();
}

TEST(OpRegionTest, ABuiltOneHasTheHeaderThatVfioPciAccepts) {
  const auto region = BuildOpRegion(kChildren);
  ASSERT_EQ(region.size(), kOpRegionBytes);
  EXPECT_EQ(std::string(region.begin(), region.begin() + 16),
            "IntelGraphicsMem");
  auto header = ParseOpRegionHeader(region);
  ASSERT_TRUE(header.ok()) << header.status();
  EXPECT_EQ(header->size_kib, 8u);
  EXPECT_EQ(header->major, 2);
  EXPECT_EQ(header->minor, 1);
  EXPECT_NE(header->mailboxes & kMailboxVbt, 0u);
  EXPECT_EQ(header->vbt_address, 0u);
}

TEST(OpRegionTest, TheChildrenAreParsedBack) {
  auto vbt = ParseVbt(VbtOf(BuildOpRegion(kChildren)));
  ASSERT_TRUE(vbt.ok()) << vbt.status();
  EXPECT_EQ(vbt->name, "ORIEL-SIM");
  EXPECT_EQ(vbt->version, 100);
  EXPECT_EQ(vbt->bdb_version, 221);
  EXPECT_EQ(vbt->block_ids, std::vector<uint8_t>{2});
  EXPECT_EQ(vbt->children, kChildren);
}

TEST(OpRegionTest, TheTablesBytesAddUpToZero) {
  const auto vbt = VbtOf(BuildOpRegion(kChildren));
  const size_t size = vbt[24] | vbt[25] << 8;
  EXPECT_EQ(std::accumulate(vbt.begin(), vbt.begin() + size, 0) % 256, 0);
}

TEST(OpRegionTest, MoreChildrenThanFitAreLeftOut) {
  auto vbt = ParseVbt(VbtOf(BuildOpRegion(
      std::vector<ChildDevice>(1000, ChildDevice{1, 1, 1, 1, 1}))));
  ASSERT_TRUE(vbt.ok()) << vbt.status();
  EXPECT_EQ(vbt->children.size(), 16u);
}

TEST(OpRegionTest, AWrongSignatureOrAShortRegionIsRefused) {
  auto region = BuildOpRegion({});
  EXPECT_FALSE(
      ParseOpRegionHeader(std::span(region).first(kOpRegionBytes - 1)).ok());
  region[3] ^= 1;
  EXPECT_FALSE(ParseOpRegionHeader(region).ok());
}

TEST(OpRegionTest, ARelativeVbtBehindTheFixedPartIsPreferred) {
  auto region = BuildOpRegion({});
  const auto behind = VbtOf(BuildOpRegion(kChildren));
  region.insert(region.end(), behind.begin(), behind.end());
  region[0x3BA + 1] = 0x20;  // 0x2000
  region[0x3C2 + 1] = 0x02;  // 512 bytes
  auto vbt = LocateVbt(region);
  ASSERT_TRUE(vbt.ok());
  EXPECT_EQ(vbt->size(), 512u);
  EXPECT_EQ(ParseVbt(*vbt)->children, kChildren);
}

TEST(OpRegionTest, AnAddressOutsideTheBytesIsNeverFollowed) {
  for (uint8_t top_byte : {0x00, 0x7F, 0xFF}) {
    auto region = BuildOpRegion(kChildren);
    region[0x3BA + 2] = 0xA6;
    region[0x3BA + 7] = top_byte;
    region[0x3C2] = 0xFF;
    auto vbt = LocateVbt(region);
    ASSERT_TRUE(vbt.ok());
    EXPECT_EQ(vbt->data(), region.data() + 0x400);
  }
}

TEST(OpRegionTest, AnAbsoluteAddressOfVersionTwoZeroIsNeverFollowed) {
  auto region = BuildOpRegion({});
  region.resize(3 * kOpRegionBytes);
  region[0x16] = 0;
  region[0x3BA + 1] = 0x20;
  region[0x3C2 + 1] = 0x02;
  EXPECT_EQ(LocateVbt(region)->data(), region.data() + 0x400);
}

TEST(OpRegionTest, WithoutMailboxThereIsNoVbt) {
  auto region = BuildOpRegion(kChildren);
  region[0x58] &= ~kMailboxVbt;
  EXPECT_EQ(LocateVbt(region).status().code(), absl::StatusCode::kNotFound);
}

TEST(OpRegionTest, TheFifthMailboxIsNoPartOfTheVbt) {
  auto region = BuildOpRegion(kChildren);
  region[0x58] |= kMailboxAsleExt;
  EXPECT_EQ(LocateVbt(region)->size(), 0x1C00u - 0x400u);
}

TEST(VbtTest, ABlockThatOverrunsTheTableEndsTheWalkOnly) {
  auto vbt = VbtOf(BuildOpRegion(kChildren));
  const size_t size = vbt[24] | vbt[25] << 8;
  const uint8_t overrunning[] = {40, 0xFF, 0xFF, 1, 2};
  std::copy(std::begin(overrunning), std::end(overrunning), vbt.begin() + size);
  vbt[24] = static_cast<uint8_t>(size + 5);
  vbt[25] = static_cast<uint8_t>((size + 5) >> 8);
  auto parsed = ParseVbt(vbt);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->block_ids, std::vector<uint8_t>{2});
  EXPECT_EQ(parsed->children, kChildren);
}

TEST(VbtTest, ALyingSizeOrOffsetIsRefused) {
  const auto good = VbtOf(BuildOpRegion(kChildren));
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
  endless_walk[48 + 18] = 0;
  EXPECT_FALSE(ParseVbt(endless_walk).ok());
}

TEST(VbtTest, ChildrenTooSmallToReadAreNoChildren) {
  auto vbt = VbtOf(BuildOpRegion(kChildren));
  for (uint8_t child_bytes : {0, 1, 32}) {
    vbt[48 + 22 + 3 + 4] = child_bytes;
    auto parsed = ParseVbt(vbt);
    ASSERT_TRUE(parsed.ok());
    EXPECT_TRUE(parsed->children.empty());
  }
}

}  // namespace
}  // namespace oriel::capture::igd
