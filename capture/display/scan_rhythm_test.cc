// How soon and how surely a source sees what a guest draws when it reads only
// what is due. Time is simulated.
#include <libdrm/drm_fourcc.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <functional>
#include <random>
#include <utility>
#include <vector>

#include "capture/device/fake_device.h"
#include "capture/display/device_frame_source.h"
#include "capture/display/pixel_convert.h"
#include "gtest/gtest.h"

namespace oriel::capture {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr uint32_t kRegion = 9;
constexpr size_t kRegionBytes = size_t{1} << 20;
constexpr Size kSize = {300, 210};
constexpr uint32_t kSeed = 1234;

// A device whose guest draws between scans and, because a test can do something
// at each question to the device, during them; and somebody who follows the
// frames' damage.
class Guest {
 public:
  explicit Guest(uint32_t fourcc = DRM_FORMAT_XRGB8888, int max_rate_hz = 60)
      : format_(FindSourceFormat({fourcc, 0})->row) {
    plane_.drm_format = fourcc;
    plane_.region_index = kRegion;
    plane_.size = kRegionBytes;
    SetMode(kSize);
    auto device = std::make_unique<FakeDevice>("guest");
    device->SetRegion(
        kRegion,
        RegionReply(kRegion,
                    VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_MMAP,
                    kRegionBytes)
            .bytes(),
        memory_);
    device->set_plane_hook([this](uint32_t flags, uint32_t plane_type)
                               -> absl::StatusOr<vfio_device_gfx_plane_info> {
      if (plane_type != 1 || (flags & VFIO_GFX_PLANE_TYPE_REGION) == 0)
        return absl::InvalidArgumentError("EINVAL");
      ++queries;
      if (at_query) at_query();
      return plane_;
    });
    FrameSourceOptions options;
    options.pace.max_rate_hz = max_rate_hz;
    // So that the speed of the machine that runs the test changes nothing.
    options.pace.budget_per_second = seconds(1000);
    auto source = OpenDeviceFrameSource(std::move(device), options);
    EXPECT_TRUE(source.ok()) << source.status();
    source_ = *std::move(source);
    Scan({now, /*whole=*/true});
  }

  void SetMode(Size size) {
    DrawForMode(size);
    TellMode();
  }
  // From now on memory is drawn on in this mode; the device still tells the
  // one before, until TellMode.
  void DrawForMode(Size size) {
    size_ = size;
    stride_bytes_ = size_t(size.width_px + 13) * format_.bytes_per_pixel;
  }
  void TellMode() {
    plane_.width = static_cast<uint32_t>(size_.width_px);
    plane_.height = static_cast<uint32_t>(size_.height_px);
    plane_.stride = static_cast<uint32_t>(stride_bytes_);
  }
  Size size() const { return size_; }

  template <typename Byte>
  void Draw(const Rect& rect, Byte&& byte) {
    const Rect part = Intersection(rect, Rect::Of(size_));
    for (int32_t y = part.y_px; y < part.bottom_px(); ++y) {
      uint8_t* row = At(y) + size_t(part.x_px) * format_.bytes_per_pixel;
      for (int i = 0; i < part.width_px * format_.bytes_per_pixel; ++i)
        row[i] = static_cast<uint8_t>(byte());
    }
  }
  // Every bit of those pixels becomes another.
  void Invert(const Rect& rect) {
    for (int32_t y = rect.y_px; y < rect.bottom_px(); ++y) {
      uint8_t* row = At(y) + size_t(rect.x_px) * format_.bytes_per_pixel;
      for (int i = 0; i < rect.width_px * format_.bytes_per_pixel; ++i)
        row[i] = static_cast<uint8_t>(~row[i]);
    }
  }
  // By the format's own conversion, but without the scan's code.
  Picture Expected() {
    Picture picture(size_);
    for (int32_t y = 0; y < size_.height_px; ++y) {
      if (format_.convert != nullptr) {
        format_.convert(At(y), size_.width_px, picture.MutableAt(0, y));
        continue;
      }
      for (int32_t x = 0; x < size_.width_px; ++x)
        std::memcpy(picture.MutableAt(x, y), At(y) + x * 4, 3);
    }
    return picture;
  }

  absl::StatusOr<Frame> TryScan(const ScanRequest& request) {
    return source_->Scan(request);
  }
  Frame Scan(const ScanRequest& request) {
    absl::StatusOr<Frame> scanned = TryScan(request);
    EXPECT_TRUE(scanned.ok()) << scanned.status();
    if (!scanned.ok()) return frame;
    const bool renewed = scanned->generation != frame.generation;
    frame = *std::move(scanned);
    if (renewed) viewer = BandedPicture(frame.picture.size());
    for (const Rect& rect : frame.damage.Rects())
      viewer.CopyFrom(frame.picture, rect);
    EXPECT_TRUE(frame.next_due.has_value());
    EXPECT_GT(*frame.next_due, request.now);
    return frame;
  }
  Frame ScanDue() {
    now = std::max(now, *frame.next_due);
    return Scan({now, /*whole=*/false});
  }
  // All scans that are due in this time.
  void Live(Duration time) {
    const Time end = now + time;
    while (*frame.next_due <= end) ScanDue();
    now = end;
  }
  // The time until a frame shows all of the plane.
  Duration TimeToSee() {
    const Time drawn = now;
    const Picture expected = Expected();
    while (now - drawn < seconds(5)) {
      if (ScanDue().picture.ToPicture() == expected) return now - drawn;
    }
    return Duration::max();
  }

  Time now = Time{} + seconds(1000);
  Frame frame;
  BandedPicture viewer;
  int queries = 0;
  std::function<void()> at_query;

 private:
  uint8_t* At(int32_t y) {
    return memory_->bytes().data() + size_t(y) * stride_bytes_;
  }

  const RowFormat format_;
  Size size_;
  size_t stride_bytes_ = 0;
  vfio_device_gfx_plane_info plane_{};
  std::shared_ptr<FakeMemory> memory_ =
      std::make_shared<FakeMemory>(kRegionBytes);
  std::unique_ptr<FrameSource> source_;
};

Rect RandomRect(std::mt19937& random, int32_t width_px, int32_t height_px) {
  return {static_cast<int32_t>(random() % (kSize.width_px - width_px + 1)),
          static_cast<int32_t>(random() % (kSize.height_px - height_px + 1)),
          width_px, height_px};
}

struct Bound {
  const char* what;
  Duration rested;
  int32_t width_px;
  int32_t height_px;
  Duration seen_within;
};

TEST(ScanRhythmTest, AChangeOfTextHeightAndOnePixelAreSeenInTime) {
  std::mt19937 random(kSeed);
  for (const Bound& bound : {
           Bound{"text", seconds(1), 8, 16, milliseconds(20)},
           Bound{"wide text", seconds(2), 200, 16, milliseconds(20)},
           Bound{"pixel", seconds(1), 1, 1, milliseconds(320)},
           Bound{"line", seconds(1), 300, 1, milliseconds(320)},
           Bound{"text after rest", seconds(12), 8, 16, milliseconds(100)},
           Bound{"pixel after rest", seconds(12), 1, 1, milliseconds(1600)},
       }) {
    SCOPED_TRACE(bound.what);
    Guest guest;
    Duration longest{};
    for (int i = 0; i < 40; ++i) {
      guest.Live(bound.rested + microseconds(random() % 100'000));
      guest.Invert(RandomRect(random, bound.width_px, bound.height_px));
      longest = std::max(longest, guest.TimeToSee());
    }
    EXPECT_LE(longest, bound.seen_within);
    EXPECT_GE(longest, bound.seen_within / 2) << "no better than it must be";
  }
}

TEST(ScanRhythmTest, WhatIsHotIsSeenAtTheNextTickOfTheFullRate) {
  std::mt19937 random(kSeed);
  for (const int rate : {60, 120}) {
    Guest guest(DRM_FORMAT_XRGB8888, rate);
    guest.Live(seconds(1));
    guest.Invert({100, 100, 8, 16});
    guest.TimeToSee();
    for (int i = 0; i < 50; ++i) {
      guest.Live(microseconds(random() % 250'000));
      // In the next tile, and in the same one.
      guest.Invert({128 + i % 8, 96 + i % 28, 1, 4});
      EXPECT_LE(guest.TimeToSee(),
                Duration(seconds(1)) / rate + microseconds(1));
      guest.Invert({128 + i % 8, 96 + i % 30, 1, 1});
      EXPECT_LE(guest.TimeToSee(),
                Duration(seconds(1)) / rate + microseconds(1));
    }
  }
}

TEST(ScanRhythmTest, AWakeUpEndsTheSlowPace) {
  Guest guest;
  guest.Live(seconds(20));
  ScanRequest woken(guest.now, /*whole=*/false);
  woken.wake = true;
  guest.Scan(woken);
  guest.Live(seconds(5));
  guest.Invert({8, 8, 8, 16});
  EXPECT_LE(guest.TimeToSee(), milliseconds(20));
}

TEST(ScanRhythmTest, AWholeScanSeesEverythingAtOnce) {
  std::mt19937 random(kSeed);
  Guest guest;
  for (int i = 0; i < 20; ++i) {
    guest.Live(milliseconds(random() % 1000));
    guest.Invert(RandomRect(random, 1, 1));
    const Frame frame = guest.Scan({guest.now, /*whole=*/true});
    EXPECT_EQ(frame.picture.ToPicture(), guest.Expected());
    EXPECT_EQ(frame.read_since, guest.now);
    EXPECT_EQ(frame.generation, 1u);
  }
}

// What the guest drew before read_since is in the picture, for every format,
// however and whenever it draws, also while its memory is read.
TEST(ScanRhythmTest, AfterTheBoundThePictureIsThePlane) {
  for (const uint32_t fourcc :
       {DRM_FORMAT_XRGB8888, DRM_FORMAT_ARGB8888, DRM_FORMAT_XBGR8888,
        DRM_FORMAT_ABGR8888, DRM_FORMAT_RGB888, DRM_FORMAT_BGR888,
        DRM_FORMAT_RGB565, DRM_FORMAT_XRGB2101010, DRM_FORMAT_XBGR2101010}) {
    SCOPED_TRACE(FourccName(fourcc));
    std::mt19937 random(kSeed);
    Guest guest(fourcc);
    Time drawn = guest.now;
    const auto draw = [&] {
      const int kind = static_cast<int>(random() % 20);
      drawn = guest.now;
      if (kind == 0) return guest.Draw(Rect::Of(kSize), random);
      if (kind < 10) return guest.Invert(RandomRect(random, 1, 1));
      guest.Draw(RandomRect(random, 1 + random() % 100, 1 + random() % 60),
                 random);
    };
    for (int round = 0; round < 12; ++round) {
      const Time end = guest.now + milliseconds(random() % 1500);
      guest.at_query = [&] {
        if (random() % 4 == 0) draw();
      };
      while (guest.now < end) {
        guest.now += microseconds(random() % 30'000);
        if (random() % 3 != 0) draw();
        guest.ScanDue();
        ASSERT_EQ(guest.viewer.ToPicture(), guest.frame.picture.ToPicture());
      }
      guest.at_query = nullptr;
      if (round % 3 == 0) guest.Live(milliseconds(random() % 300));
      while (guest.frame.read_since <= drawn) guest.ScanDue();
      EXPECT_LE(guest.now - drawn, milliseconds(640));
      ASSERT_EQ(guest.frame.picture.ToPicture(), guest.Expected());
      ASSERT_EQ(guest.viewer.ToPicture(), guest.Expected());
    }
    EXPECT_EQ(guest.frame.generation, 1u);
  }
}

// Each mode has one colour, so a torn picture has two. Modes change at any
// time, also between any two questions of one scan, where what is read then is
// of neither.
TEST(ScanRhythmTest, ModesThatChangeAtAnyTimeAreNeverShownTorn) {
  std::mt19937 random(kSeed);
  Guest guest;
  const auto draw = [&] {
    const auto colour = static_cast<uint8_t>(1 + random() % 255);
    guest.DrawForMode({200 + static_cast<int32_t>(random() % 100),
                       100 + static_cast<int32_t>(random() % 100)});
    guest.Draw(Rect::Of(guest.size()), [&] { return colour; });
  };
  const auto change = [&] {
    draw();
    guest.TellMode();
  };
  change();
  bool untold = false;
  guest.at_query = [&] {
    if (std::exchange(untold, false)) guest.TellMode();
    const int kind = static_cast<int>(random() % 8);
    if (kind == 0) change();
    untold = kind == 1;
    if (untold) draw();
  };
  int shown = 0;
  for (int i = 0; i < 3000; ++i) {
    if (random() % 10 == 0) change();
    guest.now += microseconds(random() % 30'000);
    const uint32_t before = guest.frame.generation;
    const int queries = guest.queries;
    ScanRequest request(guest.now, random() % 10 == 0);
    absl::StatusOr<Frame> frame = guest.TryScan(request);
    EXPECT_LE(guest.queries - queries, 5);
    if (!frame.ok()) {
      EXPECT_TRUE(absl::IsAborted(frame.status())) << frame.status();
      continue;
    }
    shown += frame->generation != before ? 1 : 0;
    const Picture picture = frame->picture.ToPicture();
    const uint8_t* first = picture.At(0, 0);
    for (size_t at = 0; at < picture.bytes().size(); at += 4) {
      ASSERT_EQ(std::memcmp(picture.bytes().data() + at, first, 3), 0)
          << "pixel " << at / 4 << " of scan " << i;
    }
    guest.frame = *std::move(frame);
  }
  EXPECT_GT(shown, 100);
}

TEST(ScanRhythmTest, WhileNothingDiffersTheDeviceIsSeldomAsked) {
  Guest guest;
  guest.Live(seconds(1));
  guest.queries = 0;
  guest.Live(seconds(5));
  EXPECT_GE(guest.queries, 5 * 3);
  EXPECT_LE(guest.queries, 5 * 4);
  guest.Live(seconds(10));
  guest.queries = 0;
  guest.Live(seconds(5));
  EXPECT_LE(guest.queries, 5 * 4);
  guest.SetMode({100, 100});
  guest.Live(milliseconds(345));
  EXPECT_EQ(guest.frame.plane.size, (Size{100, 100}));
}

}  // namespace
}  // namespace oriel::capture
