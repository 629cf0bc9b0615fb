#include "capture/sim/xwd_framebuffer.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "capture/sim/xwd_header.h"
#include "capture/sim/xwd_test_file.h"

namespace oriel::capture::sim {
namespace {

TEST(XwdHeaderTest, AnXvfbHeaderSaysWhereThePixelsAre) {
  const auto layout =
      ParseXwdHeader(XwdHeader(1920, 1080), XwdFileBytes(1920, 1080));
  ASSERT_TRUE(layout.ok()) << layout.status();
  EXPECT_EQ(layout->size, (Size{1920, 1080}));
  EXPECT_EQ(layout->stride_bytes, 7680u);
  EXPECT_EQ(layout->pixel_offset, 3232u);
}

TEST(XwdHeaderTest, AFileThatEndsTooEarlyIsRefused) {
  EXPECT_FALSE(
      ParseXwdHeader(XwdHeader(1920, 1080), XwdFileBytes(1920, 1080) - 1).ok());
  const auto header = XwdHeader(1920, 1080);
  EXPECT_FALSE(
      ParseXwdHeader(std::span(header).first(99), XwdFileBytes(1920, 1080))
          .ok());
  EXPECT_FALSE(ParseXwdHeader({}, 0).ok());
}

TEST(XwdHeaderTest, EveryFieldThatMattersIsChecked) {
  const struct {
    size_t word;
    uint32_t value;
  } kWrong[] = {
      {0, 99},        {0, 0xFFFFFFFF}, {1, 6},        {2, 1},     {3, 8},
      {4, 0},         {4, 0x40000000}, {5, 0},        {5, 40000}, {7, 1},
      {11, 16},       {12, 7679},      {12, 1 << 30}, {14, 0xFF}, {15, 0},
      {16, 0xFF0000}, {19, 0xFFFFFFFF}};
  for (const auto& wrong : kWrong) {
    auto header = XwdHeader(1920, 1080);
    PutXwdWord(header, wrong.word, wrong.value);
    EXPECT_EQ(ParseXwdHeader(header, UINT64_MAX).status().code(),
              absl::StatusCode::kInvalidArgument)
        << "word " << wrong.word;
  }
}

TEST(XwdFramebufferTest, TheRegionIsTheFileInWholePages) {
  const std::string path = WriteScreenFile("screen", 100, 50);
  auto framebuffer = OpenXwdFramebuffer(path);
  ASSERT_TRUE(framebuffer.ok()) << framebuffer.status();
  EXPECT_EQ((*framebuffer)->plane().offset_bytes, kXwdPixelOffset);
  EXPECT_EQ((*framebuffer)->region_size_bytes() % 4096, 0u);
  EXPECT_GE((*framebuffer)->region_size_bytes(), XwdFileBytes(100, 50));
  std::vector<uint8_t> end(8);
  ASSERT_TRUE((*framebuffer)->Read(XwdFileBytes(100, 50) - 4, end).ok());
  EXPECT_EQ(end, (std::vector<uint8_t>{0x5A, 0x5A, 0x5A, 0x5A, 0, 0, 0, 0}));
}

TEST(XwdFramebufferTest, WhatIsDrawnLaterIsSeen) {
  const std::string path = WriteScreenFile("live", 100, 50);
  auto framebuffer = OpenXwdFramebuffer(path);
  ASSERT_TRUE(framebuffer.ok());
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(kXwdPixelOffset);
  file.put('\x77');
  file.flush();
  std::vector<uint8_t> byte(1);
  ASSERT_TRUE((*framebuffer)->Read(kXwdPixelOffset, byte).ok());
  EXPECT_EQ(byte[0], 0x77);
}

TEST(XwdFramebufferTest, OtherFilesAreRefusedByName) {
  const auto missing = OpenXwdFramebuffer("/nowhere/Xvfb_screen0");
  EXPECT_EQ(missing.status().code(), absl::StatusCode::kNotFound);
  const std::string path = testing::TempDir() + "/text";
  std::ofstream(path) << std::string(1000, '\x5A');
  const auto text = OpenXwdFramebuffer(path);
  EXPECT_NE(std::string(text.status().message()).find(path), std::string::npos);
  EXPECT_FALSE(OpenXwdFramebuffer("/dev/null").ok());
  EXPECT_FALSE(OpenXwdFramebuffer(testing::TempDir()).ok());
}

// As a client is told after the next look.
Life LifeOf(Framebuffer& framebuffer) {
  framebuffer.Draw({});
  return framebuffer.life();
}

TEST(XwdFramebufferTest, AFileThatIsGoneIsAPlaneThatIsOff) {
  const std::string path = WriteScreenFile("gone", 100, 50);
  auto framebuffer = OpenXwdFramebuffer(path);
  ASSERT_TRUE(framebuffer.ok());
  EXPECT_EQ(LifeOf(**framebuffer), Life::kOn);
  const std::string aside = path + ".aside";
  ASSERT_EQ(std::rename(path.c_str(), aside.c_str()), 0);
  EXPECT_EQ(LifeOf(**framebuffer), Life::kOff);
  EXPECT_NE((*framebuffer)->why_not_on().find(path), std::string::npos);
  ASSERT_EQ(std::rename(aside.c_str(), path.c_str()), 0);
  EXPECT_EQ(LifeOf(**framebuffer), Life::kOn);
  EXPECT_EQ((*framebuffer)->why_not_on(), "");
}

TEST(XwdFramebufferTest, AnotherFileInItsPlaceIsAnotherScreen) {
  const std::string path = WriteScreenFile("replaced", 100, 50);
  auto framebuffer = OpenXwdFramebuffer(path);
  ASSERT_TRUE(framebuffer.ok());
  // Both exist for a moment, so that they cannot have one inode.
  const std::string next = WriteScreenFile("replaced.next", 100, 50);
  ASSERT_EQ(std::rename(next.c_str(), path.c_str()), 0);
  EXPECT_EQ(LifeOf(**framebuffer), Life::kEnded);
  EXPECT_NE((*framebuffer)->why_not_on().find(path), std::string::npos);
  // What is no screen yet may become one.
  std::filesystem::resize_file(path, 50);
  EXPECT_EQ(LifeOf(**framebuffer), Life::kOff);
}

TEST(XwdFramebufferTest, AnotherHeaderInTheSameFileIsAnotherScreen) {
  const std::string path = WriteScreenFile("same", 100, 50);
  auto framebuffer = OpenXwdFramebuffer(path);
  ASSERT_TRUE(framebuffer.ok());
  WriteScreenFile("same", 50, 100);
  EXPECT_EQ(LifeOf(**framebuffer), Life::kEnded);
}

TEST(XwdFramebufferTest, TheFileIsLookedAtAgainAndAgain) {
  auto framebuffer = OpenXwdFramebuffer(WriteScreenFile("again", 100, 50));
  ASSERT_TRUE(framebuffer.ok());
  const SceneTime time = {std::chrono::hours(1), 0};
  const auto next = (*framebuffer)->NextChange(time);
  ASSERT_TRUE(next.has_value());
  EXPECT_GT(*next, time.elapsed);
  EXPECT_LE(*next, time.elapsed + std::chrono::seconds(1));
}

}  // namespace
}  // namespace oriel::capture::sim
