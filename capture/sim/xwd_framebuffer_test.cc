#include "capture/sim/xwd_framebuffer.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "capture/sim/xwd_header.h"

namespace oriel::capture::sim {
namespace {

constexpr uint64_t kPixelOffset = 160 + 256 * 12;

void Put(std::vector<uint8_t>& bytes, size_t word, uint32_t value) {
  for (int i = 0; i < 4; ++i) {
    bytes[word * 4 + i] = static_cast<uint8_t>(value >> (24 - 8 * i));
  }
}

// As Xvfb writes it.
std::vector<uint8_t> Header(uint32_t width, uint32_t height) {
  std::vector<uint8_t> bytes(kXwdHeaderBytes);
  const uint32_t kWords[] = {
      160, 7,   2,     24,        width, height,   0,      0,    32,
      0,   32,  32,    width * 4, 4,     0xFF0000, 0xFF00, 0xFF, 8,
      256, 256, width, height,    0,     0,        0};
  for (size_t i = 0; i < std::size(kWords); ++i) Put(bytes, i, kWords[i]);
  return bytes;
}

uint64_t FileBytes(uint32_t width, uint32_t height) {
  return kPixelOffset + uint64_t{width} * height * 4;
}

TEST(XwdHeaderTest, AnXvfbHeaderSaysWhereThePixelsAre) {
  const auto layout = ParseXwdHeader(Header(1920, 1080), FileBytes(1920, 1080));
  ASSERT_TRUE(layout.ok()) << layout.status();
  EXPECT_EQ(layout->size, (Size{1920, 1080}));
  EXPECT_EQ(layout->stride_bytes, 7680u);
  EXPECT_EQ(layout->pixel_offset, 3232u);
}

TEST(XwdHeaderTest, AFileThatEndsTooEarlyIsRefused) {
  EXPECT_FALSE(
      ParseXwdHeader(Header(1920, 1080), FileBytes(1920, 1080) - 1).ok());
  const auto header = Header(1920, 1080);
  EXPECT_FALSE(
      ParseXwdHeader(std::span(header).first(99), FileBytes(1920, 1080)).ok());
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
    auto header = Header(1920, 1080);
    Put(header, wrong.word, wrong.value);
    EXPECT_EQ(ParseXwdHeader(header, UINT64_MAX).status().code(),
              absl::StatusCode::kInvalidArgument)
        << "word " << wrong.word;
  }
}

std::string WriteScreen(const char* name, const std::vector<uint8_t>& header,
                        uint64_t file_bytes) {
  const std::string path = testing::TempDir() + "/" + name;
  std::string bytes(file_bytes, '\x5A');
  std::copy(header.begin(), header.end(), bytes.begin());
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

TEST(XwdFramebufferTest, TheRegionIsTheFileInWholePages) {
  const std::string path =
      WriteScreen("screen", Header(100, 50), FileBytes(100, 50));
  auto framebuffer = OpenXwdFramebuffer(path);
  ASSERT_TRUE(framebuffer.ok()) << framebuffer.status();
  EXPECT_EQ((*framebuffer)->plane().offset_bytes, kPixelOffset);
  EXPECT_EQ((*framebuffer)->region_size_bytes() % 4096, 0u);
  EXPECT_GE((*framebuffer)->region_size_bytes(), FileBytes(100, 50));
  std::vector<uint8_t> end(8);
  ASSERT_TRUE((*framebuffer)->Read(FileBytes(100, 50) - 4, end).ok());
  EXPECT_EQ(end, (std::vector<uint8_t>{0x5A, 0x5A, 0x5A, 0x5A, 0, 0, 0, 0}));
}

TEST(XwdFramebufferTest, WhatIsDrawnLaterIsSeen) {
  const std::string path =
      WriteScreen("live", Header(100, 50), FileBytes(100, 50));
  auto framebuffer = OpenXwdFramebuffer(path);
  ASSERT_TRUE(framebuffer.ok());
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(kPixelOffset);
  file.put('\x77');
  file.flush();
  std::vector<uint8_t> byte(1);
  ASSERT_TRUE((*framebuffer)->Read(kPixelOffset, byte).ok());
  EXPECT_EQ(byte[0], 0x77);
}

TEST(XwdFramebufferTest, OtherFilesAreRefusedByName) {
  const auto missing = OpenXwdFramebuffer("/nowhere/Xvfb_screen0");
  EXPECT_EQ(missing.status().code(), absl::StatusCode::kNotFound);
  const std::string path = WriteScreen("text", {}, 1000);
  const auto text = OpenXwdFramebuffer(path);
  EXPECT_NE(std::string(text.status().message()).find(path), std::string::npos);
  EXPECT_FALSE(OpenXwdFramebuffer("/dev/null").ok());
  EXPECT_FALSE(OpenXwdFramebuffer(testing::TempDir()).ok());
}

}  // namespace
}  // namespace oriel::capture::sim
