#include "capture/sim/framebuffer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <libdrm/drm_fourcc.h>
#include <png.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/picture/pixel_format.h"
#include "capture/sim/pattern.h"
#include "capture/sim/picture_scenes.h"
#include "capture/sim/pixel_writer.h"
#include "capture/sim/scene_framebuffer.h"

namespace oriel::capture::sim {
namespace {

// drm_fourcc.h's comments: where the fields lie in a little-endian word.
struct Layout {
  uint32_t fourcc;
  int bytes;
  int red_shift, red_bits;
  int green_shift, green_bits;
  int blue_shift, blue_bits;
  uint32_t fixed;  // bits that are always set: an opaque alpha
};

constexpr Layout kLayouts[] = {
    {DRM_FORMAT_XRGB8888, 4, 16, 8, 8, 8, 0, 8, 0},
    {DRM_FORMAT_ARGB8888, 4, 16, 8, 8, 8, 0, 8, 0xFF000000},
    {DRM_FORMAT_XBGR8888, 4, 0, 8, 8, 8, 16, 8, 0},
    {DRM_FORMAT_ABGR8888, 4, 0, 8, 8, 8, 16, 8, 0xFF000000},
    {DRM_FORMAT_RGB888, 3, 16, 8, 8, 8, 0, 8, 0},
    {DRM_FORMAT_BGR888, 3, 0, 8, 8, 8, 16, 8, 0},
    {DRM_FORMAT_RGB565, 2, 11, 5, 5, 6, 0, 5, 0},
    {DRM_FORMAT_XRGB2101010, 4, 20, 10, 10, 10, 0, 10, 0},
    {DRM_FORMAT_XBGR2101010, 4, 0, 10, 10, 10, 20, 10, 0},
};

uint32_t Field(uint32_t word, int shift, int bits) {
  return (word >> shift) & ((1u << bits) - 1);
}

// The field's upper bits are the colour's, as far as either goes.
void ExpectField(uint32_t field, int bits, uint32_t eight) {
  const int shared = std::min(bits, 8);
  EXPECT_EQ(field >> (bits - shared), eight >> (8 - shared));
  if (eight == 0xFF) {
    EXPECT_EQ(field, (1u << bits) - 1);
  }
  if (eight == 0) {
    EXPECT_EQ(field, 0u);
  }
}

class FormatTest : public testing::TestWithParam<Layout> {};

TEST_P(FormatTest, EveryPixelOfThePatternIsWhereTheFormatPutsIt) {
  const Layout layout = GetParam();
  const PixelWriter* writer = FindPixelWriter(layout.fourcc);
  ASSERT_NE(writer, nullptr);
  auto framebuffer =
      MakeSceneFramebuffer(MakePatternScene({333, 150}), *writer);
  ASSERT_TRUE(framebuffer.ok()) << framebuffer.status();
  (*framebuffer)->Draw({});
  const Plane plane = (*framebuffer)->plane();
  EXPECT_EQ(plane.fourcc, layout.fourcc);
  EXPECT_GE(plane.stride_bytes, 333u * layout.bytes);
  std::vector<uint8_t> row(plane.stride_bytes);
  for (int y = 0; y < 150; ++y) {
    ASSERT_TRUE(
        (*framebuffer)->Read(uint64_t{plane.stride_bytes} * y, row).ok());
    for (int x = 0; x < 333; ++x) {
      uint32_t word = 0;
      for (int i = 0; i < layout.bytes; ++i) {
        word |= uint32_t{row[x * layout.bytes + i]} << (8 * i);
      }
      const uint32_t pixel = PatternPixel(x, y);
      ExpectField(Field(word, layout.red_shift, layout.red_bits),
                  layout.red_bits, (pixel >> 16) & 0xFF);
      ExpectField(Field(word, layout.green_shift, layout.green_bits),
                  layout.green_bits, (pixel >> 8) & 0xFF);
      ExpectField(Field(word, layout.blue_shift, layout.blue_bits),
                  layout.blue_bits, pixel & 0xFF);
      EXPECT_EQ(word & layout.fixed, layout.fixed);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(AllFormats, FormatTest, testing::ValuesIn(kLayouts),
                         [](const auto& info) {
                           return FourccName(info.param.fourcc);
                         });

TEST(PixelWriterTest, OtherFormatsAreUnknown) {
  EXPECT_EQ(FindPixelWriter(DRM_FORMAT_NV12), nullptr);
  EXPECT_EQ(FindPixelWriter(0), nullptr);
  EXPECT_EQ(KnownFormatNames().size(), std::size(kLayouts));
}

TEST(PatternTest, NoSmallShiftOrSwapLeavesItAlike) {
  for (const auto& [dx, dy] : {std::pair{1, 0}, {0, 1}, {1, 1}, {64, 0}}) {
    int alike = 0;
    for (int y = 0; y < 256; ++y) {
      for (int x = 0; x < 256; ++x) {
        alike += PatternPixel(x, y) == PatternPixel(x + dx, y + dy);
      }
    }
    EXPECT_LT(alike, 256 * 256 / 2) << dx << "," << dy;
  }
}

TEST(SceneFramebufferTest, OnlyDamagedPixelsAreWrittenAgain) {
  auto framebuffer = MakeSceneFramebuffer(
      MakePatternScene({64, 64}), *FindPixelWriter(DRM_FORMAT_XRGB8888));
  ASSERT_TRUE(framebuffer.ok());
  EXPECT_TRUE((*framebuffer)->NextChange({}).has_value());
  (*framebuffer)->Draw({});
  EXPECT_FALSE((*framebuffer)->NextChange({}).has_value());
}

TEST(SceneFramebufferTest, TheFdIsReadOnly) {
  auto framebuffer = MakeSceneFramebuffer(
      MakePatternScene({64, 64}), *FindPixelWriter(DRM_FORMAT_XRGB8888));
  ASSERT_TRUE(framebuffer.ok());
  EXPECT_EQ(fcntl((*framebuffer)->fd(), F_GETFL) & O_ACCMODE, O_RDONLY);
}

std::string WritePng(const char* name, const std::vector<uint8_t>& rgba,
                     uint32_t width, uint32_t height) {
  const std::string path = testing::TempDir() + "/" + name;
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = width;
  image.height = height;
  image.format = PNG_FORMAT_RGBA;
  EXPECT_TRUE(png_image_write_to_file(&image, path.c_str(), 0, rgba.data(), 0,
                                      nullptr));
  return path;
}

TEST(ImageSceneTest, ThePlaneIsTheImageUnscaledOnBlack) {
  const std::string path =
      WritePng("two.png", {10, 20, 30, 255, 200, 100, 50, 0}, 2, 1);
  auto scene = LoadImageScene(path);
  ASSERT_TRUE(scene.ok()) << scene.status();
  EXPECT_EQ((*scene)->canvas().size(), (Size{2, 1}));
  EXPECT_EQ((*scene)->canvas().Row(0)[0], 0xFF0A141Eu);
  EXPECT_EQ((*scene)->canvas().Row(0)[1], 0xFF000000u);
}

TEST(ImageSceneTest, ItsModeStaysWhateverMonitorIsPluggedIn) {
  auto scene = LoadImageScene(WritePng("one.png", {1, 2, 3, 255}, 1, 1));
  ASSERT_TRUE(scene.ok());
  auto framebuffer = MakeSceneFramebuffer(
      *std::move(scene), *FindPixelWriter(DRM_FORMAT_XRGB8888));
  ASSERT_TRUE(framebuffer.ok());
  EXPECT_TRUE((*framebuffer)->SetMode({640, 480}).ok());
  EXPECT_EQ((*framebuffer)->plane().size, (Size{1, 1}));
}

TEST(ImageSceneTest, AMissingOrBrokenFileIsAnErrorThatNamesIt) {
  const auto missing = LoadImageScene("/nowhere/picture.png");
  EXPECT_NE(std::string(missing.status().message()).find("/nowhere/picture"),
            std::string::npos);
  const std::string path =
      WritePng("cut.png", std::vector<uint8_t>(4096), 32, 32);
  ASSERT_EQ(truncate(path.c_str(), 50), 0);
  EXPECT_FALSE(LoadImageScene(path).ok());
}

}  // namespace
}  // namespace oriel::capture::sim
