#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/vfio.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "capture/device/fake_device.h"
#include "capture/region/region_info.h"

namespace oriel::capture {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr uint32_t kReadOnly = VFIO_REGION_INFO_FLAG_READ;
constexpr uint32_t kMappable =
    VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_MMAP;
constexpr size_t kArgsz = offsetof(vfio_region_info, argsz);
constexpr size_t kFlags = offsetof(vfio_region_info, flags);
constexpr size_t kIndex = offsetof(vfio_region_info, index);
constexpr size_t kCapOffset = offsetof(vfio_region_info, cap_offset);
constexpr uint32_t kIntel = 0x80008086;

const uint64_t kPage = static_cast<uint64_t>(getpagesize());

std::string MessageOf(const absl::StatusOr<Region>& region) {
  return std::string(region.status().message());
}

TEST(QueryRegionTest, PlainRegionIsAskedForOnce) {
  FakeDevice device;
  device.SetRegion(0, RegionReply(0, kReadOnly, 64).bytes());
  EXPECT_TRUE(QueryRegion(device, 0).ok());
  EXPECT_THAT(device.region_info_sizes(), ElementsAre(32));
}

TEST(QueryRegionTest, CapabilitiesAreFetchedWithExactlyTheAnnouncedSize) {
  FakeDevice device;
  device.SetRegion(
      9, RegionReply(9, kReadOnly, 0x2000).AddType(kIntel, 1).bytes());
  const auto region = QueryRegion(device, 9);
  ASSERT_TRUE(region.ok()) << region.status();
  EXPECT_EQ(region->type, (RegionType{kIntel, 1}));
  EXPECT_THAT(device.region_info_sizes(), ElementsAre(32, 48));
}

// mbochs refuses a buffer larger than its structure, and names in a short
// answer an offset of capabilities that it did not copy.
TEST(QueryRegionTest, DriverThatRefusesLargeBuffersIsUnderstood) {
  FakeDevice device;
  const std::vector<uint8_t> full =
      RegionReply(9, kReadOnly, 0x1000).AddType(1, 1).bytes();
  device.SetRegionInfoHook(9, [full](std::span<uint8_t> reply) {
    if (reply.size() > 48) return absl::NotFoundError("EINVAL");
    std::memcpy(reply.data(), full.data(), std::min(reply.size(), full.size()));
    return absl::OkStatus();
  });
  const auto region = QueryRegion(device, 9);
  ASSERT_TRUE(region.ok()) << region.status();
  EXPECT_EQ(region->type, (RegionType{1, 1}));
}

// libvfio-user sets the flag only when the capabilities are there.
TEST(QueryRegionTest, ArgszAloneIsReasonEnoughToAskAgain) {
  FakeDevice device;
  const std::vector<uint8_t> full =
      RegionReply(1, kMappable, 4 * kPage).AddSparse({{0, kPage}}).bytes();
  device.SetRegionInfoHook(1, [full](std::span<uint8_t> reply) {
    std::memcpy(reply.data(), full.data(), std::min(reply.size(), full.size()));
    if (reply.size() < full.size()) {
      const uint32_t flags = kMappable;
      std::memcpy(reply.data() + kFlags, &flags, sizeof(flags));
      std::memset(reply.data() + kCapOffset, 0, 4);
    }
    return absl::OkStatus();
  });
  const auto region = QueryRegion(device, 1);
  ASSERT_TRUE(region.ok()) << region.status();
  EXPECT_TRUE(region->IsMappable(0, kPage));
  EXPECT_FALSE(region->IsMappable(kPage, kPage));
}

TEST(QueryRegionTest, OnlyTheSecondAnswerCounts) {
  FakeDevice device;
  device.SetRegionInfoHook(2, [](std::span<uint8_t> reply) {
    RegionReply full(2, kMappable, 2 * kPage, kPage);
    full.AddType(kIntel, 1);
    // As a driver that fills in nothing else when the buffer is too small.
    if (reply.size() < 48) full = RegionReply(2, 0, 0).Poke32(kArgsz, 48);
    std::memcpy(reply.data(), full.bytes().data(),
                std::min(reply.size(), full.bytes().size()));
    return absl::OkStatus();
  });
  const auto region = QueryRegion(device, 2);
  ASSERT_TRUE(region.ok()) << region.status();
  EXPECT_EQ(region->size_bytes, 2 * kPage);
  EXPECT_EQ(region->address.file_offset, kPage);
}

TEST(QueryRegionTest, ReplyThatGrowsOnceIsAskedForAgain) {
  FakeDevice device;
  int call = 0;
  device.SetRegionInfoHook(2, [&call](std::span<uint8_t> reply) {
    ++call;
    RegionReply full(2, kReadOnly, 64);
    full.AddType(kIntel, 3);
    if (call > 1) full.AddCapability(0x77, 1, {});
    std::memcpy(reply.data(), full.bytes().data(),
                std::min(reply.size(), full.bytes().size()));
    return absl::OkStatus();
  });
  const auto region = QueryRegion(device, 2);
  ASSERT_TRUE(region.ok()) << region.status();
  EXPECT_THAT(region->capability_ids, ElementsAre(2, 0x77));
  EXPECT_THAT(device.region_info_sizes(), ElementsAre(32, 48, 56));
}

TEST(QueryRegionTest, ReplyThatGrowsForEverIsGivenUp) {
  FakeDevice device;
  device.SetRegionInfoHook(2, [](std::span<uint8_t> reply) {
    const auto more = static_cast<uint32_t>(reply.size() + 8);
    std::memcpy(reply.data(), &more, sizeof(more));
    return absl::OkStatus();
  });
  EXPECT_TRUE(absl::IsUnavailable(QueryRegion(device, 2).status()));
  EXPECT_EQ(device.region_info_sizes().size(), 4u);
}

TEST(QueryRegionTest, RidiculousArgszIsRefusedBeforeAnythingIsAllocated) {
  FakeDevice device;
  device.SetRegion(
      2, RegionReply(2, kReadOnly, 64).Poke32(kArgsz, 0xfffffff0).bytes());
  const auto region = QueryRegion(device, 2);
  EXPECT_TRUE(absl::IsInvalidArgument(region.status()));
  EXPECT_THAT(MessageOf(region), HasSubstr("4294967280"));
  EXPECT_EQ(device.region_info_sizes().size(), 1u);
}

TEST(QueryRegionTest, AnswerAboutAnotherRegionIsRefused) {
  FakeDevice device;
  device.SetRegion(2, RegionReply(2, kReadOnly, 64).Poke32(kIndex, 3).bytes());
  const auto region = QueryRegion(device, 2);
  EXPECT_TRUE(absl::IsInvalidArgument(region.status()));
  EXPECT_THAT(MessageOf(region), HasSubstr("about region 3"));
}

TEST(QueryRegionTest, MissingRegionIsNotFound) {
  FakeDevice device;
  EXPECT_TRUE(absl::IsNotFound(QueryRegion(device, 5).status()));
}

TEST(QueryRegionTest, MdpysDisplayRegionBeyondTheCountIsFound) {
  FakeDevice device;
  device.SetRegion(16, RegionReply(16, kMappable, kPage, 0x1000).bytes());
  const auto region = QueryRegion(device, 16);
  ASSERT_TRUE(region.ok()) << region.status();
  EXPECT_TRUE(region->IsMappable(0, kPage));
}

TEST(ListRegionsTest, MissingRegionsDoNotShiftTheOthers) {
  FakeDevice device;
  device.SetRegion(0, RegionReply(0, kReadOnly, 64).bytes());
  device.SetRegion(7, RegionReply(7, kReadOnly, 256).bytes());
  std::vector<std::string> problems;
  const auto regions = ListRegions(device, &problems);
  ASSERT_TRUE(regions.ok()) << regions.status();
  ASSERT_EQ(regions->size(), 2u);
  EXPECT_EQ((*regions)[1].address.index, 7u);
  EXPECT_THAT(problems, IsEmpty());
}

TEST(ListRegionsTest, MalformedRegionIsNamedAndLeftOut) {
  FakeDevice device("the lying device");
  device.SetRegion(0, RegionReply(0, kReadOnly, 64).Poke32(kArgsz, 0).bytes());
  device.SetRegion(1, RegionReply(1, kReadOnly, 64).bytes());
  std::vector<std::string> problems;
  const auto regions = ListRegions(device, &problems);
  ASSERT_TRUE(regions.ok()) << regions.status();
  EXPECT_EQ(regions->size(), 1u);
  EXPECT_THAT(problems, ElementsAre(HasSubstr("region 0 of the lying device")));
  EXPECT_TRUE(ListRegions(device).ok()) << "problems are optional";
}

TEST(ListRegionsTest, GoneDeviceIsUnavailable) {
  FakeDevice device;
  device.set_failure(absl::UnavailableError("gone"));
  EXPECT_TRUE(absl::IsUnavailable(ListRegions(device).status()));
}

TEST(ListRegionsTest, RegionThatIsUnavailableEndsTheList) {
  FakeDevice device;
  device.SetRegionInfoHook(
      3, [](std::span<uint8_t>) { return absl::UnavailableError("gone"); });
  EXPECT_TRUE(absl::IsUnavailable(ListRegions(device).status()));
}

TEST(ListRegionsTest, ClaimOfBillionsOfRegionsIsBounded) {
  FakeDevice device;
  device.set_info({.region_count = 0xffffffff});
  std::vector<std::string> problems;
  EXPECT_TRUE(ListRegions(device, &problems).ok());
  EXPECT_EQ(device.region_info_sizes().size(), 256u);
  EXPECT_THAT(problems, ElementsAre(HasSubstr("claims 4294967295 regions")));
}

TEST(FindRegionTest, FindsByTypeAndSubtypeBehindMissingOnes) {
  FakeDevice device;
  device.set_info({.region_count = 12});
  device.SetRegion(
      9, RegionReply(9, kReadOnly, 0x2000).AddType(kIntel, 1).bytes());
  device.SetRegion(11,
                   RegionReply(11, kReadOnly, 256).AddType(kIntel, 3).bytes());
  const auto region = FindRegion(device, {kIntel, 3});
  ASSERT_TRUE(region.ok()) << region.status();
  EXPECT_EQ(region->address.index, 11u);
}

TEST(FindRegionTest, ErrorListsTheTypesThatThereAre) {
  FakeDevice device("the device");
  device.SetRegion(3, RegionReply(3, kReadOnly, 64).AddType(1, 1).bytes());
  const auto region = FindRegion(device, {kIntel, 1});
  EXPECT_TRUE(absl::IsNotFound(region.status()));
  EXPECT_THAT(MessageOf(region), HasSubstr("region 3 has type 0x1/1"));
  EXPECT_THAT(MessageOf(region), HasSubstr("0x80008086/1 in the device"));
}

}  // namespace
}  // namespace oriel::capture
