#pragma once

#include <unistd.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "clients/cli/h264_samples.h"
#include "clients/cli/recorder.h"
#include "gtest/gtest.h"
#include "oriel/v1/streaming.pb.h"

namespace oriel::clients {

// What a player finds in a file.
struct Probe {
  std::string codec;
  int width_px = 0;
  int height_px = 0;
  double duration_s = 0;
  int packet_count = 0;
  int decoded_count = 0;
  std::vector<double> times_s;
  bool clean = false;  // no error anywhere
};

// Reads the file as a player would, down to its pixels.
Probe ProbeFile(const std::string& path);

v1::StreamFormat Format(uint32_t generation, uint32_t width_px,
                        uint32_t height_px);

v1::FrameUpdate Update(const v1::StreamFormat& format, uint64_t sequence,
                       const AccessUnit& unit, uint64_t capture_time_us);

// Records into a file of its own with the parameter's ending.
class RecorderTest : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    path_ = ::testing::TempDir() + "/recorder_" +
            ::testing::UnitTest::GetInstance()->current_test_info()->name() +
            GetParam();
    for (char& c : path_) {
      if (c == '/' && &c > path_.data() + ::testing::TempDir().size()) c = '_';
    }
    unlink(path_.c_str());
    unlink(Numbered(2).c_str());
  }

  std::string Numbered(int number) const {
    const size_t dot = path_.rfind('.');
    return path_.substr(0, dot) + "-" + std::to_string(number) +
           path_.substr(dot);
  }

  std::unique_ptr<Recorder> Create(
      bool overwrite = false,
      std::optional<std::chrono::milliseconds> duration = std::nullopt) {
    auto recorder = Recorder::Create({.path = path_,
                                      .overwrite = overwrite,
                                      .title = "a test",
                                      .duration = duration});
    EXPECT_TRUE(recorder.ok()) << recorder.status();
    return recorder.ok() ? *std::move(recorder) : nullptr;
  }

  std::string path_;
  const Time start_ = Clock::now();
};

}  // namespace oriel::clients
