#include "clients/cli/png_file.h"

#include <png.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace oriel::clients {
namespace {

std::string Content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

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

TEST(WholeFileTest, ReplacesOnlyWhenItMay) {
  const std::string path = ::testing::TempDir() + "/whole";
  unlink(path.c_str());
  ASSERT_TRUE(WriteWholeFile(path, "one", false).ok());
  EXPECT_EQ(WriteWholeFile(path, "two", false).code(),
            absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(Content(path), "one");
  ASSERT_EQ(chmod(path.c_str(), 0640), 0);
  ASSERT_TRUE(WriteWholeFile(path, "three", true).ok());
  EXPECT_EQ(Content(path), "three");
  struct stat status {};
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0640u);
}

TEST(WholeFileTest, WritesToWhatIsNoFile) {
  EXPECT_TRUE(WriteWholeFile("/dev/null", "x", true).ok());
  EXPECT_TRUE(WriteWholeFile("/dev/null", "x", true).ok());
  const absl::Status full = WriteWholeFile("/dev/full", "x", true);
  EXPECT_EQ(full.code(), absl::StatusCode::kInternal);
  EXPECT_THAT(std::string(full.message()), ::testing::HasSubstr("/dev/full"));
}

TEST(WholeFileTest, AMissingFolderIsNoMissingDisplay) {
  EXPECT_EQ(WriteWholeFile("/no-such-folder/x.png", "x", true).code(),
            absl::StatusCode::kInternal);
}

}  // namespace
}  // namespace oriel::clients
