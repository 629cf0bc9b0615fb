// Displays that come and go, and questions to their devices.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "capture/device/fake_device.h"
#include "capture/display/fake_frame_source.h"
#include "capture/display/frame_source.h"
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
using Seen = TestViewer::Seen;

// A screen with a device behind it.
class SourceWithDevice final : public capture::FrameSource {
 public:
  explicit SourceWithDevice(std::unique_ptr<capture::FrameSource> source)
      : source_(std::move(source)) {}
  absl::StatusOr<capture::Frame> Scan(
      const capture::ScanRequest& request) override {
    return source_->Scan(request);
  }
  bool IsAsScanned(Time now) override { return source_->IsAsScanned(now); }
  void Revoke() override { source_->Revoke(); }
  std::string description() const override { return source_->description(); }
  int hangup_fd() const override { return source_->hangup_fd(); }
  std::string hangup_reason() const override { return "the VM ended"; }
  capture::Device* device() override { return &device_; }

 private:
  const std::unique_ptr<capture::FrameSource> source_;
  capture::FakeDevice device_;
};

class DynamicDisplaysTest : public ::testing::Test {
 protected:
  DynamicDisplaysTest() {
    tuning_.first_attach_pause = milliseconds(1);
    tuning_.longest_attach_pause = milliseconds(2);
    limits_.displays = 2;
  }
  ~DynamicDisplaysTest() override {
    screen_->UnblockScans();
    if (registry_ != nullptr) registry_->Stop();
  }

  void Start() {
    registry_ = CreateRegistry(
        {}, limits_, &wire_,
        MakeTestEncoders(std::make_shared<TestEncoderControls>()), tuning_);
  }
  DisplayOptions Options(const std::string& name) {
    DisplayOptions options;
    options.name = name;
    options.max_rate_hz = 1000;
    options.open = [screen = screen_, with_device = with_device_, fail = fail_,
                    tries = opened_]()
        -> absl::StatusOr<std::unique_ptr<capture::FrameSource>> {
      ++*tries;
      if (*fail) return absl::UnavailableError("no VM offers it");
      if (!with_device) return screen->Open();
      return std::make_unique<SourceWithDevice>(screen->Open());
    };
    return options;
  }
  void AddReady(const std::string& name) {
    ASSERT_EQ(registry_->AddDisplay(Options(name)), absl::OkStatus());
    AwaitState(*registry_, name, DisplayState::kReady);
  }
  std::shared_ptr<TestViewer> Open(const std::string& display) {
    auto viewer = std::make_shared<TestViewer>(false);
    const auto handle = registry_->OpenViewer(display, {}, viewer);
    EXPECT_TRUE(handle.ok()) << handle.status();
    if (handle.ok()) viewer->Connect(*handle);
    return viewer;
  }
  std::future<absl::Status> Visit(const std::string& display) {
    auto promise = std::make_shared<std::promise<absl::Status>>();
    registry_->VisitDevice(
        display, [promise](absl::StatusOr<capture::Device*> device) {
          promise->set_value(device.ok() ? (*device)->GetInfo().status()
                                         : device.status());
        });
    return promise->get_future();
  }

  const std::shared_ptr<FakeScreen> screen_ =
      std::make_shared<FakeScreen>(Size{64, 48});
  const std::shared_ptr<std::atomic<bool>> fail_ =
      std::make_shared<std::atomic<bool>>(false);
  const std::shared_ptr<std::atomic<int>> opened_ =
      std::make_shared<std::atomic<int>>(0);
  bool with_device_ = true;
  const TestWire wire_;
  Tuning tuning_;
  RegistryLimits limits_;
  std::unique_ptr<DisplayRegistry> registry_;
};

TEST_F(DynamicDisplaysTest, AnAddedDisplayIsServedUntilItIsRemoved) {
  Start();
  AddReady("vm");
  const auto viewer = Open("vm");
  viewer->Await([](const Seen& seen) { return !seen.updates.empty(); });
  EXPECT_EQ(registry_->RemoveDisplay("vm", "vm is gone for good"),
            absl::OkStatus());
  const Seen seen =
      viewer->Await([](const Seen& seen) { return seen.closed.has_value(); });
  EXPECT_EQ(*seen.closed, absl::UnavailableError("vm is gone for good"));
  EXPECT_EQ(screen_->open_sources(), 0);
  EXPECT_TRUE(absl::IsNotFound(registry_->Get("vm").status()));
  EXPECT_TRUE(registry_->List().empty());
  EXPECT_TRUE(absl::IsNotFound(registry_->RemoveDisplay("vm", "again")));
  AddReady("vm");
}

TEST_F(DynamicDisplaysTest, NamesAreUniqueAndDisplaysAreBounded) {
  Start();
  AddReady("one");
  EXPECT_TRUE(absl::IsAlreadyExists(registry_->AddDisplay(Options("one"))));
  AddReady("two");
  EXPECT_TRUE(
      absl::IsResourceExhausted(registry_->AddDisplay(Options("three"))));
  EXPECT_EQ(registry_->List().size(), 2u);
}

TEST_F(DynamicDisplaysTest, SubscribersHearOfBoth) {
  Start();
  std::atomic<int> changes = 0;
  const uint64_t subscription = registry_->Subscribe(
      [&](const std::string& name) { changes += name == "vm" ? 1 : 0; });
  AddReady("vm");
  EXPECT_GT(changes, 0);
  changes = 0;
  ASSERT_EQ(registry_->RemoveDisplay("vm", "gone"), absl::OkStatus());
  EXPECT_GT(changes, 0);
  registry_->Unsubscribe(subscription);
}

TEST_F(DynamicDisplaysTest, TryOpeningEndsThePause) {
  tuning_.first_attach_pause = std::chrono::hours(1);
  tuning_.longest_attach_pause = std::chrono::hours(1);
  *fail_ = true;
  Start();
  ASSERT_EQ(registry_->AddDisplay(Options("vm")), absl::OkStatus());
  AwaitStatus(*registry_, "vm", [](const DisplayStatus& status) {
    return status.state_reason == "no VM offers it";
  });
  EXPECT_EQ(*opened_, 1);
  *fail_ = false;
  registry_->TryOpening("vm");
  AwaitState(*registry_, "vm", DisplayState::kReady);
  registry_->TryOpening("nobody");
}

TEST_F(DynamicDisplaysTest, TryOpeningWhatIsOpenShortensNoLaterPause) {
  tuning_.first_attach_pause = std::chrono::hours(1);
  tuning_.longest_attach_pause = std::chrono::hours(1);
  Start();
  AddReady("vm");
  registry_->TryOpening("vm");
  screen_->HangUp();
  AwaitState(*registry_, "vm", DisplayState::kUnavailable);
  std::this_thread::sleep_for(milliseconds(20));
  EXPECT_EQ(*opened_, 1);
  registry_->TryOpening("vm");
  AwaitState(*registry_, "vm", DisplayState::kReady);
  EXPECT_EQ(*opened_, 2);
}

TEST_F(DynamicDisplaysTest, AHangupTellsTheDevicesReason) {
  Start();
  AddReady("vm");
  const auto viewer = Open("vm");
  viewer->Await([](const Seen& seen) { return !seen.updates.empty(); });
  *fail_ = true;
  screen_->HangUp();
  const Seen seen =
      viewer->Await([](const Seen& seen) { return seen.closed.has_value(); });
  EXPECT_EQ(*seen.closed,
            absl::UnavailableError("display vm is not available: the device "
                                   "went away: the VM ended"));
}

TEST_F(DynamicDisplaysTest, ADeviceIsVisitedWatchedOrNot) {
  Start();
  AddReady("vm");
  EXPECT_EQ(Visit("vm").get(), absl::OkStatus());
  const auto viewer = Open("vm");
  viewer->Await([](const Seen& seen) { return !seen.updates.empty(); });
  EXPECT_EQ(Visit("vm").get(), absl::OkStatus());
}

TEST_F(DynamicDisplaysTest, AVisitThatCannotBeSaysWhy) {
  with_device_ = false;
  Start();
  EXPECT_TRUE(absl::IsNotFound(Visit("vm").get()));
  AddReady("vm");
  EXPECT_TRUE(absl::IsFailedPrecondition(Visit("vm").get()));
  *fail_ = true;
  screen_->HangUp();
  AwaitStatus(*registry_, "vm", [](const DisplayStatus& status) {
    return status.state == DisplayState::kUnavailable;
  });
  EXPECT_TRUE(absl::IsUnavailable(Visit("vm").get()));
}

TEST_F(DynamicDisplaysTest, VisitsThatWaitAreBoundedAndEndWithTheDisplay) {
  tuning_.visits_per_display = 2;
  Start();
  AddReady("vm");
  screen_->BlockScans();
  const int64_t begun = screen_->scans_begun();
  const auto viewer = Open("vm");
  screen_->AwaitScansBegun(begun + 1);
  std::vector<std::future<absl::Status>> waiting;
  waiting.push_back(Visit("vm"));
  waiting.push_back(Visit("vm"));
  EXPECT_TRUE(absl::IsResourceExhausted(Visit("vm").get()));
  std::thread remover([this] {
    EXPECT_EQ(registry_->RemoveDisplay("vm", "gone"), absl::OkStatus());
  });
  screen_->UnblockScans();
  remover.join();
  // Answered once each, whether the visit or the removal came first.
  for (auto& visit : waiting) {
    const absl::Status status = visit.get();
    EXPECT_TRUE(status.ok() || absl::IsUnavailable(status)) << status;
  }
}

TEST_F(DynamicDisplaysTest, VisitsThatWaitBehindAHungCallEndWithTheDevice) {
  Start();
  AddReady("vm");
  screen_->BlockScans();
  const int64_t begun = screen_->scans_begun();
  const auto viewer = Open("vm");
  screen_->AwaitScansBegun(begun + 1);
  std::future<absl::Status> visit = Visit("vm");
  screen_->HangUp();
  EXPECT_TRUE(absl::IsUnavailable(visit.get()));
}

}  // namespace
}  // namespace oriel::session
