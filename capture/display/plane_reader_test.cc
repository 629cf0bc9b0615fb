#include "capture/display/plane_reader.h"

#include <libdrm/drm_fourcc.h>

#include <cstring>
#include <random>

#include "capture/device/fake_device.h"
#include "capture/display/pixel_convert.h"
#include "capture/region/region_info.h"
#include "gtest/gtest.h"

namespace oriel::capture {
namespace {

constexpr Size kSize = {300, 200};  // five tiles by seven, some of them smaller
constexpr uint32_t kStride = 1216;
constexpr int kColumns = 5;

// A plane of kSize in a mapped region.
class PlaneReaderTest : public ::testing::Test {
 protected:
  PlaneReaderTest() {
    device_.SetRegion(
        16,
        RegionReply(16, VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_MMAP,
                    memory_->bytes().size())
            .bytes(),
        memory_);
    const absl::StatusOr<Region> region = QueryRegion(device_, 16);
    EXPECT_TRUE(region.ok());
    auto mapped =
        ForeignMemory::Map(device_, *region, 0, ImageBytes(LayoutOf()));
    EXPECT_TRUE(mapped.ok()) << mapped.status();
    foreign_ = *std::move(mapped);
  }

  static PlaneLayout LayoutOf(uint32_t fourcc = DRM_FORMAT_XRGB8888) {
    PlaneLayout layout;
    layout.format.fourcc = fourcc;
    layout.size = kSize;
    layout.stride_bytes = kStride;
    layout.region_index = 16;
    return layout;
  }
  PlaneReader ReaderOf(uint64_t read_bytes_per_second,
                       uint32_t fourcc = DRM_FORMAT_XRGB8888) {
    const PlaneLayout layout = LayoutOf(fourcc);
    return PlaneReader(layout, FindSourceFormat(layout.format)->row,
                       read_bytes_per_second);
  }
  void Fill(const Rect& rect, uint8_t value) {
    for (int32_t y = rect.y_px; y < rect.bottom_px(); ++y) {
      std::memset(memory_->bytes().data() + y * kStride + rect.x_px * 4, value,
                  size_t(rect.width_px) * 4);
    }
  }
  Picture Expected() {
    Picture picture(kSize);
    for (int32_t y = 0; y < kSize.height_px; ++y) {
      for (int32_t x = 0; x < kSize.width_px; ++x) {
        std::memcpy(picture.MutableAt(x, y),
                    memory_->bytes().data() + y * kStride + x * 4, 3);
      }
    }
    return picture;
  }
  bool Compare(PlaneReader& reader, const ScanTick& tick,
               const std::vector<int>& changed = {},
               const std::vector<int>& near = {}) {
    const absl::StatusOr<bool> differs =
        reader.Compare(*foreign_, tick, {.changed = changed, .near = near});
    EXPECT_TRUE(differs.ok()) << differs.status();
    return differs.ok() && *differs;
  }
  std::vector<Rect> TakeOver(PlaneReader& reader) {
    const auto changed = reader.TakeOver(*foreign_);
    EXPECT_TRUE(changed.ok()) << changed.status();
    return changed.ok() ? *changed : std::vector<Rect>();
  }

  std::shared_ptr<FakeMemory> memory_ =
      std::make_shared<FakeMemory>(size_t{1} << 18);
  FakeDevice device_;
  std::shared_ptr<ForeignMemory> foreign_;
};

TEST_F(PlaneReaderTest, HoweverSmallVisitsAreTheResultIsTheSame) {
  std::mt19937 random(8);
  for (const uint64_t speed :
       {uint64_t{1}, uint64_t{10'000'000}, uint64_t{50'000'000'000}}) {
    SCOPED_TRACE(speed);
    PlaneReader reader = ReaderOf(speed);
    for (int step = 0; step < 20; ++step) {
      const auto x = static_cast<int32_t>(random() % 250);
      const auto y = static_cast<int32_t>(random() % 150);
      Fill({x, y, 50, 50}, static_cast<uint8_t>(1 + random() % 200));
      const auto changed = reader.TakeOverAll(*foreign_);
      ASSERT_TRUE(changed.ok()) << changed.status();
      for (size_t i = 1; i < changed->size(); ++i) {
        ASSERT_LT(reader.grid().TileOf((*changed)[i - 1]),
                  reader.grid().TileOf((*changed)[i]));
      }
      ASSERT_EQ(reader.picture().ToPicture(), Expected());
    }
  }
}

TEST_F(PlaneReaderTest, ASampleFindsWhatItsRowsShowAndTheTilesAroundIt) {
  PlaneReader reader = ReaderOf(1'000'000'000);
  Fill({60, 40, 10, 3}, 7);  // in two tiles, rows 40 to 42
  for (int32_t row = 0; row < kSampleRowsPx; ++row) {
    EXPECT_EQ(Compare(reader, {.sample = row}), row >= 8 && row <= 10) << row;
  }
  EXPECT_EQ(reader.picture().ToPicture(), Picture(kSize));
  // One pixel beside it that no sampled row shows.
  Fill({130, 64, 1, 1}, 9);
  ASSERT_TRUE(Compare(reader, {.sample = 8}));
  EXPECT_EQ(
      TakeOver(reader),
      (std::vector<Rect>{{60, 40, 4, 3}, {64, 40, 6, 3}, {130, 64, 1, 1}}));
  EXPECT_EQ(reader.picture().ToPicture(), Expected());
}

TEST_F(PlaneReaderTest, AChangeIsFollowedFromNeighbourToNeighbour) {
  PlaneReader reader = ReaderOf(1'000'000'000);
  for (int32_t i = 0; i < 200; ++i) Fill({i, i, 1, 1}, 3);
  ASSERT_TRUE(Compare(reader, {.sample = 3}));
  TakeOver(reader);
  EXPECT_EQ(reader.picture().ToPicture(), Expected());
}

TEST_F(PlaneReaderTest, HotTilesAreComparedWholeAndOthersNotAtAll) {
  PlaneReader reader = ReaderOf(1'000'000'000);
  constexpr int kTile = kColumns + 1;  // at 64, 32
  Fill({100, 45, 1, 1}, 1);
  EXPECT_FALSE(Compare(reader, {.hot = true}, {0, 4, 34}));
  EXPECT_FALSE(Compare(reader, {}, {kTile}));
  ASSERT_TRUE(Compare(reader, {.hot = true}, {0, kTile, 34}));
  EXPECT_EQ(TakeOver(reader), (std::vector<Rect>{{100, 45, 1, 1}}));
}

TEST_F(PlaneReaderTest, OfNeighboursAndOfManyHotTilesOneRowOfFourIsCompared) {
  PlaneReader reader = ReaderOf(1'000'000'000);
  constexpr int kTile = kColumns + 1;  // at 64, 32
  Fill({100, 45, 1, 1}, 1);            // its row 13
  for (const int32_t row : {0, 2, 3}) {
    EXPECT_FALSE(Compare(reader, {.hot = true, .hot_row = row}, {0}, {kTile}));
    EXPECT_FALSE(
        Compare(reader, {.hot = true, .many = true, .hot_row = row}, {kTile}));
  }
  EXPECT_TRUE(
      Compare(reader, {.hot = true, .many = true, .hot_row = 1}, {kTile}));
  ASSERT_TRUE(Compare(reader, {.hot = true, .hot_row = 1}, {0}, {kTile}));
  EXPECT_EQ(TakeOver(reader), (std::vector<Rect>{{100, 45, 1, 1}}));
}

TEST_F(PlaneReaderTest, WhatChangedTwiceInARowIsTakenOverWithoutAComparison) {
  PlaneReader reader = ReaderOf(1'000'000'000);
  Fill({0, 0, 1, 1}, 1);
  ASSERT_TRUE(Compare(reader, {.hot = true}, {0}));
  EXPECT_EQ(TakeOver(reader).size(), 1u);
  EXPECT_FALSE(Compare(reader, {.hot = true}, {0, 1}));
  for (const uint8_t value : {2, 3}) {
    Fill({0, 0, 1, 1}, value);
    ASSERT_TRUE(Compare(reader, {.hot = true}, {0}));
    EXPECT_EQ(TakeOver(reader).size(), 1u);
  }
  EXPECT_TRUE(Compare(reader, {.hot = true}, {0, 1}));
  EXPECT_TRUE(TakeOver(reader).empty());
  EXPECT_FALSE(Compare(reader, {.hot = true}, {0, 1}));
}

TEST_F(PlaneReaderTest, RevokedMemoryIsUnavailable) {
  PlaneReader reader = ReaderOf(1'000'000'000);
  foreign_->Revoke();
  EXPECT_TRUE(absl::IsUnavailable(
      reader.Compare(*foreign_, {.sample = 0}, {}).status()));
  EXPECT_TRUE(absl::IsUnavailable(reader.TakeOverAll(*foreign_).status()));
}

}  // namespace
}  // namespace oriel::capture
