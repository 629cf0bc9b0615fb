#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/picture/rect.h"
#include "capture/display/fake_frame_source.h"
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

using std::chrono::milliseconds;

Tuning SmallTuning() {
  Tuning tuning;
  tuning.viewer = {.queued_messages = 2,
                   .queued_bytes = 8 * 1024,
                   .window_bytes = 24 * 1024,
                   .window_messages = 6};
  tuning.heartbeat_interval = milliseconds(20);
  tuning.keyframe_interval = milliseconds(5);
  tuning.catch_up_bytes = 4 * 1024;
  tuning.catch_up_rows_px = 32;
  tuning.first_attach_pause = milliseconds(1);
  tuning.longest_attach_pause = milliseconds(2);
  tuning.unreadable_retry = milliseconds(2);
  return tuning;
}

// Viewers that come, go, stall, pause and lose their place while the screen
// changes; the choice of what happens has a fixed seed, the threads have none.
class Turmoil {
 public:
  explicit Turmoil(uint32_t seed)
      : random_(seed),
        screen_(std::make_shared<capture::FakeScreen>(Size{150, 100})),
        controls_(std::make_shared<TestEncoderControls>()) {
    controls_->max_payload_bytes = 6 * 1024;
    DisplayOptions options;
    options.name = "screen";
    options.max_rate_hz = 1000;
    options.open = [screen = screen_] { return screen->Open(); };
    registry_ = CreateRegistry({options}, {.worker_threads = 3}, &wire_,
                               MakeTestEncoders(controls_), SmallTuning());
    AwaitState(*registry_, "screen", DisplayState::kReady);
  }

  ~Turmoil() { registry_->Stop(); }

  void Run(int steps) {
    while (viewers_.size() < 3) Join();
    for (int i = 0; i < steps; ++i) Step();
  }

  // After the last change everybody shows the plane.
  void Settle() {
    screen_->FailScans(absl::OkStatus());
    screen_->TurnOn();
    controls_->fail = false;
    controls_->fail_intra = false;
    for (const auto& viewer : viewers_) {
      viewer->Release();
      viewer->SetPaused(false);
    }
    Draw();
    const Picture picture = screen_->picture();
    for (const auto& viewer : viewers_) {
      const TestViewer::Seen seen = viewer->AwaitPicture(picture);
      if (seen.opened->encoding == encoder::Encoding::kLossless) {
        viewer->Await([](const TestViewer::Seen& now) { return now.exact; });
      }
    }
  }

  std::vector<std::string> Violations() const {
    std::vector<std::string> all = violations_;
    for (const auto& viewer : viewers_) {
      for (const auto& one : viewer->seen().violations) all.push_back(one);
    }
    return all;
  }

 private:
  int Below(int count) { return static_cast<int>(random_() % count); }

  void Step() {
    TestViewer& viewer = *viewers_[Below(static_cast<int>(viewers_.size()))];
    switch (Below(20)) {
      case 0:
        if (viewers_.size() < 10) Join();
        break;
      case 1:
        if (viewers_.size() > 3) Leave();
        break;
      case 2:
        ASSERT_TRUE(viewer.handle()->Control({.resync = true}).ok());
        break;
      case 3:
        viewer.SetPaused(true);
        break;
      case 4:
      case 5:
        viewer.SetPaused(false);
        break;
      case 6:
        viewer.Hold();
        break;
      case 7:
      case 8:
        viewer.Release();
        break;
      case 9:
        ChangePlane();
        break;
      case 10:
        ASSERT_TRUE(viewer.handle()->Control({.keyframe_streams = {0}}).ok());
        break;
      case 11:
        controls_->fail = Below(3) == 0;
        controls_->fail_intra = Below(3) == 0;
        break;
      case 12:
      case 13:
        screen_->AwaitFreshScan();
        break;
      default:
        Draw();
    }
  }

  void Join() {
    auto viewer = std::make_shared<TestViewer>(/*acknowledges=*/Below(2) == 0);
    ViewerOptions options;
    options.acknowledges = viewer->acknowledges();
    options.encoding =
        Below(3) == 0 ? encoder::Encoding::kH264 : encoder::Encoding::kLossless;
    const auto opened = registry_->OpenViewer("screen", options, viewer);
    ASSERT_TRUE(opened.ok()) << opened.status();
    viewer->Connect(*opened);
    viewers_.push_back(viewer);
  }

  void Leave() {
    const int which = Below(static_cast<int>(viewers_.size()));
    viewers_[which]->handle()->Leave();
    for (const auto& one : viewers_[which]->seen().violations) {
      violations_.push_back(one);
    }
    viewers_.erase(viewers_.begin() + which);
  }

  void ChangePlane() {
    switch (Below(6)) {
      case 0:
        screen_->SetMode({40 + Below(160), 20 + Below(120)});
        break;
      case 1:
        screen_->TurnOff();
        break;
      case 2:
        screen_->FailScans(absl::InvalidArgumentError("no such format"));
        break;
      default:
        screen_->FailScans(absl::OkStatus());
        screen_->TurnOn();
    }
  }

  void Draw() {
    const Size size = screen_->picture().size();
    for (int i = Below(3); i >= 0; --i) {
      screen_->Fill({Below(size.width_px), Below(size.height_px),
                     1 + Below(size.width_px), 1 + Below(40)},
                    0xFF000000u | static_cast<uint32_t>(random_()));
    }
  }

  std::mt19937 random_;
  const std::shared_ptr<capture::FakeScreen> screen_;
  const std::shared_ptr<TestEncoderControls> controls_;
  const TestWire wire_;
  std::unique_ptr<DisplayRegistry> registry_;
  std::vector<std::shared_ptr<TestViewer>> viewers_;
  std::vector<std::string> violations_;  // of viewers that left
};

TEST(ConvergenceTest, AfterTheLastChangeEveryViewerShowsThePlane) {
  constexpr uint32_t kSeed = 20260;
  Turmoil turmoil(kSeed);
  for (int round = 0; round < 20; ++round) {
    turmoil.Run(/*steps=*/150);
    turmoil.Settle();
    const std::vector<std::string> violations = turmoil.Violations();
    ASSERT_TRUE(violations.empty())
        << violations.size() << " in round " << round
        << ", the first: " << violations.front();
  }
}

}  // namespace
}  // namespace oriel::session
