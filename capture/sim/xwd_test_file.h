#pragma once

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "capture/sim/xwd_header.h"
#include "gtest/gtest.h"

namespace oriel::capture::sim {

inline constexpr uint64_t kXwdPixelOffset = 160 + 256 * 12;

inline void PutXwdWord(std::vector<uint8_t>& bytes, size_t word,
                       uint32_t value) {
  for (int i = 0; i < 4; ++i) {
    bytes[word * 4 + i] = static_cast<uint8_t>(value >> (24 - 8 * i));
  }
}

// As Xvfb writes it.
inline std::vector<uint8_t> XwdHeader(uint32_t width, uint32_t height) {
  std::vector<uint8_t> bytes(kXwdHeaderBytes);
  const uint32_t kWords[] = {
      160, 7,   2,     24,        width, height,   0,      0,    32,
      0,   32,  32,    width * 4, 4,     0xFF0000, 0xFF00, 0xFF, 8,
      256, 256, width, height,    0,     0,        0};
  for (size_t i = 0; i < std::size(kWords); ++i)
    PutXwdWord(bytes, i, kWords[i]);
  return bytes;
}

inline uint64_t XwdFileBytes(uint32_t width, uint32_t height) {
  return kXwdPixelOffset + uint64_t{width} * height * 4;
}

// A screen file in the test's folder; an old one is written over in place.
// Every byte of its picture is 0x5A.
inline std::string WriteScreenFile(const std::string& name, uint32_t width_px,
                                   uint32_t height_px) {
  const std::string path = testing::TempDir() + "/" + name;
  const std::vector<uint8_t> header = XwdHeader(width_px, height_px);
  std::string bytes(XwdFileBytes(width_px, height_px), '\x5A');
  std::copy(header.begin(), header.end(), bytes.begin());
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

}  // namespace oriel::capture::sim
