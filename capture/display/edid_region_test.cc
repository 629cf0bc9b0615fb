#include "capture/display/edid_region.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "capture/abi/vfio.h"
#include "capture/device/fake_device.h"
#include "capture/edid/edid_info.h"

namespace oriel::capture {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Bytes = std::vector<uint8_t>;

constexpr uint32_t kIndex = VFIO_PCI_NUM_REGIONS;
constexpr uint32_t kUp = VFIO_DEVICE_GFX_LINK_STATE_UP;
constexpr uint32_t kDown = VFIO_DEVICE_GFX_LINK_STATE_DOWN;
constexpr uint32_t kReadWrite =
    VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
constexpr uint32_t kBlobOffset = 2048;

// What a driver does with the EDID region; a "guest" can look at the members.
class EdidDevice : public FakeDevice {
 public:
  explicit EdidDevice(uint64_t region_size_bytes, uint32_t max_size_bytes,
                      uint32_t flags = kReadWrite)
      : registers{.edid_offset = kBlobOffset, .edid_max_size = max_size_bytes},
        blob(max_size_bytes) {
    set_info({.region_count = kIndex + 1});
    SetRegion(
        kIndex,
        RegionReply(kIndex, flags, region_size_bytes, uint64_t{kIndex} << 40)
            .AddType(VFIO_REGION_TYPE_GFX, VFIO_REGION_SUBTYPE_GFX_EDID)
            .bytes());
  }

  absl::StatusOr<size_t> Read(const RegionAddress& region, uint64_t offset,
                              std::span<uint8_t> out) override {
    EXPECT_EQ(region.index, kIndex);
    if (offset < kBlobOffset) {
      if (out.size() != 4) return Refused("read registers of four bytes");
      std::memcpy(out.data(), &Register(offset), 4);
      return out.size();
    }
    return ReadBlob(offset - kBlobOffset, out);
  }

  absl::Status Write(const RegionAddress& region, uint64_t offset,
                     std::span<const uint8_t> bytes) override {
    EXPECT_EQ(region.index, kIndex);
    if (offset >= kBlobOffset) {
      steps.push_back("blob of " + std::to_string(bytes.size()));
      return WriteBlob(offset - kBlobOffset, bytes);
    }
    if (bytes.size() != 4) return Refused("write registers of four bytes");
    uint32_t value = 0;
    std::memcpy(&value, bytes.data(), 4);
    const bool is_size = offset == offsetof(vfio_region_gfx_edid, edid_size);
    steps.push_back((is_size ? "size " : "link ") + std::to_string(value));
    return WriteRegister(offset, value);
  }

  // For WriteEdid.
  SleepFunction Sleep() {
    return [this](Duration time) {
      steps.push_back(
          "sleep " +
          std::to_string(
              std::chrono::duration_cast<std::chrono::milliseconds>(time)
                  .count()));
    };
  }

  vfio_region_gfx_edid registers;
  Bytes blob;
  std::vector<std::string> steps;

 protected:
  static absl::Status Refused(const char* why) {
    return absl::InvalidArgumentError(why);
  }
  uint32_t& Register(uint64_t offset) {
    uint32_t* const all[] = {&registers.edid_offset, &registers.edid_max_size,
                             &registers.edid_size,   &registers.max_xres,
                             &registers.max_yres,    &registers.link_state};
    return *all[offset / 4];
  }
  virtual absl::Status WriteRegister(uint64_t offset, uint32_t value) {
    Register(offset) = value;
    return absl::OkStatus();
  }
  virtual absl::StatusOr<size_t> ReadBlob(uint64_t at, std::span<uint8_t> out) {
    std::copy_n(blob.begin() + static_cast<std::ptrdiff_t>(at), out.size(),
                out.begin());
    return out.size();
  }
  virtual absl::Status WriteBlob(uint64_t at, std::span<const uint8_t> bytes) {
    std::copy(bytes.begin(), bytes.end(),
              blob.begin() + static_cast<std::ptrdiff_t>(at));
    return absl::OkStatus();
  }
};

// linux samples/vfio-mdev/mbochs.c: takes any value, links nothing at first.
class Mbochs : public EdidDevice {
 public:
  Mbochs() : EdidDevice(0x1000, 1024) {
    registers.max_xres = 1920;
    registers.max_yres = 1080;
  }
};

// linux drivers/gpu/drm/i915/gvt/kvmgt.c: the blob lies behind the region's
// end, only edid_size bytes of it can be touched, and a bad one keeps the link
// down.
class Gvt : public EdidDevice {
 public:
  Gvt() : EdidDevice(128, 128) {
    registers.edid_size = 128;
    registers.link_state = kUp;
    const auto first = edid::BuildEdid({.preferred = {1024, 768}});
    if (first.ok()) blob.assign(first->begin(), first->end());
  }
  // A monitor that this driver does not like, though its EDID is right.
  std::string refused_name;

 protected:
  absl::Status WriteRegister(uint64_t offset, uint32_t value) override {
    if (offset == offsetof(vfio_region_gfx_edid, edid_size)) {
      if (value > registers.edid_max_size) return Refused("edid_size");
    } else if (offset != offsetof(vfio_region_gfx_edid, link_state)) {
      return absl::PermissionDeniedError("read-only");
    } else if (value == kUp) {
      const auto info = edid::ParseEdid(blob);
      if (!info.ok() || !info->problems.empty() ||
          (!refused_name.empty() && info->name == refused_name)) {
        return Refused("link_state");
      }
    }
    return EdidDevice::WriteRegister(offset, value);
  }
  absl::StatusOr<size_t> ReadBlob(uint64_t at,
                                  std::span<uint8_t> out) override {
    if (at + out.size() > registers.edid_size) return Refused("read blob");
    return EdidDevice::ReadBlob(at, out);
  }
  absl::Status WriteBlob(uint64_t at, std::span<const uint8_t> bytes) override {
    if (at + bytes.size() > registers.edid_size) return Refused("write blob");
    return EdidDevice::WriteBlob(at, bytes);
  }
};

EdidRegion Find(Device& device) {
  const auto region = FindEdidRegion(device);
  EXPECT_TRUE(region.ok()) << region.status();
  return region.ok() ? *region : EdidRegion{};
}

std::string WhyNotFound(Device& device) {
  const absl::Status status = FindEdidRegion(device).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  return std::string(status.message());
}

Bytes BlobOf(int width_px, int height_px, const std::string& name = "Oriel") {
  const auto block =
      edid::BuildEdid({.preferred = {width_px, height_px}, .name = name});
  EXPECT_TRUE(block.ok()) << block.status();
  return block.ok() ? Bytes(block->begin(), block->end()) : Bytes();
}

std::string PluggedName(const EdidDevice& device) {
  const auto info = edid::ParseEdid(device.blob);
  return info.ok() ? info->name : "";
}

TEST(EdidRegionTest, TheLimitsAreRead) {
  Mbochs device;
  const EdidRegion region = Find(device);
  EXPECT_EQ(region.blob_offset, kBlobOffset);
  EXPECT_EQ(region.limits.max_size_bytes, 1024u);
  EXPECT_EQ(region.limits.max_width_px, 1920);
  EXPECT_EQ(region.limits.max_height_px, 1080);
  EXPECT_TRUE(region.writable);
}

TEST(EdidRegionTest, ADeviceWithoutSuchARegionIsToldApart) {
  FakeDevice device("mdev 7");
  EXPECT_THAT(WhyNotFound(device),
              AllOf(HasSubstr("mdev 7"), HasSubstr("no EDID region")));
  device.set_failure(absl::UnavailableError("gone"));
  EXPECT_EQ(FindEdidRegion(device).status().code(),
            absl::StatusCode::kUnavailable);
}

TEST(EdidRegionTest, TheKernelsStepsAreTakenInTheirOrder) {
  Mbochs device;
  const EdidRegion region = Find(device);
  const Bytes blob = BlobOf(1600, 900);
  const absl::Status status = WriteEdid(device, region, blob, device.Sleep());
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_THAT(device.steps, ElementsAre("link 2", "size 128", "blob of 128",
                                        "sleep 100", "link 1"));
  const auto state = ReadEdid(device, region);
  ASSERT_TRUE(state.ok()) << state.status();
  EXPECT_EQ(state->link, MonitorLink::kUp);
  EXPECT_EQ(state->blob, blob);
}

TEST(EdidRegionTest, AFreshDeviceHasNoMonitor) {
  Mbochs device;
  const auto state = ReadEdid(device, Find(device));
  ASSERT_TRUE(state.ok()) << state.status();
  EXPECT_EQ(state->link, MonitorLink::kUnknown);
  EXPECT_THAT(state->blob, IsEmpty());
}

TEST(EdidRegionTest, ABlobBehindTheRegionsEndIsReadAndWritten) {
  Gvt device;
  const EdidRegion region = Find(device);
  const auto before = ReadEdid(device, region);
  ASSERT_TRUE(before.ok()) << before.status();
  EXPECT_EQ(before->blob, device.blob);
  const absl::Status status =
      WriteEdid(device, region, BlobOf(1280, 720), device.Sleep());
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(device.blob, BlobOf(1280, 720));
  EXPECT_EQ(device.registers.link_state, kUp);
}

TEST(EdidRegionTest, AStrayBlobMayNotLieInAnotherRegion) {
  Gvt device;
  // As drivers that put one region right after the other.
  device.SetRegion(
      0, RegionReply(0, kReadWrite, 0x1000, (uint64_t{kIndex} << 40) + 2100)
             .bytes());
  EXPECT_THAT(WhyNotFound(device), HasSubstr("another region"));
}

TEST(EdidRegionTest, SenselessRegistersAreRefused) {
  Mbochs device;
  const vfio_region_gfx_edid good = device.registers;
  device.registers.edid_offset = 23;
  EXPECT_THAT(WhyNotFound(device), HasSubstr("among the registers"));
  device.registers.edid_offset = 0xFFFFFFFF;
  EXPECT_THAT(WhyNotFound(device), HasSubstr("4294967295"));
  device.registers = good;
  device.registers.edid_max_size = 127;
  EXPECT_THAT(WhyNotFound(device), HasSubstr("at most 127"));
  EdidDevice tiny(20, 1024);
  EXPECT_THAT(WhyNotFound(tiny), HasSubstr("20 bytes"));
  EdidDevice write_only(0x1000, 1024, VFIO_REGION_INFO_FLAG_WRITE);
  EXPECT_THAT(WhyNotFound(write_only), HasSubstr("flags"));
}

TEST(EdidRegionTest, HugeLimitsAreCutToWhatAnEdidCanHave) {
  Mbochs device;
  device.registers.edid_max_size = 0xFFFFFFFF;
  device.registers.max_xres = 0xFFFFFFFF;
  const EdidRegion region = Find(device);
  EXPECT_EQ(region.limits.max_size_bytes, edid::kMaxEdidBytes);
  EXPECT_GT(region.limits.max_width_px, 0);
}

TEST(EdidRegionTest, ALieAboutTheSizeDoesNotMakeTheBlobLarger) {
  Mbochs device;
  const EdidRegion region = Find(device);
  device.registers.edid_size = 99999;
  const auto state = ReadEdid(device, region);
  ASSERT_TRUE(state.ok()) << state.status();
  EXPECT_EQ(state->blob.size(), 1024u);
}

TEST(EdidRegionTest, WhatDoesNotFitIsRefusedBeforeAnythingIsWritten) {
  Mbochs device;
  const EdidRegion region = Find(device);
  const auto refusal = [&](const EdidRegion& where, const Bytes& blob) {
    const absl::Status status = WriteEdid(device, where, blob, device.Sleep());
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(device.steps, IsEmpty());
    return std::string(status.message());
  };
  EXPECT_THAT(refusal(region, BlobOf(1920, 1200)),
              AllOf(HasSubstr("1920x1200"), HasSubstr("1920 by 1080")));
  EXPECT_THAT(refusal(region, BlobOf(2560, 1080)), HasSubstr("1920 by 1080"));
  EXPECT_THAT(refusal(region, {}), HasSubstr("0 bytes"));
  Bytes damaged = BlobOf(1600, 900);
  damaged[60] ^= 1;
  EXPECT_THAT(refusal(region, damaged), HasSubstr("add up"));
  Bytes large = BlobOf(1600, 900);
  large[126] = 1;
  large[127] -= 1;
  large.resize(256);
  EdidRegion small = region;
  small.limits.max_size_bytes = 128;
  EXPECT_THAT(refusal(small, large),
              AllOf(HasSubstr("256 bytes"), HasSubstr("at most 128")));
  const absl::Status fits = CheckEdidFits(region.limits, large);
  EXPECT_TRUE(fits.ok()) << fits;
}

TEST(EdidRegionTest, ALimitOfZeroIsNone) {
  const EdidLimits limits = {.max_size_bytes = 128, .max_height_px = 600};
  EXPECT_TRUE(CheckEdidFits(limits, BlobOf(4000, 600)).ok());
  EXPECT_THAT(std::string(CheckEdidFits(limits, BlobOf(4000, 601)).message()),
              HasSubstr("any by 600"));
}

TEST(EdidRegionTest, ARefusedMonitorGivesWayToTheOneFromBefore) {
  Gvt device;
  const EdidRegion region = Find(device);
  ASSERT_TRUE(
      WriteEdid(device, region, BlobOf(800, 600, "first"), device.Sleep())
          .ok());
  device.refused_name = "second";
  const absl::Status status =
      WriteEdid(device, region, BlobOf(1280, 720, "second"), device.Sleep());
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("a fake device"), HasSubstr("link_state"),
                    HasSubstr("plugged in again")));
  EXPECT_EQ(PluggedName(device), "first");
  EXPECT_EQ(device.registers.link_state, kUp);
}

TEST(EdidRegionTest, ARefusedFirstMonitorLeavesNone) {
  Gvt device;
  device.registers.link_state = kDown;
  device.refused_name = "second";
  const absl::Status status = WriteEdid(
      device, Find(device), BlobOf(1280, 720, "second"), device.Sleep());
  EXPECT_THAT(std::string(status.message()), HasSubstr("no monitor"));
  EXPECT_EQ(device.registers.link_state, kDown);
}

TEST(EdidRegionTest, AMonitorThatCannotBePluggedInAgainIsSaidToBeGone) {
  Gvt device;
  const EdidRegion region = Find(device);
  ASSERT_TRUE(
      WriteEdid(device, region, BlobOf(800, 600, "same"), device.Sleep()).ok());
  device.refused_name = "same";
  const absl::Status status =
      WriteEdid(device, region, BlobOf(1280, 720, "same"), device.Sleep());
  EXPECT_THAT(std::string(status.message()), HasSubstr("there may be none"));
}

TEST(EdidRegionTest, AReadOnlyRegionIsReadButNotWritten) {
  EdidDevice device(0x1000, 1024, VFIO_REGION_INFO_FLAG_READ);
  const EdidRegion region = Find(device);
  EXPECT_TRUE(ReadEdid(device, region).ok());
  EXPECT_EQ(WriteEdid(device, region, BlobOf(800, 600), device.Sleep()).code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(device.steps, IsEmpty());
}

// Of a process that drives it: not to be written to.
class BorrowedEdidDevice : public EdidDevice {
 public:
  using EdidDevice::EdidDevice;
  RegionWriter* AsEdidWriter() override { return nullptr; }
};

TEST(EdidRegionTest, ADeviceThatAnotherDrivesIsNotWrittenTo) {
  BorrowedEdidDevice device(0x1000, 1024);
  const EdidRegion region = Find(device);
  EXPECT_TRUE(ReadEdid(device, region).ok());
  const absl::Status status =
      WriteEdid(device, region, BlobOf(800, 600), device.Sleep());
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("allow_edid_writes"));
  EXPECT_THAT(device.steps, IsEmpty());
}

TEST(EdidRegionTest, AnEdidIsBuiltForWhatTheDeviceTakes) {
  const EdidLimits limits = {128, 1920, 1080};
  const auto blob = EdidFor(limits, {.preferred = {1920, 1080}});
  ASSERT_TRUE(blob.ok()) << blob.status();
  EXPECT_TRUE(CheckEdidFits(limits, *blob).ok());
  EXPECT_EQ(EdidFor(limits, {.preferred = {1921, 1080}}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(EdidRegionTest, ALargeModeIsBuiltUpToWhatTheDeviceTakes) {
  const edid::Monitor wide = {.preferred = {5120, 1440}};
  const auto blob = EdidFor({256, 5120, 1440}, wide);
  ASSERT_TRUE(blob.ok()) << blob.status();
  EXPECT_EQ(blob->size(), 256u);
  const absl::Status small = EdidFor({128, 0, 0}, wide).status();
  EXPECT_EQ(small.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(small.message()),
              AllOf(HasSubstr("5120x1440"), HasSubstr("256 bytes"),
                    HasSubstr("at most 128"), HasSubstr("4095")));
  // Its preferred mode is the large one, though the base block's is not.
  EXPECT_THAT(std::string(EdidFor({256, 5119, 0}, wide).status().message()),
              AllOf(HasSubstr("5120x1440"), HasSubstr("5119 by any")));
}

TEST(EdidRegionTest, AClampedModeAlwaysFits) {
  for (const EdidLimits& limits :
       {EdidLimits{128, 1920, 1080}, EdidLimits{128, 0, 0},
        EdidLimits{128, 800, 0}, EdidLimits{128, 9000, 9000},
        EdidLimits{256, 0, 0}, EdidLimits{256, 4500, 9000}}) {
    for (const edid::Mode asked :
         {edid::Mode{5120, 2880, 30'000}, edid::Mode{640, 480}}) {
      const edid::Mode mode = ClampMode(limits, asked);
      EXPECT_LE(mode.width_px, asked.width_px);
      EXPECT_LE(mode.height_px, asked.height_px);
      EXPECT_EQ(mode.refresh_mhz, asked.refresh_mhz);
      const auto blob = EdidFor(limits, {.preferred = mode});
      EXPECT_TRUE(blob.ok()) << blob.status();
    }
  }
  EXPECT_EQ(ClampMode({128, 1920, 1080}, {-5, 0}), (edid::Mode{1, 1}));
}

}  // namespace
}  // namespace oriel::capture
