#include "clients/viewer/feed.h"

#include <atomic>
#include <future>
#include <string>

#include "clients/lib/fake_orield.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace oriel::clients {
namespace {

using AttachStream = FakeOrield::AttachStream;

// A window without a window: waits until its screen shows what a test wants.
class FakeWindow {
 public:
  FakeWindow() : screen_([this] { Wake(); }) {}

  Screen& screen() { return screen_; }

  // Blocks; the picture's first byte (blue) stands in `blue`.
  Screen::Taken WaitFor(const std::function<bool(const Screen::Taken&)>& done) {
    for (;;) {
      {
        MutexLock lock(mutex_);
        while (!woken_) changed_.Wait(mutex_);
        woken_ = false;
      }
      const auto taken =
          screen_.Take([this](const Screen::Taken&, const PictureView& view,
                              const Rect&) { blue = *view.At(0, 0); });
      if (done(taken)) return taken;
    }
  }

  int blue = -1;

 private:
  void Wake() {
    MutexLock lock(mutex_);
    woken_ = true;
    changed_.NotifyAll();
  }

  Mutex mutex_;
  CondVar changed_;
  bool woken_ ABSL_GUARDED_BY(mutex_) = false;
  Screen screen_;
};

class FeedTest : public ::testing::Test {
 protected:
  FeedTest() { server_.displays.push_back(ReadyDisplay("vm7")); }

  FeedOptions Options() const { return {.server = server_.address()}; }

  FakeOrield server_;
  FakeWindow window_;
};

TEST_F(FeedTest, ShowsWhatTheServerSendsAndItsState) {
  server_.attach = [](const v1::StreamFramesRequest& open, AttachStream* stream,
                      grpc::ServerContext*) {
    EXPECT_EQ(open.display(), "vm7");
    stream->Write(OpenedEvent(1 << 20));
    const auto format = FormatEvent(1, 8, 8);
    stream->Write(format);
    stream->Write(FillEvent(format.format(), 1, 0, 0x000042));
    return WaitForHangUp(stream);
  };
  const Feed feed(Options(), window_.screen());
  const auto taken = window_.WaitFor(
      [](const Screen::Taken& now) { return now.status.exact; });
  EXPECT_TRUE(taken.status.live);
  EXPECT_EQ(taken.status.message, "");
  EXPECT_EQ(taken.status.summary, "");
  EXPECT_EQ(taken.status.display, "vm7");
  EXPECT_EQ(taken.size, (Size{8, 8}));
  EXPECT_EQ(window_.blue, 0x42);
}

TEST_F(FeedTest, BeforeTheFirstUpdateThereIsNoPictureAndItSaysSo) {
  std::promise<void> seen;
  server_.attach = [&](const v1::StreamFramesRequest&, AttachStream* stream,
                       grpc::ServerContext*) {
    stream->Write(OpenedEvent(1 << 20));
    const auto format = FormatEvent(1, 8, 8);
    stream->Write(format);
    seen.get_future().wait();
    stream->Write(FillEvent(format.format(), 1, 0, 7));
    return WaitForHangUp(stream);
  };
  const Feed feed(Options(), window_.screen());
  const auto waiting = window_.WaitFor([](const Screen::Taken& now) {
    return now.size == Size{8, 8};
  });
  EXPECT_FALSE(waiting.status.live);
  window_.WaitFor([](const Screen::Taken& now) {
    EXPECT_FALSE(now.status.live);
    return now.status.summary == "waiting" &&
           now.status.message == "waiting for the first picture";
  });
  seen.set_value();
  window_.WaitFor([](const Screen::Taken& now) { return now.status.live; });
}

TEST_F(FeedTest, APictureInPartsIsShownAndSaysThatTheRestComes) {
  std::promise<void> half_seen;
  server_.attach = [&](const v1::StreamFramesRequest&, AttachStream* stream,
                       grpc::ServerContext*) {
    stream->Write(OpenedEvent(1 << 20));
    const auto format = FormatEvent(1, 8, 8);
    stream->Write(format);
    auto band = FillEvent(format.format(), 1, 0, 7);
    band.mutable_update()->set_exact(false);
    band.mutable_update()->set_more_follows(true);
    band.mutable_update()->mutable_patches(0)->mutable_rect()->set_height_px(4);
    stream->Write(band);
    half_seen.get_future().wait();
    band.mutable_update()->mutable_patches(0)->mutable_rect()->set_y_px(4);
    band.mutable_update()->set_sequence(2);
    band.mutable_update()->set_more_follows(false);
    stream->Write(band);
    return WaitForHangUp(stream);
  };
  const Feed feed(Options(), window_.screen());
  window_.WaitFor([](const Screen::Taken& now) {
    return now.status.live &&
           now.status.message == "the rest of the picture is on its way";
  });
  half_seen.set_value();
  window_.WaitFor([](const Screen::Taken& now) {
    return now.status.live && now.status.message.empty();
  });
}

TEST_F(FeedTest, HandsThePointerOnAndForgetsItWithTheStream) {
  std::promise<void> seen;
  std::atomic<int> streams = 0;
  server_.attach = [&](const v1::StreamFramesRequest&, AttachStream* stream,
                       grpc::ServerContext*) {
    stream->Write(OpenedEvent(1 << 20));
    stream->Write(FormatEvent(1, 8, 8));
    if (++streams > 1) return WaitForHangUp(stream);
    v1::StreamFramesResponse event;
    event.mutable_cursor()->set_visible(true);
    event.mutable_cursor()->set_x_px(-2);
    event.mutable_cursor()->set_width_px(1);
    event.mutable_cursor()->set_height_px(1);
    event.set_payload("abcd");
    stream->Write(event);
    seen.get_future().wait();
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "gone");
  };
  const Feed feed(Options(), window_.screen());
  const auto taken = window_.WaitFor(
      [](const Screen::Taken& now) { return now.pointer.visible(); });
  EXPECT_EQ(taken.pointer.at().x_px, -2);
  ASSERT_NE(taken.pointer.shape(), nullptr);
  EXPECT_EQ(taken.pointer.shape()->size(), (Size{1, 1}));
  seen.set_value();
  window_.WaitFor(
      [](const Screen::Taken& now) { return !now.pointer.visible(); });
}

TEST_F(FeedTest, WaitsForTheRestOfAnUpdate) {
  server_.attach = [](const v1::StreamFramesRequest&, AttachStream* stream,
                      grpc::ServerContext*) {
    stream->Write(OpenedEvent(1 << 20));
    const auto format = FormatEvent(1, 8, 8);
    stream->Write(format);
    auto event = FillEvent(format.format(), 1, 0, 1);
    event.mutable_update()->set_exact(false);
    stream->Write(event);
    event = FillEvent(format.format(), 2, 1, 2);
    event.mutable_update()->set_exact(false);
    event.mutable_update()->set_more_follows(true);
    stream->Write(event);
    stream->Write(FillEvent(format.format(), 3, 2, 3));
    return WaitForHangUp(stream);
  };
  const Feed feed(Options(), window_.screen());
  window_.WaitFor([this](const Screen::Taken& now) {
    EXPECT_NE(window_.blue, 2) << "half an update was shown";
    return now.status.exact;
  });
  EXPECT_EQ(window_.blue, 3);
}

TEST_F(FeedTest, SaysThatThePlaneIsOff) {
  server_.attach = [](const v1::StreamFramesRequest&, AttachStream* stream,
                      grpc::ServerContext*) {
    stream->Write(OpenedEvent(1 << 20));
    auto format = FormatEvent(1, 0, 0);
    format.mutable_format()->set_state_reason("no driver yet");
    stream->Write(format);
    return WaitForHangUp(stream);
  };
  const Feed feed(Options(), window_.screen());
  const auto taken = window_.WaitFor([](const Screen::Taken& now) {
    return now.status.message.find("off") != std::string::npos;
  });
  EXPECT_FALSE(taken.status.live);
  EXPECT_EQ(taken.status.summary, "off");
  EXPECT_THAT(taken.status.message, ::testing::HasSubstr("no driver yet"));
}

TEST_F(FeedTest, ComesBackAfterTheDeviceWasAway) {
  std::atomic<int> calls = 0;
  server_.attach = [&](const v1::StreamFramesRequest&, AttachStream* stream,
                       grpc::ServerContext*) {
    // A second display must not make the choice of the first doubtful.
    if (++calls == 1) {
      server_.displays.push_back(ReadyDisplay("vm8"));
      return grpc::Status(grpc::StatusCode::UNAVAILABLE, "the device has gone");
    }
    if (calls == 2) {
      return grpc::Status(grpc::StatusCode::NOT_FOUND, "no such display");
    }
    stream->Write(OpenedEvent(1 << 20));
    const auto format = FormatEvent(1, 8, 8);
    stream->Write(format);
    stream->Write(FillEvent(format.format(), 1, 0, 7));
    return WaitForHangUp(stream);
  };
  const Feed feed(Options(), window_.screen());
  window_.WaitFor([](const Screen::Taken& now) {
    return now.status.message.rfind("the device has gone", 0) == 0;
  });
  window_.WaitFor([](const Screen::Taken& now) { return now.status.exact; });
  EXPECT_EQ(window_.blue, 7);
  EXPECT_EQ(calls, 3);
}

TEST_F(FeedTest, WhatTheServerRefusesIsNotTriedAgain) {
  server_.attach = [](const v1::StreamFramesRequest&, AttachStream*,
                      grpc::ServerContext*) {
    return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "no vp9 here");
  };
  Feed feed(Options(), window_.screen());
  const auto taken =
      window_.WaitFor([](const Screen::Taken& now) { return now.status.over; });
  EXPECT_EQ(taken.status.message, "no vp9 here");
  EXPECT_EQ(feed.failure(), absl::InvalidArgumentError("no vp9 here"));
}

TEST_F(FeedTest, SeveralDisplaysAndNoneNamedIsFinal) {
  server_.displays.push_back(ReadyDisplay("vm8"));
  Feed feed(Options(), window_.screen());
  window_.WaitFor([](const Screen::Taken& now) { return now.status.over; });
  EXPECT_THAT(std::string(feed.failure().message()),
              ::testing::HasSubstr("vm7, vm8"));
}

TEST_F(FeedTest, AnAddressWhereNobodyIsIsNamed) {
  server_.Stop();
  const Feed feed(Options(), window_.screen());
  window_.WaitFor([](const Screen::Taken& now) {
    return now.status.message.find("cannot reach orield") != std::string::npos;
  });
}

TEST_F(FeedTest, ABrokenRuleEndsTheStream) {
  server_.attach = [](const v1::StreamFramesRequest&, AttachStream* stream,
                      grpc::ServerContext*) {
    stream->Write(OpenedEvent(1 << 20));
    const auto format = FormatEvent(1, 8, 8);
    stream->Write(format);
    auto outside = FillEvent(format.format(), 1, 0, 7);
    outside.mutable_update()->mutable_patches(0)->mutable_rect()->set_y_px(5);
    stream->Write(outside);
    return WaitForHangUp(stream);
  };
  const Feed feed(Options(), window_.screen());
  window_.WaitFor([](const Screen::Taken& now) {
    return now.status.message.find("rules") != std::string::npos;
  });
}

TEST_F(FeedTest, EndsWhileItReads) {
  std::promise<void> attached;
  server_.attach = [&](const v1::StreamFramesRequest&, AttachStream* stream,
                       grpc::ServerContext*) {
    attached.set_value();
    return WaitForHangUp(stream);
  };
  const Feed feed(Options(), window_.screen());
  attached.get_future().wait();
}

TEST_F(FeedTest, EndsWhileItConnects) {
  server_.attach = [](const v1::StreamFramesRequest&, AttachStream* stream,
                      grpc::ServerContext*) { return WaitForHangUp(stream); };
  const Feed feed(Options(), window_.screen());
}

}  // namespace
}  // namespace oriel::clients
