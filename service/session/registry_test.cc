#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "base/mutex.h"
#include "capture/display/fake_frame_source.h"
#include "capture/display/frame_source.h"
#include "encoder/update_encoder.h"
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
using ViewerPtr = std::shared_ptr<TestViewer>;
using Snapshot = absl::StatusOr<capture::Frame>;

bool Closed(const Seen& seen) { return seen.closed.has_value(); }

// Lets callers through once it is open.
class Gate {
 public:
  void Open() {
    MutexLock lock(mutex_);
    open_ = true;
    changed_.NotifyAll();
  }
  void Pass() {
    MutexLock lock(mutex_);
    while (!open_) changed_.Wait(mutex_);
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  bool open_ ABSL_GUARDED_BY(mutex_) = false;
};

class RegistryTest : public ::testing::Test {
 protected:
  RegistryTest() {
    tuning_.first_attach_pause = milliseconds(1);
    tuning_.longest_attach_pause = milliseconds(2);
    tuning_.unreadable_retry = milliseconds(1);
    tuning_.unwatched_pause = milliseconds(1);
    Add("alpha", alpha_);
    Add("beta", beta_);
  }
  ~RegistryTest() override {
    alpha_->UnblockScans();
    beta_->UnblockScans();
    controls_->Unblock();
    if (registry_ != nullptr) registry_->Stop();
  }

  void Add(const std::string& name, std::shared_ptr<FakeScreen> screen) {
    DisplayOptions options;
    options.name = name;
    options.device = "fake " + name;
    options.max_rate_hz = 1000;
    options.open = [screen] { return screen->Open(); };
    displays_.push_back(options);
  }
  void Start() {
    registry_ = CreateRegistry(displays_, limits_, &wire_,
                               MakeTestEncoders(controls_), tuning_);
  }
  void StartReady() {
    Start();
    AwaitState(*registry_, "alpha", DisplayState::kReady);
    AwaitState(*registry_, "beta", DisplayState::kReady);
  }
  ViewerPtr Open(const std::string& display,
                 const ViewerOptions& options = {}) {
    auto viewer = std::make_shared<TestViewer>(options.acknowledges);
    const auto handle = registry_->OpenViewer(display, options, viewer);
    EXPECT_TRUE(handle.ok()) << handle.status();
    if (handle.ok()) viewer->Connect(*handle);
    return viewer;
  }
  absl::Status OpenError(const std::string& display,
                         const ViewerOptions& options = {}) {
    return registry_
        ->OpenViewer(display, options, std::make_shared<TestViewer>())
        .status();
  }
  std::future<Snapshot> TakeSnapshot(const std::string& display) {
    auto promise = std::make_shared<std::promise<Snapshot>>();
    registry_->TakeSnapshot(display, [promise](Snapshot snapshot) {
      promise->set_value(std::move(snapshot));
    });
    return promise->get_future();
  }

  const std::shared_ptr<FakeScreen> alpha_ =
      std::make_shared<FakeScreen>(Size{64, 48});
  const std::shared_ptr<FakeScreen> beta_ =
      std::make_shared<FakeScreen>(Size{32, 32});
  const std::shared_ptr<TestEncoderControls> controls_ =
      std::make_shared<TestEncoderControls>();
  const TestWire wire_;
  Tuning tuning_;
  RegistryLimits limits_;
  std::vector<DisplayOptions> displays_;
  std::unique_ptr<DisplayRegistry> registry_;
};

TEST_F(RegistryTest, AnAttachedDisplayIsKnownWithoutViewers) {
  StartReady();
  const std::vector<DisplayStatus> list = registry_->List();
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0].name, "alpha");
  EXPECT_EQ(list[0].device, "fake alpha");
  EXPECT_EQ(list[0].framebuffer, "fake screen");
  EXPECT_EQ(list[0].plane.size, (Size{64, 48}));
  EXPECT_EQ(list[0].encodings.size(), 2u);
  EXPECT_EQ(list[1].name, "beta");
  EXPECT_EQ(alpha_->scans_begun(), 1);
}

TEST_F(RegistryTest, AnUnknownDisplayIsNotFoundAndNearNamesAreTold) {
  StartReady();
  const absl::Status status = registry_->Get("alhpa").status();
  EXPECT_TRUE(absl::IsNotFound(status));
  EXPECT_NE(std::string(status.message()).find("alpha"), std::string::npos);
  EXPECT_TRUE(absl::IsNotFound(OpenError("gamma")));
  EXPECT_TRUE(absl::IsNotFound(TakeSnapshot("gamma").get().status()));
}

TEST_F(RegistryTest, AViewerShowsThePlaneAndNobodyScansOnceItLeft) {
  StartReady();
  const ViewerPtr viewer = Open("alpha");
  alpha_->Fill({3, 3, 10, 10}, 0xFF102030);
  EXPECT_TRUE(viewer->AwaitPicture(alpha_->picture()).exact);
  EXPECT_EQ(registry_->Get("alpha")->viewer_count, 1u);
  viewer->handle()->Leave();
  EXPECT_EQ(registry_->Get("alpha")->viewer_count, 0u);
  EXPECT_TRUE(TakeSnapshot("alpha").get().ok());
  // The snapshot's was the last scan: one more is exactly one more.
  const int64_t scans = alpha_->scans_begun();
  EXPECT_TRUE(TakeSnapshot("alpha").get().ok());
  EXPECT_EQ(alpha_->scans_begun(), scans + 1);
  EXPECT_EQ(beta_->scans_begun(), 1);
}

TEST_F(RegistryTest, AViewerIsFoundByItsIdUntilItLeaves) {
  StartReady();
  const ViewerPtr viewer = Open("alpha");
  const uint64_t id = viewer->handle()->id();
  EXPECT_NE(id, 0u);
  EXPECT_NE(id, Open("beta")->handle()->id());
  EXPECT_EQ(registry_->FindViewer(id), viewer->handle());
  viewer->handle()->Leave();
  EXPECT_EQ(registry_->FindViewer(id), nullptr);
}

TEST_F(RegistryTest, ViewersAndLanesHaveLimits) {
  limits_.viewers_per_display = 3;
  limits_.lanes_per_display = 2;
  StartReady();
  Open("alpha");
  // One quality only: the same lane.
  Open("alpha", {.quality = encoder::Quality::kHigh});
  Open("alpha", {.encoding = encoder::Encoding::kH264});
  EXPECT_TRUE(absl::IsResourceExhausted(OpenError("alpha")));
  Open("beta");
  Open("beta", {.encoding = encoder::Encoding::kH264});
  EXPECT_TRUE(absl::IsResourceExhausted(
      OpenError("beta", {.encoding = encoder::Encoding::kH264,
                         .quality = encoder::Quality::kLow})));
}

TEST_F(RegistryTest, AVanishedDeviceEndsItsStreamsAndNobodyElses) {
  StartReady();
  const ViewerPtr lost = Open("alpha");
  const ViewerPtr other = Open("beta");
  lost->AwaitPicture(alpha_->picture());
  alpha_->HangUp();
  const Seen seen = lost->Await(Closed);
  EXPECT_TRUE(absl::IsUnavailable(*seen.closed));
  AwaitState(*registry_, "alpha", DisplayState::kReady);
  const ViewerPtr again = Open("alpha");
  alpha_->Fill({0, 0, 5, 5}, 0xFFABCDEF);
  EXPECT_TRUE(again->AwaitPicture(alpha_->picture()).exact);
  beta_->Fill({0, 0, 5, 5}, 0xFFABCDEF);
  EXPECT_FALSE(Closed(other->AwaitPicture(beta_->picture())));
}

TEST_F(RegistryTest, ADeviceThatGoesWhileNobodyWatchesIsToldInItsStatus) {
  StartReady();
  alpha_->FailScans(absl::UnavailableError("its memory is off"));
  alpha_->HangUp();
  AwaitState(*registry_, "alpha", DisplayState::kUnavailable);
  EXPECT_TRUE(absl::IsUnavailable(OpenError("alpha")));
  EXPECT_TRUE(absl::IsUnavailable(TakeSnapshot("alpha").get().status()));
  alpha_->FailScans(absl::OkStatus());
  AwaitState(*registry_, "alpha", DisplayState::kReady);
}

TEST_F(RegistryTest, AnOpenThatBlocksHoldsUpNobodyElse) {
  const auto gate = std::make_shared<Gate>();
  displays_[0].open = [gate, screen = alpha_] {
    gate->Pass();
    return screen->Open();
  };
  Start();
  AwaitState(*registry_, "beta", DisplayState::kReady);
  EXPECT_EQ(registry_->List()[0].state, DisplayState::kUnavailable);
  EXPECT_TRUE(absl::IsUnavailable(OpenError("alpha")));
  Open("beta")->AwaitPicture(beta_->picture());
  gate->Open();
  AwaitState(*registry_, "alpha", DisplayState::kReady);
}

TEST_F(RegistryTest, AScanThatBlocksHoldsUpNobodyElse) {
  StartReady();
  const ViewerPtr stuck = Open("alpha");
  stuck->AwaitPicture(alpha_->picture());
  alpha_->BlockScans();
  alpha_->AwaitScansBegun(alpha_->scans_ended() + 1);
  const ViewerPtr other = Open("beta");
  beta_->Fill({0, 0, 5, 5}, 0xFFABCDEF);
  other->AwaitPicture(beta_->picture());
  EXPECT_EQ(registry_->List()[0].viewer_count, 1u);
  alpha_->HangUp();
  stuck->Await(Closed);
}

TEST_F(RegistryTest, ASnapshotSeesWhatWasDrawnBeforeItWasTaken) {
  StartReady();
  const ViewerPtr viewer = Open("alpha");
  for (uint32_t i = 0; i < 20; ++i) {
    alpha_->Fill({0, 0, 64, 48}, 0xFF000000u | (i * 977));
    const Snapshot snapshot = TakeSnapshot("alpha").get();
    ASSERT_TRUE(snapshot.ok()) << snapshot.status();
    EXPECT_EQ(snapshot->picture.ToPicture(), alpha_->picture());
  }
}

TEST_F(RegistryTest, ASnapshotThatTakesLongHoldsUpNoStream) {
  limits_.worker_threads = 1;
  StartReady();
  const auto gate = std::make_shared<Gate>();
  std::promise<void> begun;
  registry_->TakeSnapshot("alpha", [&begun, gate](const Snapshot&) {
    begun.set_value();
    gate->Pass();
  });
  begun.get_future().wait();
  const ViewerPtr viewer = Open("beta");
  beta_->Fill({0, 0, 5, 5}, 0xFFABCDEF);
  EXPECT_TRUE(viewer->AwaitPicture(beta_->picture()).exact);
  gate->Open();
}

TEST_F(RegistryTest, ASnapshotThatCannotBeWaitsForNoOther) {
  StartReady();
  const auto gate = std::make_shared<Gate>();
  std::promise<void> begun;
  registry_->TakeSnapshot("alpha", [&begun, gate](const Snapshot&) {
    begun.set_value();
    gate->Pass();
  });
  begun.get_future().wait();
  EXPECT_TRUE(absl::IsNotFound(TakeSnapshot("gamma").get().status()));
  beta_->TurnOff();
  EXPECT_TRUE(absl::IsFailedPrecondition(TakeSnapshot("beta").get().status()));
  gate->Open();
}

TEST_F(RegistryTest, ASnapshotOfADarkPlaneSaysWhy) {
  StartReady();
  alpha_->TurnOff();
  EXPECT_TRUE(absl::IsFailedPrecondition(TakeSnapshot("alpha").get().status()));
  EXPECT_EQ(registry_->Get("alpha")->state, DisplayState::kPlaneOff);
}

TEST_F(RegistryTest, APlaneThatComesOrGoesIsToldThoughNobodyWatches) {
  StartReady();
  alpha_->TurnOff();
  AwaitState(*registry_, "alpha", DisplayState::kPlaneOff);
  alpha_->TurnOn();
  AwaitState(*registry_, "alpha", DisplayState::kReady);
  alpha_->SetMode({80, 60});
  while (registry_->Get("alpha")->plane.size != (Size{80, 60})) {
    std::this_thread::yield();
  }
  EXPECT_EQ(alpha_->scans_begun(), 4);
}

TEST_F(RegistryTest, ALookThatBlocksHoldsUpNobodyElse) {
  StartReady();
  alpha_->BlockScans();
  alpha_->AwaitStuckLook();
  EXPECT_EQ(registry_->List()[0].state, DisplayState::kReady);
  beta_->TurnOff();
  AwaitState(*registry_, "beta", DisplayState::kPlaneOff);
  alpha_->HangUp();
  AwaitState(*registry_, "alpha", DisplayState::kUnavailable);
}

TEST_F(RegistryTest, AnEncoderThatBlocksHoldsUpNobodyElse) {
  limits_.worker_threads = 1;
  controls_->Block();
  StartReady();
  const ViewerPtr stuck = Open("alpha", {.encoding = encoder::Encoding::kH264});
  controls_->AwaitBlockedEncode();
  // Another joins its lane, one leaves and comes back, others are shown.
  const ViewerPtr joiner =
      Open("alpha", {.encoding = encoder::Encoding::kH264});
  joiner->Await([](const Seen& seen) { return seen.format.has_value(); });
  stuck->handle()->Leave();
  joiner->handle()->Leave();
  const ViewerPtr again = Open("alpha", {.encoding = encoder::Encoding::kH264});
  again->Await([](const Seen& seen) { return seen.format.has_value(); });
  EXPECT_TRUE(TakeSnapshot("alpha").get().ok());
  EXPECT_EQ(registry_->List()[0].viewer_count, 1u);
  EXPECT_EQ(controls_->made, 1) << "one encoder beside another";
  controls_->Unblock();
  again->AwaitPicture(alpha_->picture());
}

TEST_F(RegistryTest, SlowEncodersOfOneDisplayLeaveThreadsToTheOthers) {
  limits_.worker_threads = 1;
  StartReady();
  controls_->Block();
  for (const encoder::Quality quality :
       {encoder::Quality::kLow, encoder::Quality::kMedium,
        encoder::Quality::kHigh}) {
    Open("alpha", {.encoding = encoder::Encoding::kH264, .quality = quality});
  }
  controls_->AwaitBlockedEncodes(3);
  controls_->LetThroughFromNowOn();
  const ViewerPtr other = Open("beta");
  beta_->Fill({0, 0, 5, 5}, 0xFFABCDEF);
  EXPECT_TRUE(other->AwaitPicture(beta_->picture()).exact);
  controls_->Unblock();
}

TEST_F(RegistryTest, SnapshotsThatWaitAreBoundedAndEndWithTheDevice) {
  tuning_.snapshots_per_display = 2;
  StartReady();
  alpha_->BlockScans();
  std::future<Snapshot> first = TakeSnapshot("alpha");
  alpha_->AwaitScansBegun(2);
  std::future<Snapshot> second = TakeSnapshot("alpha");
  EXPECT_TRUE(absl::IsResourceExhausted(TakeSnapshot("alpha").get().status()));
  alpha_->HangUp();
  EXPECT_TRUE(absl::IsUnavailable(first.get().status()));
  EXPECT_TRUE(absl::IsUnavailable(second.get().status()));
}

TEST_F(RegistryTest, APlaneThatCannotBeReadIsShownWithItsReason) {
  StartReady();
  const ViewerPtr viewer = Open("alpha");
  viewer->AwaitPicture(alpha_->picture());
  alpha_->FailScans(absl::InvalidArgumentError("format YUYV is unknown"));
  const Seen seen = viewer->Await(
      [](const Seen& now) { return now.format && !now.format->plane.on; });
  EXPECT_EQ(seen.format->state_reason, "format YUYV is unknown");
  const DisplayStatus status =
      AwaitState(*registry_, "alpha", DisplayState::kPlaneOff);
  EXPECT_EQ(status.state_reason, "format YUYV is unknown");
  alpha_->FailScans(absl::OkStatus());
  alpha_->Fill({0, 0, 5, 5}, 0xFFABCDEF);
  EXPECT_TRUE(viewer->AwaitPicture(alpha_->picture()).exact);
}

TEST_F(RegistryTest, StopEndsEverythingAndLaterCallsFail) {
  StartReady();
  std::vector<ViewerPtr> viewers;
  for (int i = 0; i < 8; ++i) {
    viewers.push_back(Open(i % 2 == 0 ? "alpha" : "beta",
                           {.encoding = i < 4 ? encoder::Encoding::kLossless
                                              : encoder::Encoding::kH264,
                            .acknowledges = i % 3 == 0}));
  }
  viewers[0]->Hold();
  alpha_->Fill({0, 0, 64, 48}, 0xFF112233);
  std::future<Snapshot> snapshot = TakeSnapshot("beta");
  registry_->Stop();
  for (const ViewerPtr& viewer : viewers) {
    const Seen seen = viewer->seen();
    ASSERT_TRUE(seen.closed.has_value());
    EXPECT_EQ(*seen.closed, absl::UnavailableError("the daemon stops"));
    EXPECT_TRUE(seen.violations.empty());
  }
  snapshot.get().IgnoreError();
  EXPECT_TRUE(absl::IsUnavailable(OpenError("alpha")));
  EXPECT_TRUE(absl::IsUnavailable(TakeSnapshot("alpha").get().status()));
  EXPECT_EQ(alpha_->open_sources() + beta_->open_sources(), 0);
}

TEST_F(RegistryTest, ATransportMayOutliveTheRegistry) {
  StartReady();
  const ViewerPtr viewer = Open("alpha");
  registry_.reset();
  viewer->handle()->OnWritten();
  EXPECT_TRUE(viewer->handle()->Control({.resync = true}).ok());
  viewer->handle()->Leave();
}

TEST_F(RegistryTest, AWokenDisplayIsLookedAtAgain) {
  alpha_->SetPace(std::chrono::hours(1));
  StartReady();
  const ViewerPtr viewer = Open("alpha");
  viewer->AwaitPicture(alpha_->picture());
  alpha_->Fill({1, 2, 3, 4}, 0xFF123456);
  registry_->Wake("nobody");
  registry_->Wake("alpha");
  viewer->AwaitPicture(alpha_->picture());
}

}  // namespace
}  // namespace oriel::session
