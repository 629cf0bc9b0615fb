#include "clients/cli/png_file.h"

#include <png.h>

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace oriel::clients {
namespace {

TEST(PngFileTest, EveryPixelComesBack) {
  Picture picture({7, 5});
  for (int y = 0; y < 5; ++y) {
    for (int x = 0; x < 7; ++x) {
      uint8_t* pixel = picture.MutableAt(x, y);
      pixel[0] = static_cast<uint8_t>(x * 30);
      pixel[1] = static_cast<uint8_t>(y * 50);
      pixel[2] = static_cast<uint8_t>(x * y);
    }
  }
  const auto png = EncodePng(picture.view());
  ASSERT_TRUE(png.ok()) << png.status();
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  ASSERT_TRUE(
      png_image_begin_read_from_memory(&image, png->data(), png->size()));
  EXPECT_EQ(image.width, 7u);
  EXPECT_EQ(image.height, 5u);
  EXPECT_EQ(image.format, unsigned{PNG_FORMAT_RGB});
  image.format = PNG_FORMAT_BGRA;
  std::vector<uint8_t> pixels(PNG_IMAGE_SIZE(image));
  ASSERT_TRUE(
      png_image_finish_read(&image, nullptr, pixels.data(), 0, nullptr));
  EXPECT_EQ(pixels, picture.bytes());
}

TEST(PngFileTest, AnEmptyPictureIsNoFile) {
  EXPECT_FALSE(EncodePng(Picture().view()).ok());
}

TEST(PngFileTest, NamesOfOtherKindsOfFilesAreRefused) {
  for (const char* name : {"a.png", "a.PNG", "a", "vm7.1", "/dev/stdout", "-",
                           "", "a.jpg.png", "shot.tmp"}) {
    EXPECT_TRUE(CheckPngName(name).ok()) << name;
  }
  for (const char* name : {"a.jpg", "b/c.JPEG", "x.webp", "x.mp4"}) {
    const absl::Status status = CheckPngName(name);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << name;
    EXPECT_THAT(std::string(status.message()), testing::HasSubstr(name));
  }
}

}  // namespace
}  // namespace oriel::clients
