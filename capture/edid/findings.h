#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "capture/edid/edid_info.h"

namespace oriel::capture::edid {

// Bytes of an EDID that belong together, with their place in all of it.
struct Section {
  std::span<const uint8_t> bytes;
  size_t at = 0;

  size_t size() const { return bytes.size(); }
  uint8_t operator[](size_t i) const { return bytes[i]; }
  Section From(size_t offset) const {
    return {bytes.subspan(offset), at + offset};
  }
  Section Part(size_t offset, size_t count) const {
    return {bytes.subspan(offset, count), at + offset};
  }
  // Little-endian.
  int Le16(size_t i) const { return bytes[i] | bytes[i + 1] << 8; }
  uint32_t Le24(size_t i) const {
    return static_cast<uint32_t>(Le16(i)) | uint32_t{bytes[i + 2]} << 16;
  }
};

// What one EDID turned out to say so far: the parsers of its blocks add to it.
class Findings {
 public:
  EdidInfo info;
  // The display computes timings by CVT, so that standard timings mean CVT's.
  bool supports_cvt = false;

  // Listed, or left out as a problem when it cannot be a mode.
  void Add(const Timing& timing, size_t at);
  void LeaveOut(const Timing& timing, size_t at);
  // A timing that its block prefers.
  void AddPreferred(const Timing& timing, size_t at);
  // `what` names the block's kind, such as "CTA-861 data block with tag 9".
  void Undecoded(const std::string& what, size_t at);

  template <typename... Arguments>
  void Problem(const absl::FormatSpec<Arguments...>& format,
               const Arguments&... arguments) {
    info.problems.push_back(absl::StrFormat(format, arguments...));
  }
};

// A text as descriptors hold it: it ends with a line feed, or is filled with
// spaces. What is no printable ASCII becomes '?' and one problem.
struct DescriptorText {
  std::string text;
  bool ended = false;  // by a line feed, or what some monitors take for one
};
DescriptorText ParseText(Section field, Findings& findings);

std::string WithoutTrailingSpaces(std::string text);

}  // namespace oriel::capture::edid
