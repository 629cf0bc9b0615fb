#include "base/picture/pixel_format.h"

#include <cstdio>

namespace oriel {

std::string FourccName(uint32_t fourcc) {
  std::string name;
  for (int shift = 0; shift < 32; shift += 8) {
    const auto byte = static_cast<unsigned char>(fourcc >> shift);
    if (byte < 0x21 || byte > 0x7e) {
      char text[16];
      std::snprintf(text, sizeof(text), "0x%08x", fourcc);
      return text;
    }
    name.push_back(static_cast<char>(byte));
  }
  return name;
}

uint32_t FourccFromName(const std::string& name) {
  if (name.size() != 4) return 0;
  uint32_t fourcc = 0;
  for (int i = 3; i >= 0; --i) {
    fourcc = fourcc << 8 | static_cast<unsigned char>(name[i]);
  }
  return fourcc;
}

std::string PixelFormat::ToString() const {
  if (modifier == 0) return FourccName(fourcc);
  char text[32];
  std::snprintf(text, sizeof(text), " modifier 0x%llx",
                static_cast<unsigned long long>(modifier));
  return FourccName(fourcc) + text;
}

}  // namespace oriel
