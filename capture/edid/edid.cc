#include "capture/edid/edid.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "capture/edid/block.h"
#include "capture/edid/extension_count.h"

namespace oriel::capture::edid {

absl::Status CheckBaseBlock(std::span<const uint8_t> edid) {
  if (edid.size() < kBlockBytes) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "EDID of %d bytes: a base block has %d", edid.size(), kBlockBytes));
  }
  if (!std::equal(kHeader.begin(), kHeader.end(), edid.begin())) {
    return absl::InvalidArgumentError(
        "EDID: bytes 0 to 7 are not the header 00 FF FF FF FF FF FF 00");
  }
  if (const uint8_t sum = SumOf(edid.first(kBlockBytes)); sum != 0) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "EDID: the base block's bytes add up to 0x%02x, not to 0", sum));
  }
  if (edid[kVersionOffset] != 1) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "EDID: byte 18 says version %d; 1 is known", edid[kVersionOffset]));
  }
  return absl::OkStatus();
}

absl::Status CheckEdid(std::span<const uint8_t> edid) {
  RETURN_IF_ERROR(CheckBaseBlock(edid));
  const size_t count = ExtensionCount(edid);
  const size_t said = (count + 1) * kBlockBytes;
  if (edid.size() != said) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "EDID of %d bytes: %s says %d extension blocks, which makes %d",
        edid.size(), ExtensionCountSource(edid), count, said));
  }
  for (size_t at = kBlockBytes; at < said; at += kBlockBytes) {
    if (const uint8_t sum = SumOf(edid.subspan(at, kBlockBytes)); sum != 0) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "EDID: the extension block at byte %d adds up to 0x%02x, not to 0",
          at, sum));
    }
  }
  return absl::OkStatus();
}

}  // namespace oriel::capture::edid
