#include "capture/edid/findings.h"

#include <tuple>

namespace oriel::capture::edid {

void Findings::LeaveOut(const Timing& timing, size_t at) {
  const Mode mode = timing.mode();
  Problem(
      "the timing at byte %d, %dx%d at %.2f Hz, cannot be one and is left out",
      at, mode.width_px, mode.height_px, timing.refresh_hz());
}

void Findings::Add(const Timing& timing, size_t at) {
  if (!CanBeShown(timing)) return LeaveOut(timing, at);
  if (timing.h_front_px + timing.h_sync_px > timing.h_blank_px ||
      timing.v_front_lines + timing.v_sync_lines > timing.v_blank_lines) {
    Problem("the syncs of the timing at byte %d reach beyond its blanking", at);
  }
  info.timings.push_back(timing);
}

void Findings::AddPreferred(const Timing& timing, size_t at) {
  Add(timing, at);
  if (!CanBeShown(timing)) return;
  const auto rank = [](const Mode& mode) {
    return std::pair(int64_t{mode.width_px} * mode.height_px, mode.refresh_mhz);
  };
  if (!info.preferred || rank(info.preferred->mode()) < rank(timing.mode())) {
    info.preferred = timing;
  }
}

void Findings::Undecoded(const std::string& what, size_t at) {
  info.undecoded.push_back(absl::StrFormat("%s at byte %d", what, at));
}

DescriptorText ParseText(Section field, Findings& findings) {
  DescriptorText parsed;
  bool printable = true;
  for (const uint8_t c : field.bytes) {
    // Some monitors end and fill their texts with zeroes or ones.
    const bool filler = c == 0x00 || c == 0xFF;
    printable = printable && !filler;
    parsed.ended = c == '\n' || filler;
    if (parsed.ended) break;
    const bool prints = c >= 0x20 && c < 0x7F;
    printable = printable && prints;
    parsed.text += prints ? static_cast<char>(c) : '?';
  }
  if (!printable) {
    findings.Problem("the text at byte %d is not printable ASCII", field.at);
  }
  return parsed;
}

std::string WithoutTrailingSpaces(std::string text) {
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

}  // namespace oriel::capture::edid
