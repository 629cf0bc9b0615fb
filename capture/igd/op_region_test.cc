#include "capture/igd/op_region.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <numeric>

#include "capture/igd/sample_tables.h"

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
  ASSERT_EQ(vbt->blocks.size(), 1u);
  EXPECT_EQ(vbt->blocks[0].id, 2);
  EXPECT_TRUE(vbt->problems.empty()) << vbt->problems.front();
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

// An OpRegion with a panel whose type the panel's EDID decides: the VBT behind
// the fixed part, the EDID in mailbox 5.
std::vector<uint8_t> LaptopRegion() {
  auto region = BuildOpRegion({});
  const auto vbt = VbtBuilder(240)
                       .AddChildren(kChildren)
                       .AddLfpOptions(255)
                       .AddLfpData(SamplePanels())
                       .Build();
  region.insert(region.end(), vbt.begin(), vbt.end());
  region[0x3BA + 1] = 0x20;
  region[0x3C2] = static_cast<uint8_t>(vbt.size());
  region[0x3C2 + 1] = static_cast<uint8_t>(vbt.size() >> 8);
  region[0x58] |= kMailboxAsleExt;
  region[0x1C00] = 1;
  const auto id = SamplePanels()[14].pnp_id;
  std::copy(id.begin(), id.end(), region.begin() + 0x1C04 + 8);
  return region;
}

OpRegion Parsed(const std::vector<uint8_t>& bytes) {
  auto region = ParseOpRegion(bytes);
  EXPECT_TRUE(region.ok()) << region.status();
  return region.ok() ? *std::move(region) : OpRegion();
}

TEST(OpRegionTest, ThePanelsEdidDecidesWhichPanelItIs) {
  const OpRegion region = Parsed(LaptopRegion());
  EXPECT_EQ(region.panel_edid.size(), 128u);
  EXPECT_EQ(region.vbt_offset_bytes, 0x2000u);
  ASSERT_TRUE(region.vbt);
  EXPECT_EQ(region.vbt_size_bytes, region.vbt->size_bytes);
  EXPECT_EQ(region.vbt->panel_number, 14);
  EXPECT_EQ(region.vbt->panel_mode, FullHd());
  EXPECT_TRUE(region.problems.empty()) << region.problems.front();
}

TEST(OpRegionTest, ThePanelsEdidIsAtMostTwoBlocksAndNeverOnlyZeros) {
  auto bytes = LaptopRegion();
  for (const size_t blocks : {1, 2, 3}) {
    bytes[0x1C00] = static_cast<uint8_t>(0xFC | blocks);
    EXPECT_EQ(LocatePanelEdid(bytes)->size(),
              std::min<size_t>(blocks, 2) * 128);
  }
  bytes[0x1C00] = 0;
  EXPECT_EQ(LocatePanelEdid(bytes).status().code(),
            absl::StatusCode::kNotFound);
  bytes[0x1C00] = 2;
  std::fill_n(bytes.begin() + 0x1C04, 256, 0);
  EXPECT_EQ(LocatePanelEdid(bytes).status().code(),
            absl::StatusCode::kNotFound);
  bytes = LaptopRegion();
  bytes[0x58] &= ~kMailboxAsleExt;
  EXPECT_EQ(LocatePanelEdid(bytes).status().code(),
            absl::StatusCode::kNotFound);
}

TEST(OpRegionTest, AVbtBehindThatCannotBeReadLeavesTheOneInTheMailbox) {
  auto bytes = BuildOpRegion(kChildren);
  bytes.resize(bytes.size() + 512, 0xFF);
  bytes[0x3BA + 1] = 0x20;
  bytes[0x3C2 + 1] = 0x02;
  const OpRegion region = Parsed(bytes);
  EXPECT_EQ(region.vbt_offset_bytes, 0x400u);
  ASSERT_TRUE(region.vbt);
  EXPECT_EQ(region.vbt->children, kChildren);
  ASSERT_EQ(region.problems.size(), 1u);
  EXPECT_NE(region.problems[0].find("at byte 0x2000 cannot be read"),
            std::string::npos);
}

TEST(OpRegionTest, APhysicalAddressIsToldAndNotFollowed) {
  auto bytes = LaptopRegion();
  bytes[0x16] = 0;
  const OpRegion region = Parsed(bytes);
  EXPECT_EQ(region.vbt_offset_bytes, 0x400u);
  ASSERT_EQ(region.problems.size(), 1u);
  EXPECT_NE(region.problems[0].find("physical address 0x2000 (version 2.0)"),
            std::string::npos);
}

TEST(OpRegionTest, WithoutAVbtTheReasonIsTold) {
  auto bytes = BuildOpRegion(kChildren);
  bytes[0x400] = 0;
  const OpRegion broken = Parsed(bytes);
  EXPECT_FALSE(broken.vbt);
  EXPECT_EQ(broken.vbt_size_bytes, 0u);
  ASSERT_EQ(broken.problems.size(), 1u);
  EXPECT_NE(broken.problems[0].find("mailbox 4"), std::string::npos);
  bytes[0x58] &= ~kMailboxVbt;
  EXPECT_EQ(Parsed(bytes).problems.size(), 1u);
}

TEST(OpRegionTest, TheHeadersTextsAndFlagsAreRead) {
  auto bytes = BuildOpRegion(kChildren);
  std::memcpy(&bytes[0x18], "1.2.3\0junk", 10);
  std::memcpy(&bytes[0x38], "9999 \x1B", 6);
  bytes[0x61] = 0x20;  // PCON bit 13
  bytes[0x10] = 16;
  OpRegion region = Parsed(bytes);
  EXPECT_EQ(region.header.bios_version, "1.2.3");
  EXPECT_EQ(region.header.video_bios_version, "9999");
  EXPECT_FALSE(region.header.headless) << "there is no PCON before 2.3";
  EXPECT_EQ(region.problems.size(), 1u) << "16 KiB";
  bytes[0x16] = 3;
  EXPECT_TRUE(Parsed(bytes).header.headless);
}

TEST(OpRegionTest, MailboxesHaveNames) {
  EXPECT_EQ(MailboxNames(0x8000003F),
            (std::vector<std::string>{"ACPI", "SWSCI", "ASLE", "VBT",
                                      "ASLE_EXT", "BACKLIGHT", "bit 31"}));
}

}  // namespace
}  // namespace oriel::capture::igd
