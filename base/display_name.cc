#include "base/display_name.h"

#include <algorithm>
#include <cstdint>

namespace oriel {
namespace {

constexpr size_t kDigits = 6;

bool IsNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == ':';
}

// FNV-1a's upper and lower halves in one; the same on every machine for ever.
std::string DigitsOf(const std::string& text) {
  uint64_t hash = 0xCBF29CE484222325;
  for (const char c : text) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3;
  }
  hash ^= hash >> 32;
  std::string digits;
  for (size_t i = 0; i < kDigits; ++i, hash >>= 4) {
    digits += "0123456789abcdef"[hash & 0xF];
  }
  return digits;
}

}  // namespace

bool IsDisplayName(const std::string& name) {
  return !name.empty() && name.size() <= kMaxDisplayNameBytes &&
         std::all_of(name.begin(), name.end(), IsNameCharacter);
}

std::string PlainName(const std::string& text, size_t max_bytes) {
  std::string name;
  bool gap = false;
  for (const char c : text) {
    if (!IsNameCharacter(c)) {
      gap = true;
      continue;
    }
    if (gap && !name.empty()) name += '-';
    gap = false;
    name += c;
  }
  name.resize(std::min(name.size(), max_bytes));
  return name;
}

std::string DisplayNameFor(const std::string& text, size_t max_bytes) {
  if (IsDisplayName(text) && text.size() <= max_bytes) return text;
  const std::string plain = PlainName(text, max_bytes - kDigits - 1);
  return plain.empty() ? "display-" + DigitsOf(text)
                       : plain + "-" + DigitsOf(text);
}

}  // namespace oriel
