#include "capture/region/read_speed.h"

#include <gtest/gtest.h>

#include <memory>

#include "capture/device/fake_device.h"
#include "capture/region/region_info.h"

namespace oriel::capture {
namespace {

struct MappedRegion {
  explicit MappedRegion(size_t size_bytes)
      : memory(std::make_shared<FakeMemory>(size_bytes)) {
    device.SetRegion(
        0,
        RegionReply(0, VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_MMAP,
                    size_bytes)
            .bytes(),
        memory);
  }
  std::shared_ptr<ForeignMemory> Map(uint64_t size_bytes) {
    const auto region = QueryRegion(device, 0);
    EXPECT_TRUE(region.ok()) << region.status();
    auto mapped = ForeignMemory::Map(device, *region, 0, size_bytes);
    EXPECT_TRUE(mapped.ok()) << mapped.status();
    return *mapped;
  }

  FakeDevice device;
  std::shared_ptr<FakeMemory> memory;
};

TEST(ReadSpeedTest, OrdinaryMemoryIsFasterThanAnyBar) {
  MappedRegion region(8 << 20);
  const auto speed = MeasureReadSpeed(*region.Map(8 << 20));
  ASSERT_TRUE(speed.ok()) << speed.status();
  // A BAR reads some tens of MB/s; even sanitized code reads memory faster.
  EXPECT_GT(*speed, 200'000'000u);
}

TEST(ReadSpeedTest, APlaneOfOnePixelHasASpeedToo) {
  MappedRegion region(4096);
  const auto speed = MeasureReadSpeed(*region.Map(4));
  ASSERT_TRUE(speed.ok()) << speed.status();
  EXPECT_GT(*speed, 0u);
}

TEST(ReadSpeedTest, MemoryThatIsSwitchedOffHasNone) {
  MappedRegion region(1 << 20);
  const auto memory = region.Map(1 << 20);
  region.memory->Truncate(0);
  EXPECT_TRUE(absl::IsAborted(MeasureReadSpeed(*memory).status()));
}

TEST(ReadSpeedTest, MemoryThatWasLetGoHasNone) {
  MappedRegion region(1 << 20);
  const auto memory = region.Map(1 << 20);
  memory->Revoke();
  EXPECT_TRUE(absl::IsUnavailable(MeasureReadSpeed(*memory).status()));
}

}  // namespace
}  // namespace oriel::capture
