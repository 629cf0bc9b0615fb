// The whole way from a device's bytes to a client's picture, but for gRPC:
// viewers that join, stall, pause and leave while a guest draws what is sent as
// fills, copies, patches and video, in every format. Afterwards each shows the
// plane byte for byte, and none has lost its place.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libdrm/drm_fourcc.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "service/session/display_registry.h"
#include "service/wire/grpc_wire_encoder.h"
#include "tests/exactness/guest_screen.h"
#include "tests/exactness/wire_viewer.h"

namespace oriel::exactness {
namespace {

using std::chrono::milliseconds;

constexpr uint32_t kSeed = 20261124;
// Generous: the machine may be busy; the goal of two seconds is the bench's.
constexpr std::chrono::seconds kPatience(60);

constexpr uint32_t kFormats[] = {
    DRM_FORMAT_XRGB8888, DRM_FORMAT_ARGB8888,    DRM_FORMAT_XBGR8888,
    DRM_FORMAT_ABGR8888, DRM_FORMAT_RGB888,      DRM_FORMAT_BGR888,
    DRM_FORMAT_RGB565,   DRM_FORMAT_XRGB2101010, DRM_FORMAT_XBGR2101010};

class Turmoil {
 public:
  explicit Turmoil(uint32_t fourcc) : fourcc_(fourcc), random_(kSeed + fourcc) {
    screen_.SetMode(fourcc, {600, 420}, 64);
    session::DisplayOptions options;
    options.name = "screen";
    options.max_rate_hz = 120;
    options.open = [this] { return screen_.Open(); };
    registry_ = session::DisplayRegistry::Create({options},
                                                 {.worker_threads = 2}, &wire_);
    const Time deadline = Clock::now() + kPatience;
    while (registry_->Get("screen")->state != session::DisplayState::kReady &&
           Clock::now() < deadline) {
      std::this_thread::sleep_for(milliseconds(2));
    }
  }
  ~Turmoil() { registry_->Stop(); }

  void Run(int events) {
    while (viewers_.size() < 3) Join();
    for (int i = 0; i < events; ++i) Event();
  }

  void Settle() {
    if (off_) SetMode();
    for (const auto& viewer : viewers_) {
      viewer->Hurry();
      viewer->SetPaused(false);
    }
    const Picture expected = screen_.Expected();
    const Time begun = Clock::now();
    for (const auto& viewer : viewers_) {
      while (viewer->picture() != expected ||
             (!screen_.converted() && !viewer->exact())) {
        ASSERT_LT(Clock::now() - begun, kPatience)
            << "a viewer does not show the plane, "
            << (viewer->exact() ? "and is called exact" : "and is not exact");
        std::this_thread::sleep_for(milliseconds(5));
      }
    }
    slowest_ = std::max(slowest_, Clock::now() - begun);
    for (const auto& viewer : viewers_) {
      EXPECT_EQ(viewer->violation(), "");
      EXPECT_EQ(viewer->resyncs(), 0);
      videos_ += viewer->video_patches();
      stills_ += viewer->stills();
    }
  }

  Duration slowest() const { return slowest_; }
  int videos() const { return videos_; }
  int stills() const { return stills_; }

 private:
  int Below(int count) { return static_cast<int>(random_() % unsigned(count)); }

  void Event() {
    switch (Below(16)) {
      case 0:
        if (viewers_.size() < 7) Join();
        break;
      case 1:
        if (viewers_.size() > 3) Leave();
        break;
      case 2:
        AnyViewer().SetPaused(true);
        break;
      case 3:
      case 4:
        for (const auto& viewer : viewers_) viewer->SetPaused(false);
        break;
      case 5:
        if (Below(3) == 0) SetMode();
        break;
      case 6:
        if (Below(4) == 0) {
          screen_.TurnOff();
          off_ = true;
        }
        break;
      case 7:
      case 8:
        Film();
        break;
      case 9:
      case 10:
      case 11:
        Scroll();
        break;
      default:
        screen_.DrawText(AnyRect(), random_());
        if (Below(2) == 0) screen_.DrawFill(AnyRect(), random_());
    }
    std::this_thread::sleep_for(milliseconds(Below(30)));
  }

  WireViewer& AnyViewer() {
    return *viewers_[size_t(Below(static_cast<int>(viewers_.size())))];
  }

  Rect AnyRect() {
    const Size size = screen_.size();
    const int x = Below(size.width_px);
    const int y = Below(size.height_px);
    return {x, y, 1 + Below(size.width_px - x), 1 + Below(size.height_px - y)};
  }

  void Join() {
    const bool acknowledges = Below(2) == 0;
    auto viewer = std::make_shared<WireViewer>(
        acknowledges, Below(3) == 0 ? 120 : 0,
        acknowledges && Below(2) == 0 ? 150'000 : 0, random_());
    const session::ViewerOptions options = {
        .encoding = Below(4) == 0 ? encoder::Encoding::kLossless
                                  : encoder::Encoding::kAdaptive,
        .acknowledges = viewer->acknowledges()};
    const auto opened = registry_->OpenViewer("screen", options, viewer);
    ASSERT_TRUE(opened.ok()) << opened.status();
    viewer->Connect(*opened);
    viewers_.push_back(std::move(viewer));
  }

  void Leave() {
    const size_t which = size_t(Below(static_cast<int>(viewers_.size())));
    viewers_[which]->Leave();
    stills_ += viewers_[which]->stills();
    EXPECT_EQ(viewers_[which]->violation(), "");
    viewers_.erase(viewers_.begin() + static_cast<ptrdiff_t>(which));
  }

  void SetMode() {
    screen_.SetMode(fourcc_, {300 + Below(400), 200 + Below(300)},
                    uint32_t(Below(4)) * 64);
    off_ = false;
  }

  // Long enough to become video.
  void Film() {
    const Rect rect = {Below(100), Below(60), 130 + Below(150),
                       110 + Below(90)};
    const int frames = 10 + Below(40);
    for (int i = 0; i < frames; ++i) {
      screen_.DrawNoise(rect, random_());
      if (Below(8) == 0) screen_.DrawText(AnyRect(), random_());
      if (Below(32) == 0 && viewers_.size() < 7) Join();
      std::this_thread::sleep_for(milliseconds(16));
    }
  }

  void Scroll() {
    const Rect rect = AnyRect();
    const int dx = Below(3) == 0 ? Below(40) - 20 : 0;
    for (int i = Below(6); i >= 0; --i) {
      screen_.Move(rect, dx, -1 - Below(24));
      std::this_thread::sleep_for(milliseconds(Below(20)));
    }
  }

  const uint32_t fourcc_;
  std::minstd_rand random_;
  GuestScreen screen_;
  const wire::GrpcWireEncoder wire_;
  std::unique_ptr<session::DisplayRegistry> registry_;
  std::vector<std::shared_ptr<WireViewer>> viewers_;
  bool off_ = false;
  Duration slowest_{};
  int videos_ = 0;
  int stills_ = 0;
};

TEST(ExactnessTest, AfterTheLastChangeEveryViewerShowsThePlane) {
  int videos = 0;
  int stills = 0;
  for (const uint32_t fourcc : kFormats) {
    SCOPED_TRACE("format " + std::to_string(fourcc) + ", seed " +
                 std::to_string(kSeed));
    Turmoil turmoil(fourcc);
    for (int round = 0; round < 2; ++round) {
      turmoil.Run(25);
      turmoil.Settle();
      if (HasFatalFailure()) return;
    }
    videos += turmoil.videos();
    stills += turmoil.stills();
    std::printf("format %08x: at rest after %.2f s at most, %d stills\n",
                fourcc,
                std::chrono::duration<double>(turmoil.slowest()).count(),
                turmoil.stills());
  }
  // Otherwise the half of it was not tested.
  EXPECT_GT(videos, 100);
  EXPECT_GT(stills, 5);
}

// Flips every pixel, alternates two pictures, changes its mode, draws what
// hashes badly, as fast as it can.
class HostileGuest {
 public:
  HostileGuest() : thread_([this] { Run(); }) {}
  ~HostileGuest() {
    stop_ = true;
    thread_.join();
  }
  GuestScreen& screen() { return screen_; }

 private:
  void Run() {
    for (uint32_t round = 0; !stop_; ++round) {
      const Rect all = Rect::Of(screen_.size());
      switch (round / 64 % 4) {
        case 0:
          screen_.DrawNoise(all, round);
          break;
        case 1:
          screen_.DrawText(all, round % 2);
          break;
        case 2:
          screen_.SetMode(DRM_FORMAT_XRGB8888, {640 - int32_t(round % 5), 480},
                          0);
          break;
        default:
          // The same stripes everywhere match at every distance.
          for (int32_t x = 0; x < all.width_px; x += 8)
            screen_.DrawFill({x, 0, 4, all.height_px}, round * 0x10101);
      }
    }
  }

  GuestScreen screen_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

TEST(ExactnessTest, AHostileGuestKeepsNoOtherDisplayFromBeingExact) {
  GuestScreen calm;
  calm.SetMode(DRM_FORMAT_XRGB8888, {640, 480}, 0);
  HostileGuest hostile;
  hostile.screen().SetMode(DRM_FORMAT_XRGB8888, {640, 480}, 0);
  session::DisplayOptions displays[2];
  displays[0].name = "calm";
  displays[0].open = [&] { return calm.Open(); };
  displays[1].name = "hostile";
  displays[1].open = [&] { return hostile.screen().Open(); };
  const wire::GrpcWireEncoder wire;
  const auto registry = session::DisplayRegistry::Create(
      {displays[0], displays[1]}, {.worker_threads = 2}, &wire);
  std::vector<std::shared_ptr<WireViewer>> viewers;
  for (const std::string name : {"calm", "hostile", "hostile"}) {
    const Time deadline = Clock::now() + kPatience;
    while (registry->Get(name)->state == session::DisplayState::kUnavailable &&
           Clock::now() < deadline) {
      std::this_thread::sleep_for(milliseconds(2));
    }
    viewers.push_back(std::make_shared<WireViewer>(true, 0, 0, kSeed));
    const auto opened = registry->OpenViewer(
        name, {.encoding = encoder::Encoding::kAdaptive, .acknowledges = true},
        viewers.back());
    ASSERT_TRUE(opened.ok()) << opened.status();
    viewers.back()->Connect(*opened);
  }
  for (uint32_t i = 0; i < 20; ++i) {
    calm.DrawText({20, 20, 500, 300}, i);
    const Picture expected = calm.Expected();
    const Time begun = Clock::now();
    while (viewers[0]->picture() != expected || !viewers[0]->exact()) {
      ASSERT_LT(Clock::now() - begun, kPatience) << "text " << i;
      std::this_thread::sleep_for(milliseconds(1));
    }
  }
  for (const auto& viewer : viewers) EXPECT_EQ(viewer->violation(), "");
  registry->Stop();
}

}  // namespace
}  // namespace oriel::exactness
