#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace oriel::capture::igd {

using Bytes = std::span<const uint8_t>;

// The caller has checked that sizeof(Integer) bytes are at `offset`.
template <typename Integer>
Integer ReadLe(Bytes bytes, size_t offset) {
  uint64_t value = 0;
  for (size_t i = sizeof(Integer); i-- > 0;) {
    value = value << 8 | bytes[offset + i];
  }
  return static_cast<Integer>(value);
}

template <typename Integer>
void WriteLe(std::span<uint8_t> bytes, size_t offset, Integer value) {
  for (size_t i = 0; i < sizeof(Integer); ++i) {
    bytes[offset + i] =
        static_cast<uint8_t>(static_cast<uint64_t>(value) >> (8 * i));
  }
}

// Up to the first NUL, what is not printable ASCII as a space, without spaces
// at the ends.
inline std::string PrintableText(Bytes bytes) {
  std::string text;
  for (const uint8_t byte : bytes) {
    if (byte == 0) break;
    text.push_back(byte >= 0x20 && byte < 0x7F ? static_cast<char>(byte) : ' ');
  }
  const size_t first = text.find_first_not_of(' ');
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

}  // namespace oriel::capture::igd
