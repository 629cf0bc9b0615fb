#include "capture/region/region_info.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/vfio.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "capture/device/fake_device.h"

namespace oriel::capture {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr uint32_t kReadOnly = VFIO_REGION_INFO_FLAG_READ;
constexpr uint32_t kMappable =
    VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_MMAP;
constexpr size_t kArgsz = offsetof(vfio_region_info, argsz);
constexpr size_t kCapOffset = offsetof(vfio_region_info, cap_offset);
constexpr uint32_t kIntel = 0x80008086;

const uint64_t kPage = static_cast<uint64_t>(getpagesize());

std::string MessageOf(const absl::StatusOr<Region>& region) {
  return std::string(region.status().message());
}

void ExpectMalformed(const RegionReply& reply, const std::string& why) {
  const absl::StatusOr<Region> region = ParseRegionInfo(reply.bytes());
  ASSERT_TRUE(absl::IsInvalidArgument(region.status())) << region.status();
  EXPECT_THAT(MessageOf(region), HasSubstr(why));
}

TEST(ParseRegionInfoTest, PlainReadOnlyRegionCannotBeMapped) {
  const auto region =
      ParseRegionInfo(RegionReply(7, kReadOnly, 0x1000, 0x70000).bytes());
  ASSERT_TRUE(region.ok()) << region.status();
  EXPECT_EQ(region->address.index, 7u);
  EXPECT_EQ(region->address.file_offset, 0x70000u);
  EXPECT_EQ(region->size_bytes, 0x1000u);
  EXPECT_TRUE(region->readable());
  EXPECT_FALSE(region->type.has_value());
  EXPECT_FALSE(region->IsMappable(0, 1));
}

TEST(ParseRegionInfoTest, MappableRegionWithoutSparseAreasIsMappableWhole) {
  const auto region =
      ParseRegionInfo(RegionReply(0, kMappable, 4 * kPage).bytes());
  ASSERT_TRUE(region.ok()) << region.status();
  EXPECT_THAT(region->mappable_areas, ElementsAre(MappableArea{0, 4 * kPage}));
  EXPECT_TRUE(region->IsMappable(0, 4 * kPage));
  EXPECT_TRUE(region->IsMappable(4 * kPage - 1, 1));
  EXPECT_FALSE(region->IsMappable(4 * kPage, 1));
  EXPECT_FALSE(region->IsMappable(1, 4 * kPage));
  EXPECT_FALSE(region->IsMappable(0, 0));
  EXPECT_FALSE(region->IsMappable(1, ~uint64_t{0}));
}

TEST(ParseRegionInfoTest, RegionThatEndsInsideAPageIsMappableToItsEnd) {
  const auto region =
      ParseRegionInfo(RegionReply(0, kMappable, kPage + 5).bytes());
  ASSERT_TRUE(region.ok()) << region.status();
  EXPECT_TRUE(region->IsMappable(0, kPage + 5));
}

TEST(ParseRegionInfoTest, ReadsTypeSparseAreasAndMsixInOneChain) {
  const auto region = ParseRegionInfo(
      RegionReply(9, kMappable, 8 * kPage)
          .AddType(kIntel, 1)
          .AddSparse({{0, kPage}, {4 * kPage, 2 * kPage}})
          .AddCapability(VFIO_REGION_INFO_CAP_MSIX_MAPPABLE, 1, {})
          .bytes());
  ASSERT_TRUE(region.ok()) << region.status();
  EXPECT_EQ(region->type, (RegionType{kIntel, 1}));
  EXPECT_THAT(
      region->mappable_areas,
      ElementsAre(MappableArea{0, kPage}, MappableArea{4 * kPage, 2 * kPage}));
  EXPECT_TRUE(region->msix_mappable);
  EXPECT_THAT(region->capability_ids, ElementsAre(2, 1, 3));
  EXPECT_TRUE(region->IsMappable(5 * kPage, kPage));
  EXPECT_FALSE(region->IsMappable(0, 5 * kPage)) << "there is a hole";
}

TEST(ParseRegionInfoTest, UnknownCapabilitiesOfAnyVersionAreSkipped) {
  const auto region = ParseRegionInfo(RegionReply(9, kReadOnly, 64)
                                          .AddCapability(0x77, 9, {1, 2, 3, 4})
                                          .AddType(1, 1)
                                          .bytes());
  ASSERT_TRUE(region.ok()) << region.status();
  EXPECT_THAT(region->capability_ids, ElementsAre(0x77, 2));
  EXPECT_EQ(region->type, (RegionType{1, 1}));
}

TEST(ParseRegionInfoTest, CapabilityAtAnOddAddressIsRead) {
  // Kernels before 6.6 append without aligning.
  const auto region = ParseRegionInfo(RegionReply(9, kReadOnly, 64)
                                          .AddCapability(0x77, 1, {1, 2, 3})
                                          .AddType(kIntel, 2)
                                          .bytes());
  ASSERT_TRUE(region.ok()) << region.status();
  EXPECT_EQ(region->type, (RegionType{kIntel, 2}));
}

TEST(ParseRegionInfoTest, CapOffsetIsIgnoredWithoutTheFlag) {
  const auto region = ParseRegionInfo(
      RegionReply(0, kReadOnly, 64).Poke32(kCapOffset, 0xaaaaaaaa).bytes());
  EXPECT_TRUE(region.ok()) << region.status();
}

TEST(ParseRegionInfoTest, FlagWithoutAnyCapabilityIsAnEmptyChain) {
  const auto region = ParseRegionInfo(
      RegionReply(0, kReadOnly | VFIO_REGION_INFO_FLAG_CAPS, 64).bytes());
  ASSERT_TRUE(region.ok()) << region.status();
  EXPECT_THAT(region->capability_ids, IsEmpty());
}

TEST(ParseRegionInfoTest, RefusesReplyShorterThanTheStructure) {
  ExpectMalformed(RegionReply(0, kReadOnly, 64).Truncate(31), "cut off");
}

TEST(ParseRegionInfoTest, RefusesArgszBelowTheStructure) {
  ExpectMalformed(RegionReply(0, kReadOnly, 64).Poke32(kArgsz, 31),
                  "argsz is 31");
}

TEST(ParseRegionInfoTest, RefusesReplyShorterThanItsArgsz) {
  ExpectMalformed(RegionReply(0, kReadOnly, 64).Poke32(kArgsz, 48),
                  "only 32 of the reply's 48 bytes");
}

TEST(ParseRegionInfoTest, RefusesChainInsideTheFixedStructure) {
  ExpectMalformed(
      RegionReply(0, kReadOnly, 64).AddType(1, 1).Poke32(kCapOffset, 16),
      "inside the structure");
}

TEST(ParseRegionInfoTest, RefusesChainBehindTheReply) {
  for (const uint32_t offset : {41u, 48u, 1000u, 0xfffffff9u}) {
    ExpectMalformed(
        RegionReply(0, kReadOnly, 64).AddType(1, 1).Poke32(kCapOffset, offset),
        "cut off by the reply's end");
  }
}

TEST(ParseRegionInfoTest, RefusesCapabilityThatNamesItselfAsNext) {
  ExpectMalformed(RegionReply(0, kReadOnly, 64).AddType(1, 1).Poke32(36, 32),
                  "does not lie behind it");
}

TEST(ParseRegionInfoTest, RefusesChainThatLeadsBack) {
  RegionReply reply(0, kReadOnly, 64);
  reply.AddCapability(0x77, 1, {}).AddCapability(0x78, 1, {});
  ExpectMalformed(reply.Poke32(44, 32), "does not lie behind it");
}

TEST(ParseRegionInfoTest, RefusesNextInsideItsOwnHeader) {
  ExpectMalformed(RegionReply(0, kReadOnly, 64).AddType(1, 1).Poke32(36, 39),
                  "does not lie behind it");
}

TEST(ParseRegionInfoTest, RefusesNextBehindTheReply) {
  for (const uint32_t next : {49u, 0xffffffffu, 0xfffffff8u}) {
    ExpectMalformed(
        RegionReply(0, kReadOnly, 64).AddType(1, 1).Poke32(36, next),
        "behind the reply's end");
  }
}

TEST(ParseRegionInfoTest, RefusesTypeCutOffByTheReplysEnd) {
  ExpectMalformed(RegionReply(0, kReadOnly, 64)
                      .AddCapability(VFIO_REGION_INFO_CAP_TYPE, 1, {1, 2, 3}),
                  "type capability");
}

TEST(ParseRegionInfoTest, RefusesTypeCutOffByTheNextCapability) {
  ExpectMalformed(RegionReply(0, kReadOnly, 64)
                      .AddCapability(VFIO_REGION_INFO_CAP_TYPE, 1, {1, 2, 3, 4})
                      .AddCapability(0x77, 1, {}),
                  "type capability");
}

TEST(ParseRegionInfoTest, RefusesUnknownVersionsOfKnownCapabilities) {
  for (const uint16_t id :
       {VFIO_REGION_INFO_CAP_SPARSE_MMAP, VFIO_REGION_INFO_CAP_TYPE,
        VFIO_REGION_INFO_CAP_MSIX_MAPPABLE}) {
    ExpectMalformed(RegionReply(0, kReadOnly, 64)
                        .AddCapability(id, 2, std::vector<uint8_t>(8)),
                    "has version 2");
  }
}

TEST(ParseRegionInfoTest, RefusesSecondTypeAndSecondSparse) {
  ExpectMalformed(RegionReply(0, kReadOnly, 64).AddType(1, 1).AddType(1, 1),
                  "a second type");
  ExpectMalformed(RegionReply(0, kMappable, kPage).AddSparse({}).AddSparse({}),
                  "a second sparse");
}

TEST(ParseRegionInfoTest, RefusesMoreAreasThanFit) {
  for (const uint32_t count : {2u, 0x10000000u, 0x10000001u, 0xffffffffu}) {
    ExpectMalformed(RegionReply(0, kMappable, kPage)
                        .AddSparse({{0, kPage}})
                        .Poke32(40, count),
                    absl::StrFormat("claims %d areas", count));
  }
}

TEST(ParseRegionInfoTest, RefusesSparseCapabilityWithoutItsCount) {
  ExpectMalformed(
      RegionReply(0, kMappable, kPage)
          .AddCapability(VFIO_REGION_INFO_CAP_SPARSE_MMAP, 1, {0, 0, 0, 0}),
      "at least 16 bytes");
}

TEST(ParseRegionInfoTest, RefusesAreaOutsideTheRegion) {
  ExpectMalformed(RegionReply(0, kMappable, kPage).AddSparse({{0, kPage + 1}}),
                  "leaves");
  ExpectMalformed(RegionReply(0, kMappable, kPage).AddSparse({{2 * kPage, 0}}),
                  "leaves");
  ExpectMalformed(
      RegionReply(0, kMappable, kPage).AddSparse({{kPage, ~uint64_t{0}}}),
      "leaves");
}

TEST(ParseRegionInfoTest, RefusesRegionThatWrapsAround) {
  ExpectMalformed(RegionReply(0, kMappable, ~uint64_t{0}, 2), "wrap around");
}

TEST(ParseRegionInfoTest, EmptySparseListMakesARegionUnmappable) {
  const auto region =
      ParseRegionInfo(RegionReply(0, kMappable, kPage).AddSparse({}).bytes());
  ASSERT_TRUE(region.ok()) << region.status();
  EXPECT_FALSE(region->IsMappable(0, 1));
}

TEST(ParseRegionInfoTest, AreasWithoutTheMmapFlagAreNotMappable) {
  const auto region = ParseRegionInfo(
      RegionReply(0, kReadOnly, kPage).AddSparse({{0, kPage}}).bytes());
  ASSERT_TRUE(region.ok()) << region.status();
  EXPECT_FALSE(region->IsMappable(0, 1));
}

TEST(ParseRegionInfoTest, UnalignedAreasShrinkToWholePages) {
  const auto region = ParseRegionInfo(
      RegionReply(0, kMappable, 8 * kPage)
          .AddSparse({{1, 2 * kPage}, {5 * kPage + 1, kPage - 2}})
          .bytes());
  ASSERT_TRUE(region.ok()) << region.status();
  EXPECT_THAT(region->mappable_areas, ElementsAre(MappableArea{kPage, kPage}));
}

// Against a plain page map: what any areas come to is what they cover.
TEST(ParseRegionInfoTest, ManyAreasComeToTheirUnion) {
  std::mt19937 random(7);
  constexpr uint64_t kPages = 24;
  for (int round = 0; round < 500; ++round) {
    std::vector<std::pair<uint64_t, uint64_t>> areas;
    std::vector<bool> covered(kPages);
    const int count = static_cast<int>(random() % 6);
    for (int i = 0; i < count; ++i) {
      const uint64_t first = random() % kPages;
      const uint64_t pages = random() % (kPages - first + 1);
      areas.emplace_back(first * kPage, pages * kPage);
      for (uint64_t p = first; p < first + pages; ++p) covered[p] = true;
    }
    const auto region = ParseRegionInfo(
        RegionReply(0, kMappable, kPages * kPage).AddSparse(areas).bytes());
    ASSERT_TRUE(region.ok()) << region.status();
    for (uint64_t first = 0; first < kPages; ++first) {
      bool all = true;
      for (uint64_t last = first; last < kPages; ++last) {
        all = all && covered[last];
        ASSERT_EQ(region->IsMappable(first * kPage, (last - first + 1) * kPage),
                  all)
            << "round " << round << ", pages " << first << " to " << last;
      }
    }
  }
}

// Every single-byte change of a good reply parses or is refused; ASan and
// UBSan watch.
TEST(ParseRegionInfoTest, SurvivesEveryChangedByteAndEveryLength) {
  const std::vector<uint8_t> good = RegionReply(9, kMappable, 8 * kPage)
                                        .AddType(kIntel, 1)
                                        .AddSparse({{0, kPage}})
                                        .bytes();
  for (size_t at = 0; at < good.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      std::vector<uint8_t> bad = good;
      bad[at] = static_cast<uint8_t>(value);
      const auto region = ParseRegionInfo(bad);
      if (!region.ok()) continue;
      for (const MappableArea& area : region->mappable_areas) {
        EXPECT_LE(area.offset, region->size_bytes);
        EXPECT_EQ(area.offset % kPage, 0u);
      }
    }
  }
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(ParseRegionInfo(std::span(good).first(size)).ok());
  }
}

}  // namespace
}  // namespace oriel::capture
