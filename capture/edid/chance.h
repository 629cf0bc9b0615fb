#pragma once

#include <cstdint>
#include <functional>
#include <random>
#include <vector>

namespace oriel::capture::edid {

using Bytes = std::vector<uint8_t>;

// Picks what generated EDIDs hold. The same seed picks the same.
class Chance {
 public:
  explicit Chance(uint32_t seed) : random_(seed) {}

  int Pick(int least, int most);
  bool Maybe() { return Pick(0, 1) == 1; }
  uint8_t Byte() { return static_cast<uint8_t>(Pick(0, 255)); }
  int CtaCode();  // one that CTA-861 has
  // A pixel clock in units of `unit_khz`, for totals and 20 to 480 Hz.
  int Clock(int across, int down, int unit_khz, int most);

 private:
  std::mt19937 random_;
};

void Append(Bytes& out, const Bytes& more);
void PutLe16(Bytes& out, int value);
Bytes List(int entries, const std::function<Bytes()>& entry);

}  // namespace oriel::capture::edid
