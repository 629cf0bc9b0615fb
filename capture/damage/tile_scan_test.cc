#include "capture/damage/tile_scan.h"

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <random>
#include <thread>
#include <vector>

#include "base/picture/damage.h"
#include "gtest/gtest.h"

namespace oriel::capture {
namespace {

void SwapRedAndBlue(const uint8_t* in, int32_t width_px, uint8_t* out) {
  for (int32_t x = 0; x < width_px; ++x) {
    out[4 * x] = in[3 * x + 2];
    out[4 * x + 1] = in[3 * x + 1];
    out[4 * x + 2] = in[3 * x];
    out[4 * x + 3] = 0xFF;
  }
}

constexpr RowFormat kBgrx;
constexpr RowFormat kRgb = {3, SwapRedAndBlue};

// A plane's memory, ending where its last row's pixels end: what reads further
// is caught by the address sanitizer.
class Plane {
 public:
  Plane(Size size, const RowFormat& format, size_t gap_bytes)
      : size_(size),
        format_(format),
        stride_bytes_(size_t(size.width_px) * format.bytes_per_pixel +
                      gap_bytes),
        bytes_(stride_bytes_ * size.height_px - gap_bytes) {}

  std::vector<uint8_t>& bytes() { return bytes_; }
  uint8_t* At(int32_t x, int32_t y) {
    return bytes_.data() + y * stride_bytes_ +
           size_t(x) * format_.bytes_per_pixel;
  }
  void Randomize(std::mt19937& random, const Rect& rect) {
    for (int32_t y = rect.y_px; y < rect.bottom_px(); ++y) {
      for (int i = 0; i < rect.width_px * format_.bytes_per_pixel; ++i) {
        At(rect.x_px, y)[i] = static_cast<uint8_t>(random());
      }
    }
  }
  // Pixel by pixel, without the scan's code.
  Picture Expected() {
    Picture picture(size_);
    for (int32_t y = 0; y < size_.height_px; ++y) {
      for (int32_t x = 0; x < size_.width_px; ++x) {
        const uint8_t* in = At(x, y);
        uint8_t* out = picture.MutableAt(x, y);
        const bool bgrx = format_.convert == nullptr;
        out[0] = bgrx ? in[0] : in[2];
        out[1] = in[1];
        out[2] = bgrx ? in[2] : in[0];
      }
    }
    return picture;
  }
  std::vector<Rect> ScanInto(PlaneCopy& copy) {
    std::vector<Rect> changed;
    for (int i = 0; i < copy.picture().band_count(); ++i) {
      const Rect band = copy.picture().BandRect(i);
      copy.Take({At(0, band.y_px), stride_bytes_}, band, changed);
    }
    return changed;
  }
  // Of each tile, whether any of its rows differs.
  std::vector<uint8_t> Compare(const PlaneCopy& copy) {
    const TileGrid grid = copy.grid();
    std::vector<uint8_t> differing(grid.count());
    std::vector<uint8_t> looking_ahead(grid.count());
    for (int32_t y = 0; y < size_.height_px; ++y) {
      const int first = y / kBandHeightPx * grid.columns();
      copy.CompareRow(At(0, y), y, 0, grid.columns(), 0, 0,
                      differing.data() + first);
      const int32_t step = std::min(7, size_.height_px - 1 - y);
      copy.CompareRow(At(0, y), y, 0, grid.columns(), step,
                      size_t(step) * stride_bytes_,
                      looking_ahead.data() + first);
    }
    EXPECT_EQ(differing, looking_ahead);
    return differing;
  }

 private:
  const Size size_;
  const RowFormat format_;
  const size_t stride_bytes_;
  std::vector<uint8_t> bytes_;
};

// The tight rectangle of the difference in each tile.
std::vector<Rect> TightRects(const Picture& before, const Picture& after) {
  std::vector<Rect> rects;
  const Size size = after.size();
  for (int32_t top = 0; top < size.height_px; top += kBandHeightPx) {
    for (int32_t left = 0; left < size.width_px; left += kTileWidthPx) {
      int32_t x0 = 1 << 30, x1 = 0, y0 = 1 << 30, y1 = 0;
      for (int32_t y = top; y < std::min(top + 32, size.height_px); ++y) {
        for (int32_t x = left; x < std::min(left + 64, size.width_px); ++x) {
          if (std::memcmp(before.At(x, y), after.At(x, y), 4) == 0) continue;
          x0 = std::min(x0, x);
          x1 = std::max(x1, x + 1);
          y0 = std::min(y0, y);
          y1 = std::max(y1, y + 1);
        }
      }
      if (x1 > 0) rects.push_back({x0, y0, x1 - x0, y1 - y0});
    }
  }
  return rects;
}

Rect RandomRect(std::mt19937& random, Size size) {
  const auto x = static_cast<int32_t>(random() % size.width_px);
  const auto y = static_cast<int32_t>(random() % size.height_px);
  return {x, y, std::min<int32_t>(1 + random() % 90, size.width_px - x),
          std::min<int32_t>(1 + random() % 60, size.height_px - y)};
}

std::vector<uint8_t> FlagsOf(const std::vector<Rect>& rects,
                             const TileGrid& grid) {
  std::vector<uint8_t> flags(grid.count());
  for (const Rect& rect : rects) flags[grid.TileOf(rect)] = 1;
  return flags;
}

void ExpectScansExactly(Size size, const RowFormat& format, size_t gap_bytes) {
  SCOPED_TRACE(testing::Message() << size.width_px << "x" << size.height_px
                                  << " gap " << gap_bytes);
  std::mt19937 random(99);
  Plane plane(size, format, gap_bytes);
  PlaneCopy copy(size, format);
  for (int step = 0; step < 60; ++step) {
    const Picture before = copy.picture().ToPicture();
    const BandedPicture snapshot = copy.picture();
    for (int n = random() % 4; n > 0; --n) {
      plane.Randomize(random, RandomRect(random, size));
    }
    const std::vector<uint8_t> differing = plane.Compare(copy);
    const std::vector<Rect> changed = plane.ScanInto(copy);
    const Picture expected = plane.Expected();
    ASSERT_EQ(copy.picture().ToPicture(), expected) << "step " << step;
    ASSERT_EQ(differing, FlagsOf(changed, copy.grid())) << "step " << step;
    ASSERT_EQ(changed, TightRects(before, expected)) << "step " << step;
    ASSERT_EQ(snapshot.ToPicture(), before) << "step " << step;
  }
}

TEST(TileScanTest, PictureAndTightRectanglesMatchAPixelwiseAnswer) {
  for (const RowFormat& format : {kBgrx, kRgb}) {
    for (const Size size :
         {Size{256, 96}, Size{200, 70}, Size{63, 31}, Size{65, 33}, Size{1, 1},
          Size{1, 100}, Size{333, 1}}) {
      ExpectScansExactly(size, format, 0);
      ExpectScansExactly(size, format, 13);
    }
  }
}

TEST(TileScanTest, UnusedByteNeitherCountsNorArrives) {
  Plane plane({130, 40}, kBgrx, 0);
  PlaneCopy copy({130, 40}, kBgrx);
  for (size_t i = 3; i < plane.bytes().size(); i += 4) plane.bytes()[i] = 0x5A;
  EXPECT_EQ(plane.Compare(copy), std::vector<uint8_t>(6));
  EXPECT_TRUE(plane.ScanInto(copy).empty());
  plane.At(129, 39)[1] = 9;
  EXPECT_EQ(plane.ScanInto(copy), std::vector<Rect>({{129, 39, 1, 1}}));
  EXPECT_EQ(copy.picture().ToPicture(), plane.Expected());
}

TEST(TileScanTest, OnlyBandsWithADifferenceAreUnshared) {
  Plane plane({64, 96}, kBgrx, 0);
  PlaneCopy copy({64, 96}, kBgrx);
  const BandedPicture snapshot = copy.picture();
  plane.At(5, 40)[0] = 1;
  plane.ScanInto(copy);
  EXPECT_TRUE(copy.picture().SharesBand(0, snapshot));
  EXPECT_FALSE(copy.picture().SharesBand(1, snapshot));
  EXPECT_TRUE(copy.picture().SharesBand(2, snapshot));
}

TEST(TileScanTest, AreaInsideABandLeavesTheRestAlone) {
  Plane plane({256, 32}, kBgrx, 0);
  std::mt19937 random(3);
  plane.Randomize(random, {0, 0, 256, 32});
  PlaneCopy copy({256, 32}, kBgrx);
  std::vector<Rect> changed;
  copy.Take({plane.At(64, 8), 1024}, {64, 8, 100, 4}, changed);
  PlaneCopy all({256, 32}, kBgrx);
  plane.ScanInto(all);
  BandedPicture expected(Size{256, 32});
  expected.CopyFrom(all.picture(), {64, 8, 100, 4});
  EXPECT_EQ(copy.picture().ToPicture(), expected.ToPicture());
  EXPECT_EQ(Damage::FromRects(changed), Damage(Rect{64, 8, 100, 4}));
}

// The same memory twice, so that a writer and the scan use addresses that no
// tool and no compiler can connect.
class SharedPlane {
 public:
  explicit SharedPlane(size_t size_bytes) : size_bytes_(size_bytes) {
    const int fd = ::memfd_create("plane", MFD_CLOEXEC);
    EXPECT_EQ(::ftruncate(fd, static_cast<off_t>(size_bytes)), 0);
    theirs_ = Map(fd, PROT_READ | PROT_WRITE);
    ours_ = Map(fd, PROT_READ);
    ::close(fd);
  }
  ~SharedPlane() {
    ::munmap(theirs_, size_bytes_);
    ::munmap(ours_, size_bytes_);
  }
  uint8_t* theirs() { return theirs_; }
  const uint8_t* ours() { return ours_; }

 private:
  uint8_t* Map(int fd, int protection) {
    void* address = ::mmap(nullptr, size_bytes_, protection, MAP_SHARED, fd, 0);
    EXPECT_NE(address, MAP_FAILED);
    return static_cast<uint8_t*>(address);
  }
  const size_t size_bytes_;
  uint8_t* theirs_ = nullptr;
  uint8_t* ours_ = nullptr;
};

// A viewer that follows the damage must show what C shows, however the memory
// changes during a scan. Few pixels and single bytes written at full speed, so
// that a second load of a byte would differ from the first within a run.
TEST(TileScanTest, DamageCoversEveryWriteWhileMemoryChangesUnderTheScan) {
  constexpr Size kSize = {64, 1};
  for (const RowFormat& format : {kBgrx, kRgb}) {
    const size_t plane_bytes = size_t(kSize.AreaPx()) * format.bytes_per_pixel;
    SharedPlane plane(plane_bytes);
    std::atomic<bool> stop{false};
    std::thread writer([&] {
      std::minstd_rand random(5);
      while (!stop.load(std::memory_order_relaxed)) {
        auto* at = static_cast<volatile uint8_t*>(plane.theirs());
        at[random() % plane_bytes] = static_cast<uint8_t>(random());
      }
    });
    PlaneCopy copy(kSize, format);
    BandedPicture viewer(kSize);
    const size_t stride = size_t(kSize.width_px) * format.bytes_per_pixel;
    for (int step = 0; step < 50000; ++step) {
      std::vector<Rect> changed;
      copy.Take({plane.ours(), stride}, Rect::Of(kSize), changed);
      const BandedPicture& picture = copy.picture();
      for (const Rect& rect : changed) {
        for (int32_t x = rect.x_px; x < rect.right_px(); ++x) {
          std::memcpy(viewer.MutableBand(0) + x * 4, picture.Row(0) + x * 4, 4);
        }
      }
      ASSERT_EQ(std::memcmp(viewer.Row(0), picture.Row(0), 64 * 4), 0)
          << "step " << step;
    }
    stop.store(true);
    writer.join();
  }
}

}  // namespace
}  // namespace oriel::capture
