#include "capture/edid/debian_tools.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <regex>
#include <sstream>
#include <tuple>

#include "absl/strings/str_format.h"

namespace oriel::capture::edid {

std::string OutputOf(const std::string& command) {
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return "popen failed";
  std::string output;
  char part[4096];
  while (const size_t got = fread(part, 1, sizeof(part), pipe)) {
    output.append(part, got);
  }
  const int status = pclose(pipe);
  EXPECT_NE(WEXITSTATUS(status), 127)
      << "run tools/install_packages: '" << command << "' was not found";
  return output;
}

std::string EdidDecode(const std::vector<uint8_t>& edid,
                       const std::string& options) {
  const std::string path = std::string(getenv("TEST_TMPDIR")) + "/edid.bin";
  std::ofstream(path, std::ios::binary)
      .write(std::string(edid.begin(), edid.end()).data(),
             static_cast<std::streamsize>(edid.size()));
  return OutputOf(
      absl::StrFormat("edid-decode %s --skip-hex-dump %s 2>&1", options, path));
}

std::string TextOf(const ToldTiming& t) {
  return absl::StrFormat("%dx%d%s %.6f Hz %u kHz", t.width_px, t.height_px,
                         t.interlaced ? "i" : "", t.refresh_hz,
                         t.pixel_clock_khz);
}

ToldTiming Told(const Timing& timing) {
  const Mode mode = timing.mode();
  return {mode.width_px, mode.height_px, mode.interlaced,
          timing.pixel_clock_khz, timing.refresh_hz()};
}

bool ByValue::operator()(const ToldTiming& a, const ToldTiming& b) const {
  const auto key = [](const ToldTiming& t) {
    return std::tuple(t.width_px, t.height_px, t.interlaced, t.pixel_clock_khz);
  };
  if (key(a) != key(b)) return key(a) < key(b);
  constexpr double kSameHz = 5e-6;
  return a.refresh_hz < b.refresh_hz - kSameHz;
}

ToldTimings TimingsIn(const std::string& text) {
  static const std::regex kTiming(
      R"((\d+)x(\d+)(i?)\s+(\d+\.\d+) Hz(?:\s+\d+:\d+\s+[\d.]+ kHz\s+(\d+\.\d+) MHz)?)");
  ToldTimings timings;
  for (std::sregex_iterator it(text.begin(), text.end(), kTiming), end;
       it != end; ++it) {
    const std::smatch& m = *it;
    const double clock_mhz = m[5].matched ? std::stod(m[5]) : 0;
    timings.insert({std::stoi(m[1]), std::stoi(m[2]), m[3] == "i",
                    static_cast<uint32_t>(std::llround(clock_mhz * 1000)),
                    std::stod(m[4])});
  }
  return timings;
}

std::vector<std::string> ValuesIn(const std::string& text,
                                  const std::string& label) {
  std::vector<std::string> values;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const size_t at = line.find(label);
    if (at != std::string::npos)
      values.push_back(line.substr(at + label.size()));
  }
  return values;
}

}  // namespace oriel::capture::edid
