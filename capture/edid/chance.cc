#include "capture/edid/chance.h"

#include <algorithm>

#include "capture/edid/cta_timings.h"

namespace oriel::capture::edid {

int Chance::Pick(int least, int most) {
  // Not std::uniform_int_distribution, which each library has its own way of.
  const auto choices = static_cast<uint32_t>(most - least) + 1;
  return least + static_cast<int>(random_() % choices);
}

int Chance::CtaCode() {
  for (;;) {
    const int code = Pick(1, 219);
    if (CtaTiming(code)) return code;
  }
}

int Chance::Clock(int across, int down, int unit_khz, int most) {
  const double khz = double(across) * down * Pick(20, 480) / 1000;
  return std::clamp(static_cast<int>(khz / unit_khz), 10'000 / unit_khz, most);
}

void Append(Bytes& out, const Bytes& more) {
  out.insert(out.end(), more.begin(), more.end());
}

void PutLe16(Bytes& out, int value) {
  out.push_back(static_cast<uint8_t>(value));
  out.push_back(static_cast<uint8_t>(value >> 8));
}

Bytes List(int entries, const std::function<Bytes()>& entry) {
  Bytes list;
  for (int i = 0; i < entries; ++i) Append(list, entry());
  return list;
}

}  // namespace oriel::capture::edid
