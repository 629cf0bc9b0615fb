#include "capture/edid/extension_count.h"

#include <algorithm>

#include "capture/edid/block.h"
#include "capture/edid/edid.h"

namespace oriel::capture::edid {
namespace {

constexpr size_t kFirstDataBlock = kBlockBytes + 4;
constexpr size_t kOverrideBytes = 3;
constexpr uint8_t kExtendedTag = 7;
constexpr uint8_t kHdmiOverride = 0x78;

}  // namespace

std::optional<size_t> ExtensionOverride(std::span<const uint8_t> edid) {
  if (edid.size() < 2 * kBlockBytes || edid[kExtensionCountOffset] == 0 ||
      edid[kBlockBytes] != static_cast<uint8_t>(BlockTag::kCta861) ||
      edid[kBlockBytes + 1] < 3 || edid[kBlockBytes + 2] < 4 + kOverrideBytes) {
    return std::nullopt;
  }
  const auto data = edid.subspan(kFirstDataBlock, kOverrideBytes);
  const bool is_override = data[0] >> 5 == kExtendedTag &&
                           (data[0] & 0x1F) + 1u >= kOverrideBytes &&
                           data[1] == kHdmiOverride;
  if (!is_override) return std::nullopt;
  return data[2];
}

size_t ExtensionCount(std::span<const uint8_t> edid) {
  return std::max<size_t>(edid[kExtensionCountOffset],
                          ExtensionOverride(edid).value_or(0));
}

const char* ExtensionCountSource(std::span<const uint8_t> edid) {
  return ExtensionCount(edid) == edid[kExtensionCountOffset]
             ? "byte 126"
             : "HDMI's override (byte 134)";
}

}  // namespace oriel::capture::edid
