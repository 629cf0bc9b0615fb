#include "service/snapshot/snapshot.h"

#include <png.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace oriel::snapshot {
namespace {

struct Decoded {
  Size size;
  int channels = 0;
  std::vector<uint8_t> bgrx;
};

// libpng's simplified reader: another path through the library than the one
// that wrote.
Decoded Decode(const std::string& png) {
  png_image image;
  std::memset(&image, 0, sizeof(image));
  image.version = PNG_IMAGE_VERSION;
  EXPECT_TRUE(png_image_begin_read_from_memory(&image, png.data(), png.size()))
      << image.message;
  Decoded decoded;
  decoded.channels = PNG_IMAGE_SAMPLE_CHANNELS(image.format);
  decoded.size = {static_cast<int32_t>(image.width),
                  static_cast<int32_t>(image.height)};
  image.format = PNG_FORMAT_BGRA;
  decoded.bgrx.resize(PNG_IMAGE_SIZE(image));
  EXPECT_TRUE(
      png_image_finish_read(&image, nullptr, decoded.bgrx.data(), 0, nullptr))
      << image.message;
  return decoded;
}

capture::Frame FrameOf(Size size, uint32_t seed) {
  std::mt19937 random(seed);
  capture::Frame frame;
  frame.generation = 1;
  frame.plane.on = true;
  frame.plane.size = size;
  frame.picture = BandedPicture(size);
  for (int band = 0; band < frame.picture.band_count(); ++band) {
    const Rect rect = frame.picture.BandRect(band);
    uint8_t* bytes = frame.picture.MutableBand(band);
    for (int64_t i = 0; i < rect.AreaPx() * 4; ++i) {
      bytes[i] = i % 4 == 3 ? 0xff : static_cast<uint8_t>(random());
    }
  }
  return frame;
}

TEST(SnapshotTest, ThePngHasEveryPixelOfThePicture) {
  for (const Size size : {Size{1, 1}, Size{61, 67}, Size{640, 480}}) {
    const capture::Frame frame = FrameOf(size, 3);
    const absl::StatusOr<Snapshot> snapshot =
        MakeSnapshot(frame, {.max_width_px = 0});
    ASSERT_TRUE(snapshot.ok()) << snapshot.status();
    EXPECT_EQ(snapshot->size, size);
    EXPECT_TRUE(snapshot->exact);
    const Decoded decoded = Decode(snapshot->png);
    EXPECT_EQ(decoded.size, size);
    EXPECT_EQ(decoded.channels, 3);
    EXPECT_EQ(decoded.bgrx, frame.picture.ToPicture().bytes());
  }
}

TEST(SnapshotTest, AWidthThatThePictureHasNotIsNotScaledTo) {
  const capture::Frame frame = FrameOf({64, 48}, 4);
  for (uint32_t max_width_px : {64u, 65u, 0xffffffffu}) {
    const absl::StatusOr<Snapshot> snapshot =
        MakeSnapshot(frame, {.max_width_px = max_width_px});
    ASSERT_TRUE(snapshot.ok()) << snapshot.status();
    EXPECT_EQ(snapshot->size, (Size{64, 48}));
    EXPECT_TRUE(snapshot->exact);
  }
}

TEST(SnapshotTest, ScalingKeepsTheShapeAndTheColours) {
  capture::Frame frame = FrameOf({1920, 1080}, 5);
  frame.picture = BandedPicture(frame.plane.size);
  for (int band = 0; band < frame.picture.band_count(); ++band) {
    const int64_t pixels = frame.picture.BandRect(band).AreaPx();
    uint8_t* bytes = frame.picture.MutableBand(band);
    for (int64_t i = 0; i < pixels; ++i) {
      const uint8_t bgrx[] = {200, 100, 50, 0xff};
      std::memcpy(bytes + i * 4, bgrx, 4);
    }
  }
  const absl::StatusOr<Snapshot> snapshot =
      MakeSnapshot(frame, {.max_width_px = 320});
  ASSERT_TRUE(snapshot.ok()) << snapshot.status();
  EXPECT_EQ(snapshot->size, (Size{320, 180}));
  EXPECT_FALSE(snapshot->exact);
  const Decoded decoded = Decode(snapshot->png);
  ASSERT_EQ(decoded.size, (Size{320, 180}));
  for (size_t i = 0; i < decoded.bgrx.size(); i += 4) {
    ASSERT_NEAR(decoded.bgrx[i], 200, 3);
    ASSERT_NEAR(decoded.bgrx[i + 1], 100, 3);
    ASSERT_NEAR(decoded.bgrx[i + 2], 50, 3);
  }
}

TEST(SnapshotTest, ExtremeShapesKeepAtLeastOnePixel) {
  const absl::StatusOr<Snapshot> wide =
      MakeSnapshot(FrameOf({4000, 2}, 6), {.max_width_px = 5});
  ASSERT_TRUE(wide.ok()) << wide.status();
  EXPECT_EQ(wide->size, (Size{5, 1}));
  const absl::StatusOr<Snapshot> dot =
      MakeSnapshot(FrameOf({1920, 1080}, 7), {.max_width_px = 1});
  ASSERT_TRUE(dot.ok()) << dot.status();
  EXPECT_EQ(dot->size, (Size{1, 1}));
}

TEST(SnapshotTest, AConvertedPlaneIsNotCalledExact) {
  capture::Frame frame = FrameOf({8, 8}, 8);
  frame.plane.converted = true;
  const absl::StatusOr<Snapshot> snapshot =
      MakeSnapshot(frame, {.max_width_px = 0});
  ASSERT_TRUE(snapshot.ok()) << snapshot.status();
  EXPECT_FALSE(snapshot->exact);
}

TEST(SnapshotTest, APlaneThatIsOffHasNoPicture) {
  EXPECT_EQ(MakeSnapshot(capture::Frame(), {.max_width_px = 0}).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST(SnapshotTest, ThePointerIsDrawnWhereItIsUnlessNotWanted) {
  capture::Frame frame = FrameOf({8, 8}, 1);
  auto shape = std::make_shared<capture::CursorShape>();
  shape->size = {2, 2};
  shape->bgra = {1,   2, 3, 255, 9, 9, 9, 0,  //
                 200, 0, 0, 128, 4, 5, 6, 255};
  frame.cursor = {.visible = true, .x_px = 6, .y_px = -1, .shape = shape};
  const Picture picture = frame.picture.ToPicture();
  const auto with = MakeSnapshot(frame, {});
  ASSERT_TRUE(with.ok()) << with.status();
  EXPECT_FALSE(with->exact);
  const std::vector<uint8_t> drawn = Decode(with->png).bgrx;
  // The shape's first row is above the picture.
  const uint8_t* under = picture.At(6, 0);
  EXPECT_EQ(drawn[6 * 4], (200 * 128 + under[0] * 127 + 127) / 255);
  EXPECT_EQ(drawn[6 * 4 + 1], (under[1] * 127 + 127) / 255);
  EXPECT_EQ(drawn[7 * 4], 4);
  EXPECT_EQ(drawn[7 * 4 + 2], 6);
  EXPECT_EQ(drawn[5 * 4], picture.At(5, 0)[0]);
  EXPECT_EQ(drawn[(8 + 6) * 4], picture.At(6, 1)[0]);
  const auto without = MakeSnapshot(frame, {.with_cursor = false});
  ASSERT_TRUE(without.ok()) << without.status();
  EXPECT_TRUE(without->exact);
  for (const capture::Cursor& nothing :
       {capture::Cursor{}, capture::Cursor{.visible = true, .x_px = 3},
        capture::Cursor{.visible = true, .x_px = 8, .shape = shape},
        capture::Cursor{.visible = true, .x_px = -2, .shape = shape}}) {
    frame.cursor = nothing;
    const auto same = MakeSnapshot(frame, {});
    ASSERT_TRUE(same.ok()) << same.status();
    EXPECT_TRUE(same->exact);
    EXPECT_EQ(same->png, without->png);
  }
}

}  // namespace
}  // namespace oriel::snapshot
