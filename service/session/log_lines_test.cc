// What lasting faults write into the log: counted, through a sink.
#include <gtest/gtest.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "capture/display/fake_frame_source.h"
#include "service/session/display_registry.h"
#include "service/session/registry_impl.h"
#include "service/session/session_context.h"
#include "service/session/test_encoders.h"
#include "service/session/test_status.h"
#include "service/session/test_viewer.h"
#include "service/session/test_wire.h"

namespace oriel::session {
namespace {

using capture::FakeScreen;
using std::chrono::milliseconds;

class Lines final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  // Of an event.
  int Count(const std::string& event) {
    const std::lock_guard<std::mutex> lock(mutex_);
    int count = 0;
    for (const std::string& line : lines_) {
      count += line.rfind("event=" + event + " ", 0) == 0 ? 1 : 0;
    }
    return count;
  }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    lines_.emplace_back(message.payload.data(), message.payload.size());
  }
  void flush_() override {}

  std::vector<std::string> lines_;
};

class LogLinesTest : public ::testing::Test {
 protected:
  LogLinesTest() {
    spdlog::set_default_logger(
        std::make_shared<spdlog::logger>("test", lines_));
    tuning_.first_attach_pause = milliseconds(1);
    tuning_.longest_attach_pause = milliseconds(1);
    tuning_.slow_step = Duration::zero();
    DisplayOptions options;
    options.name = "vm";
    options.max_rate_hz = 1000;
    options.open =
        [this]() -> absl::StatusOr<std::unique_ptr<capture::FrameSource>> {
      ++opened_;
      if (busy_) return absl::UnavailableError("the group is busy");
      return screen_->Open();
    };
    registry_ = CreateRegistry({}, RegistryLimits(), &wire_,
                               MakeTestEncoders(controls_), tuning_);
    EXPECT_EQ(registry_->AddDisplay(std::move(options)), absl::OkStatus());
    AwaitState(*registry_, "vm", DisplayState::kReady);
  }
  ~LogLinesTest() override { registry_->Stop(); }

  void AwaitAttempts(int count) {
    const int until = opened_ + count;
    while (opened_ < until) std::this_thread::yield();
  }

  const std::shared_ptr<Lines> lines_ = std::make_shared<Lines>();
  const std::shared_ptr<FakeScreen> screen_ =
      std::make_shared<FakeScreen>(Size{64, 48});
  const std::shared_ptr<TestEncoderControls> controls_ =
      std::make_shared<TestEncoderControls>();
  std::atomic<bool> busy_{false};
  std::atomic<int> opened_{0};
  const TestWire wire_;
  Tuning tuning_;
  std::unique_ptr<DisplayRegistry> registry_;
};

TEST_F(LogLinesTest, APlaneQueryThatFailsForEverIsSaidOnce) {
  std::atomic<int> changes{0};
  screen_->FailScans(absl::UnavailableError("plane query: EIO"));
  screen_->HangUp();
  AwaitAttempts(3);
  const uint64_t subscription =
      registry_->Subscribe([&](const std::string&) { ++changes; });
  AwaitAttempts(50);
  EXPECT_EQ(lines_->Count("attached"), 1);
  EXPECT_EQ(lines_->Count("detached"), 1);
  EXPECT_EQ(lines_->Count("attach_failed"), 1);
  // Who follows the list is told once too.
  EXPECT_EQ(changes, 0);
  registry_->Unsubscribe(subscription);

  screen_->FailScans(absl::UnavailableError("plane query: ENODEV"));
  AwaitAttempts(50);
  EXPECT_EQ(lines_->Count("attach_failed"), 2);
  screen_->FailScans(absl::OkStatus());
  AwaitState(*registry_, "vm", DisplayState::kReady);
  while (lines_->Count("attached") < 2) std::this_thread::yield();
  EXPECT_EQ(lines_->Count("attached"), 2);
}

TEST_F(LogLinesTest, ADeviceThatComesAndGoesIsSaidOnce) {
  for (int i = 0; i < 50; ++i) {
    AwaitState(*registry_, "vm", DisplayState::kReady);
    const int before = opened_;
    screen_->HangUp();
    while (opened_ == before) std::this_thread::yield();
  }
  AwaitState(*registry_, "vm", DisplayState::kReady);
  EXPECT_EQ(lines_->Count("detached"), 1);
  EXPECT_LE(lines_->Count("attached"), 2);
}

TEST_F(LogLinesTest, ReasonsThatTakeTurnsAreSaidOnceEach) {
  screen_->FailScans(absl::UnavailableError("plane query: EIO"));
  screen_->HangUp();
  for (int i = 0; i < 20; ++i) {
    busy_ = true;
    AwaitAttempts(2);
    busy_ = false;
    AwaitAttempts(2);
  }
  EXPECT_LE(lines_->Count("attach_failed"), 2);
}

TEST_F(LogLinesTest, AnEncoderThatFailsNowAndThenIsSaidOnce) {
  const auto viewer = std::make_shared<TestViewer>();
  const auto handle = registry_->OpenViewer("vm", {}, viewer);
  ASSERT_TRUE(handle.ok()) << handle.status();
  viewer->Connect(*handle);
  for (uint32_t i = 1; i <= 50; ++i) {
    viewer->AwaitPicture(screen_->picture());
    const int encodes = controls_->encodes;
    controls_->fail = true;
    screen_->Fill({0, 0, 64, 48}, 0xFF000000u | (i * 977));
    while (controls_->encodes == encodes) std::this_thread::yield();
    controls_->fail = false;
  }
  viewer->AwaitPicture(screen_->picture());
  EXPECT_EQ(lines_->Count("encode_failed"), 1);
  EXPECT_EQ(lines_->Count("encode_recovered"), 1);
}

TEST_F(LogLinesTest, AnEncoderThatCannotKeepPaceIsSaidOnceThoughViewersReturn) {
  for (int i = 0; i < 20; ++i) {
    const auto viewer = std::make_shared<TestViewer>();
    const auto handle = registry_->OpenViewer("vm", {}, viewer);
    ASSERT_TRUE(handle.ok()) << handle.status();
    viewer->Connect(*handle);
    viewer->AwaitPicture(screen_->picture());
    (*handle)->Leave();
  }
  EXPECT_EQ(lines_->Count("encoder_slow"), 1);
}

}  // namespace
}  // namespace oriel::session
