#include "encoder/video/probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <set>
#include <thread>

namespace oriel::encoder {
namespace {

using testing::HasSubstr;

TEST(ProbeTest, EachCodecHasSoftwareThatWorks) {
  std::set<VideoCodec> usable;
  for (const EncoderProbe& probe : ProbeVideoEncoders()) {
    if (!probe.hardware && probe.usable) usable.insert(probe.codec);
  }
  EXPECT_EQ(usable.size(), 3u);
}

TEST(ProbeTest, WhatIsNotUsableHasAReasonInOneLine) {
  for (const EncoderProbe& probe : ProbeVideoEncoders()) {
    EXPECT_EQ(probe.usable, probe.reason.empty()) << probe.name;
    EXPECT_EQ(probe.reason.find('\n'), std::string::npos) << probe.reason;
  }
}

TEST(ProbeTest, WithoutAGpuHardwareFailsQuietlyAndQuickly) {
  if (::access("/dev/dri/renderD128", F_OK) == 0 ||
      ::access("/dev/nvidiactl", F_OK) == 0) {
    GTEST_SKIP() << "this machine has a GPU";
  }
  testing::internal::CaptureStderr();
  const std::vector<EncoderProbe> probes = ProbeVideoEncoders();
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  Duration total{};
  for (const EncoderProbe& probe : probes) {
    if (!probe.hardware) continue;
    EXPECT_FALSE(probe.usable) << probe.name;
    total += probe.duration;
    if (probe.name.ends_with("_vaapi") && probe.name != "av1_vaapi") {
      EXPECT_EQ(probe.reason,
                "no VA display: /dev/dri/renderD128 does not exist");
    }
    if (probe.name == "h264_nvenc") {
      EXPECT_THAT(probe.reason, HasSubstr("libcuda"));
    }
  }
  EXPECT_LT(total, std::chrono::seconds(1));
}

TEST(ProbeTest, HardwareIsPreferredToSoftware) {
  std::set<VideoCodec> software_seen;
  for (const EncoderProbe& probe : ProbeVideoEncoders()) {
    if (!probe.hardware) software_seen.insert(probe.codec);
    EXPECT_FALSE(probe.hardware && software_seen.contains(probe.codec))
        << probe.name;
  }
}

TEST(ProbeTest, ThreadsThatAskAtOnceGetTheSameAnswer) {
  std::vector<EncoderProbe> first;
  std::vector<EncoderProbe> second;
  std::thread one([&] { first = ProbeVideoEncoders(); });
  std::thread two([&] { second = ProbeVideoEncoders(); });
  one.join();
  two.join();
  ASSERT_EQ(first.size(), second.size());
  for (size_t i = 0; i < first.size(); ++i) {
    EXPECT_EQ(first[i].duration, second[i].duration) << first[i].name;
  }
}

TEST(ProbeTest, FullChromaIsOfferedBySoftwareOfEachCodec) {
  for (const VideoCodec codec :
       {VideoCodec::kH264, VideoCodec::kVp9, VideoCodec::kAv1}) {
    EXPECT_FALSE(UsableEncoders(codec, Chroma::k444).empty());
  }
}

}  // namespace
}  // namespace oriel::encoder
