#include "capture/inspect/op_region_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "capture/abi/vfio.h"
#include "capture/device/fake_device.h"
#include "capture/igd/op_region.h"

namespace oriel::capture {
namespace {

using ::testing::HasSubstr;

constexpr uint32_t kIndex = 9;
// linux/vfio.h tells of no offsets inside; i915's intel_opregion.c does.
constexpr size_t kVersionAt = 0x16;
constexpr size_t kRvdaAt = 0x3ba;
constexpr size_t kRvdsAt = 0x3c2;

// Notices a read beyond what may be read, which is a kernel BUG on Debian 12
// where the header says more than 8 KiB and there is no table behind them.
class IgdDevice : public FakeDevice {
 public:
  IgdDevice() { set_info({.region_count = kIndex + 1}); }

  void Show(std::vector<uint8_t> bytes, uint64_t size_bytes) {
    content = std::move(bytes);
    SetRegion(kIndex,
              RegionReply(kIndex, VFIO_REGION_INFO_FLAG_READ, size_bytes)
                  .AddType(abi::kIntelRegionType,
                           VFIO_REGION_SUBTYPE_INTEL_IGD_OPREGION)
                  .bytes());
  }

  absl::StatusOr<size_t> Read(const RegionAddress& region, uint64_t offset,
                              std::span<uint8_t> out) override {
    EXPECT_EQ(region.index, kIndex);
    read_to = std::max<uint64_t>(read_to, offset + out.size());
    if (offset >= content.size()) return 0;
    const size_t count =
        std::min({out.size(), content.size() - offset, most_at_once});
    std::memcpy(out.data(), content.data() + offset, count);
    return count;
  }

  std::vector<uint8_t> content;
  uint64_t read_to = 0;
  size_t most_at_once = SIZE_MAX;
};

void Put(std::vector<uint8_t>& bytes, size_t at, uint64_t value, size_t size) {
  for (size_t i = 0; i < size; ++i) bytes[at + i] = uint8_t(value >> (8 * i));
}

std::vector<uint8_t> OpRegion(uint16_t version, uint64_t rvda, uint32_t rvds) {
  std::vector<uint8_t> bytes = igd::BuildOpRegion({});
  Put(bytes, kVersionAt, version, 2);
  Put(bytes, kRvdaAt, rvda, 8);
  Put(bytes, kRvdsAt, rvds, 4);
  return bytes;
}

TEST(OpRegionReaderTest, ReadsTheFixedPart) {
  IgdDevice device;
  device.Show(OpRegion(0x0200, 0, 0), 0x2000);
  const auto bytes = ReadOpRegion(device);
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  EXPECT_EQ(*bytes, device.content);
}

TEST(OpRegionReaderTest, ReadsTheTableBehindIt) {
  IgdDevice device;
  std::vector<uint8_t> content = OpRegion(0x0201, 0x2000, 5000);
  for (int i = 0; i < 5000; ++i) content.push_back(uint8_t(i));
  device.Show(content, 0x2000 + 5000);
  const auto bytes = ReadOpRegion(device);
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  EXPECT_EQ(*bytes, content);
}

TEST(OpRegionReaderTest, ShortReadsAreContinued) {
  IgdDevice device;
  device.most_at_once = 100;
  device.Show(OpRegion(0x0201, 0, 0), 0x2000);
  const auto bytes = ReadOpRegion(device);
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  EXPECT_EQ(*bytes, device.content);
}

TEST(OpRegionReaderTest, NothingBeyondTheFixedPartIsTouchedWithoutATable) {
  // A header of 16 KiB; a physical address; one elsewhere; a size alone.
  const std::vector<uint8_t> cases[] = {
      OpRegion(0x0200, 0, 0), OpRegion(0x0200, 0x2000, 5000),
      OpRegion(0x0201, 0x10000000, 5000), OpRegion(0x0201, 0, 5000),
      OpRegion(0x0201, 0x2000, 0)};
  for (const std::vector<uint8_t>& content : cases) {
    IgdDevice device;
    device.Show(content, 0x4000);
    const auto bytes = ReadOpRegion(device);
    ASSERT_TRUE(bytes.ok()) << bytes.status();
    EXPECT_EQ(bytes->size(), 0x2000u);
    EXPECT_EQ(device.read_to, 0x2000u);
  }
}

TEST(OpRegionReaderTest, ATableLargerThanTheRegionIsRefused) {
  for (const uint32_t size : {5001u, 1u << 30, 0xffffffffu}) {
    IgdDevice device;
    device.Show(OpRegion(0x0201, 0x2000, size), 0x2000 + 5000);
    const auto bytes = ReadOpRegion(device);
    EXPECT_EQ(bytes.status().code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(std::string(bytes.status().message()),
                HasSubstr("makes no sense"));
    EXPECT_EQ(device.read_to, 0x2000u);
  }
}

TEST(OpRegionReaderTest, ARegionThatEndsEarlyIsRefused) {
  IgdDevice device;
  std::vector<uint8_t> content = OpRegion(0x0201, 0, 0);
  content.resize(0x1800);
  device.Show(content, 0x2000);
  EXPECT_THAT(std::string(ReadOpRegion(device).status().message()),
              HasSubstr("ends at byte 6144 of 8192"));
  device.Show(content, 0x1800);
  EXPECT_THAT(std::string(ReadOpRegion(device).status().message()),
              HasSubstr("6144 bytes instead of 8192"));
}

TEST(OpRegionReaderTest, ADeviceWithoutOneSaysWhoHasThem) {
  FakeDevice device("a card");
  const auto bytes = ReadOpRegion(device);
  EXPECT_EQ(bytes.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(bytes.status().message()),
              HasSubstr("a card has no OpRegion"));
}

TEST(OpRegionReaderTest, ADeviceThatHasGoneIsUnavailable) {
  FakeDevice device;
  device.set_failure(absl::UnavailableError("it has gone"));
  EXPECT_TRUE(absl::IsUnavailable(ReadOpRegion(device).status()));
}

}  // namespace
}  // namespace oriel::capture
