// The EDID protocol on oriel-sim, which is stricter than any known driver.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/picture/rect.h"
#include "base/unique_fd.h"
#include "capture/device/open_device.h"
#include "capture/display/edid_region.h"
#include "capture/display/plane_query.h"
#include "capture/edid/edid.h"

namespace oriel::capture {
namespace {

using ::testing::HasSubstr;

const SleepFunction kNoSleep = [](Duration) {};

class EdidRegionSimTest : public testing::Test {
 protected:
  // In a folder of its own with a short name: Bazel's sandbox has longer ones
  // than a socket's path may be.
  void SetUp() override {
    char folder[] = "/tmp/oriel-edid-XXXXXX";
    ASSERT_NE(mkdtemp(folder), nullptr);
    folder_ = folder;
    ASSERT_NO_FATAL_FAILURE(StartSim());
    auto device = ConnectVfioUser(socket());
    ASSERT_TRUE(device.ok()) << device.status();
    device_ = *std::move(device);
    const auto region = FindEdidRegion(*device_);
    ASSERT_TRUE(region.ok()) << region.status();
    region_ = *region;
  }

  void TearDown() override {
    device_.reset();
    if (pid_ > 0) {
      kill(pid_, SIGTERM);
      waitpid(pid_, nullptr, 0);
    }
    std::filesystem::remove_all(folder_);
  }

  std::string socket() const { return folder_ + "/vgpu.sock"; }

  // Returns once it says that it listens.
  void StartSim() {
    int ends[2];
    ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
    said_.reset(ends[0]);
    UniqueFd writer(ends[1]);
    std::vector<std::string> words = {"capture/sim/oriel-sim",
                                      "--socket",
                                      socket(),
                                      "--scene",
                                      "pattern",
                                      "--mode",
                                      "640x480"};
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, writer.get(), STDERR_FILENO);
    const int error = posix_spawn(&pid_, arguments[0], &actions, nullptr,
                                  arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    ASSERT_EQ(error, 0);
    writer.reset();
    std::string said;
    char c = 0;
    while (said.find("listening") == std::string::npos) {
      ASSERT_EQ(read(said_.get(), &c, 1), 1) << said;
      said += c;
    }
  }

  Size Shown() {
    const auto plane = QueryPrimaryPlane(*device_, PlaneKind::kRegion);
    EXPECT_TRUE(plane.ok()) << plane.status();
    return plane.ok() && plane->has_value() ? (*plane)->size : Size{};
  }

  pid_t pid_ = -1;
  UniqueFd said_;  // its log: writing there must not fail while it lives
  std::string folder_;
  std::unique_ptr<OwnedDevice> device_;
  EdidRegion region_;
};

TEST_F(EdidRegionSimTest, AnEdidChangesTheModeAndIsReadBack) {
  EXPECT_EQ(Shown(), (Size{640, 480}));
  const auto blob =
      EdidFor(region_.limits, {.preferred = {1600, 900}, .name = "window"});
  ASSERT_TRUE(blob.ok()) << blob.status();
  const absl::Status status = WriteEdid(*device_, region_, *blob, kNoSleep);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(Shown(), (Size{1600, 900}));
  const auto state = ReadEdid(*device_, region_);
  ASSERT_TRUE(state.ok()) << state.status();
  EXPECT_EQ(state->link, MonitorLink::kUp);
  EXPECT_EQ(state->blob, *blob);
}

TEST_F(EdidRegionSimTest, ItsLimitsAreKept) {
  EXPECT_EQ(region_.limits.max_width_px, 3840);
  const auto blob = EdidFor(region_.limits, {.preferred = {4000, 2160}});
  EXPECT_THAT(std::string(blob.status().message()), HasSubstr("3840 by 2160"));
  const edid::Mode mode = ClampMode(region_.limits, {5120, 2880, 30'000});
  const auto clamped = EdidFor(region_.limits, {.preferred = mode});
  ASSERT_TRUE(clamped.ok()) << clamped.status();
  const absl::Status status = WriteEdid(*device_, region_, *clamped, kNoSleep);
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(Shown(), (Size{3840, 2160}));
}

std::vector<uint8_t> WithoutFirstTiming(std::vector<uint8_t> blob) {
  for (size_t i = 54; i < 72; ++i) {
    blob[127] = static_cast<uint8_t>(blob[127] + blob[i]);
    blob[i] = 0;
  }
  return blob;
}

// Whole, and larger than it can show, but for the first descriptor, which is no
// timing, so that nothing is preferred.
std::vector<uint8_t> OnlyTooLarge() {
  const auto large = edid::BuildEdid({.preferred = {4000, 2200, 30'000}});
  EXPECT_TRUE(large.ok()) << large.status();
  std::vector<uint8_t> blob = *large;
  std::swap_ranges(blob.begin() + 54, blob.begin() + 72, blob.begin() + 72);
  return blob;
}

TEST_F(EdidRegionSimTest, WhatItRefusesLeavesTheMonitorFromBefore) {
  auto blob = EdidFor(region_.limits, {.preferred = {800, 600}});
  ASSERT_TRUE(blob.ok()) << blob.status();
  ASSERT_TRUE(WriteEdid(*device_, region_, *blob, kNoSleep).ok());
  const absl::Status status =
      WriteEdid(*device_, region_, OnlyTooLarge(), kNoSleep);
  EXPECT_THAT(std::string(status.message()), HasSubstr("plugged in again"));
  EXPECT_EQ(Shown(), (Size{800, 600}));
  const auto state = ReadEdid(*device_, region_);
  ASSERT_TRUE(state.ok()) << state.status();
  EXPECT_EQ(state->blob, *blob);
  EXPECT_EQ(state->link, MonitorLink::kUp);
}

TEST_F(EdidRegionSimTest, AnEdidWithoutAPreferredTimingIsTaken) {
  const auto blob = EdidFor(region_.limits, {.preferred = {800, 600}});
  ASSERT_TRUE(blob.ok()) << blob.status();
  const absl::Status status =
      WriteEdid(*device_, region_, WithoutFirstTiming(*blob), kNoSleep);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(Shown(), (Size{640, 480}));
}

TEST_F(EdidRegionSimTest, TheLargestEdidThereCanBeIsTaken) {
  std::vector<uint8_t> blob =
      *EdidFor(region_.limits, {.preferred = {1024, 768}});
  blob[126] = 255;
  blob[127] = static_cast<uint8_t>(blob[127] - 255);
  blob.resize(edid::kMaxEdidBytes);
  const absl::Status status = WriteEdid(*device_, region_, blob, kNoSleep);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(Shown(), (Size{1024, 768}));
  const auto state = ReadEdid(*device_, region_);
  ASSERT_TRUE(state.ok()) << state.status();
  EXPECT_EQ(state->blob, blob);
}

}  // namespace
}  // namespace oriel::capture
