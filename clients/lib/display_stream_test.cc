#include "clients/lib/display_stream.h"

#include <future>
#include <string>
#include <thread>
#include <vector>

#include "clients/lib/fake_orield.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace oriel::clients {
namespace {

using ::testing::HasSubstr;

// Longer than any of these tests runs; a limit, never waited for in full.
Time Far() { return Clock::now() + std::chrono::minutes(5); }

class DisplayStreamTest : public ::testing::Test {
 protected:
  void SetUp() override {
    server_.displays.push_back(ReadyDisplay("d"));
    auto connection = Connection::Open(server_.address());
    ASSERT_TRUE(connection.ok()) << connection.status();
    connection_ = *std::move(connection);
  }

  std::unique_ptr<DisplayStream> Start(const std::string& display = "d") {
    v1::StreamFramesRequest request;
    request.set_display(display);
    request.set_encoding(v1::ENCODING_LOSSLESS);
    return DisplayStream::Start(*connection_, request);
  }

  FakeOrield server_;
  std::unique_ptr<Connection> connection_;
};

TEST_F(DisplayStreamTest, GivesEventsInOrderAndHidesHeartbeats) {
  server_.attach = [](const v1::StreamFramesRequest& open,
                      FakeOrield::AttachStream* stream, grpc::ServerContext*) {
    EXPECT_EQ(open.display(), "d");
    EXPECT_EQ(open.encoding(), v1::ENCODING_LOSSLESS);
    stream->Write(OpenedEvent(1 << 20));
    v1::StreamFramesResponse heartbeat;
    heartbeat.mutable_heartbeat();
    stream->Write(heartbeat);
    const auto format = FormatEvent(1, 8, 8);
    stream->Write(format);
    stream->Write(heartbeat);
    stream->Write(FillEvent(format.format(), 1, 0, 0x112233));
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "the device has gone");
  };
  const auto stream = Start();
  const auto opened = stream->Next(Far());
  ASSERT_TRUE(opened.ok() && opened->has_value()) << opened.status();
  EXPECT_TRUE((*opened)->has_opened());
  const auto format = stream->Next(Far());
  ASSERT_TRUE(format.ok() && format->has_value());
  EXPECT_TRUE((*format)->has_format());
  const auto update = stream->Next(Far());
  ASSERT_TRUE(update.ok() && update->has_value());
  EXPECT_EQ((*update)->update().sequence(), 1u);
  for (int i = 0; i < 2; ++i) {
    const auto end = stream->Next(Far());
    EXPECT_EQ(end.status().code(), absl::StatusCode::kUnavailable);
    EXPECT_EQ(std::string(end.status().message()), "the device has gone");
  }
}

TEST_F(DisplayStreamTest, ReturnsNothingAtTheDeadline) {
  server_.attach = [](const v1::StreamFramesRequest&,
                      FakeOrield::AttachStream* stream,
                      grpc::ServerContext*) { return WaitForHangUp(stream); };
  const auto stream = Start();
  const auto nothing =
      stream->Next(Clock::now() + std::chrono::milliseconds(10));
  ASSERT_TRUE(nothing.ok()) << nothing.status();
  EXPECT_FALSE(nothing->has_value());
}

TEST_F(DisplayStreamTest, AcknowledgesCumulativelyAfterAWhile) {
  std::promise<uint64_t> acknowledged;
  server_.attach = [&](const v1::StreamFramesRequest&,
                       FakeOrield::AttachStream* stream, grpc::ServerContext*) {
    stream->Write(OpenedEvent(1 << 20));
    const auto format = FormatEvent(1, 8, 8);
    stream->Write(format);
    for (uint64_t sequence = 1; sequence <= 3; ++sequence) {
      stream->Write(FillEvent(format.format(), sequence, sequence - 1, 0));
    }
    v1::AttachDisplayRequest request;
    acknowledged.set_value(
        stream->Read(&request) ? request.control().applied_sequence() : 0);
    return grpc::Status(grpc::StatusCode::ABORTED, "done");
  };
  const auto stream = Start();
  for (;;) {
    const auto event = stream->Next(Far());
    if (!event.ok()) break;
    if ((*event)->has_update()) stream->Applied((*event)->update().sequence());
  }
  EXPECT_EQ(acknowledged.get_future().get(), 3u);
}

TEST_F(DisplayStreamTest, AcknowledgesAtOnceWhatBringsItUpToDate) {
  std::vector<v1::ViewerControl> controls;
  std::promise<void> done;
  std::promise<void> looked;
  server_.attach = [&](const v1::StreamFramesRequest&,
                       FakeOrield::AttachStream* stream, grpc::ServerContext*) {
    stream->Write(OpenedEvent(1 << 20));
    const auto format = FormatEvent(1, 8, 8);
    stream->Write(format);
    auto band = FillEvent(format.format(), 7, 0, 0);
    band.mutable_update()->set_more_follows(true);
    v1::AttachDisplayRequest request;
    for (int i = 0; i < 2; ++i) {
      stream->Write(band);
      if (stream->Read(&request)) controls.push_back(request.control());
    }
    done.set_value();
    // Its end would be news for the client.
    looked.get_future().wait();
    return grpc::Status(grpc::StatusCode::ABORTED, "done");
  };
  const auto stream = Start();
  for (int i = 0; i < 4; ++i) {
    const auto event = stream->Next(Far());
    EXPECT_TRUE(event.ok()) << event.status();
    if (!event.ok()) break;
    if ((*event)->has_update()) stream->Applied((*event)->update().sequence());
    // A deadline that has passed: no time can be the reason to send.
    if (i == 3) {
      EXPECT_TRUE(stream->Next(Clock::now()).ok());
    }
  }
  looked.set_value();
  done.get_future().wait();
  ASSERT_EQ(controls.size(), 2u);
  for (uint64_t i = 0; i < 2; ++i) {
    EXPECT_EQ(controls[i].applied_sequence(), 7u);
    EXPECT_EQ(controls[i].received_update_count(), i + 1);
  }
}

TEST_F(DisplayStreamTest, AcknowledgesAtHalfTheWindow) {
  std::promise<uint64_t> acknowledged;
  server_.attach = [&](const v1::StreamFramesRequest&,
                       FakeOrield::AttachStream* stream, grpc::ServerContext*) {
    stream->Write(OpenedEvent(1000));
    auto event = FillEvent(FormatEvent(1, 8, 8).format(), 1, 0, 0);
    event.set_payload(std::string(500, 'x'));
    stream->Write(event);
    v1::AttachDisplayRequest request;
    acknowledged.set_value(
        stream->Read(&request) ? request.control().applied_sequence() : 0);
    return WaitForHangUp(stream);
  };
  const auto stream = Start();
  ASSERT_TRUE(stream->Next(Far()).ok());
  const auto update = stream->Next(Far());
  ASSERT_TRUE(update.ok());
  stream->Applied((*update)->update().sequence());
  // A deadline that has passed: only the window can be the reason to send.
  ASSERT_TRUE(stream->Next(Clock::now()).ok());
  EXPECT_EQ(acknowledged.get_future().get(), 1u);
}

TEST_F(DisplayStreamTest, MergesRequestsThatWait) {
  std::promise<void> resync_seen;
  std::promise<void> keyframes_seen;
  server_.attach = [&](const v1::StreamFramesRequest&,
                       FakeOrield::AttachStream* stream, grpc::ServerContext*) {
    v1::AttachDisplayRequest request;
    bool resync = false;
    bool stream_4 = false;
    bool stream_5 = false;
    while (!(resync && stream_4 && stream_5) && stream->Read(&request)) {
      resync |= request.control().resync();
      for (const uint32_t id : request.control().keyframe_streams()) {
        stream_4 |= id == 4;
        stream_5 |= id == 5;
      }
    }
    EXPECT_TRUE(resync);
    EXPECT_TRUE(stream_4);
    EXPECT_TRUE(stream_5);
    return grpc::Status(grpc::StatusCode::ABORTED, "seen");
  };
  const auto stream = Start();
  stream->RequestResync();
  stream->RequestKeyframe(4);
  stream->RequestKeyframe(5);
  stream->RequestKeyframe(4);
  const auto end = stream->Next(Far());
  EXPECT_EQ(end.status().code(), absl::StatusCode::kAborted);
}

TEST_F(DisplayStreamTest, CancelFromAnotherThreadEndsNext) {
  std::promise<void> attached;
  std::promise<void> hung_up;
  server_.attach = [&](const v1::StreamFramesRequest&,
                       FakeOrield::AttachStream* stream,
                       grpc::ServerContext* context) {
    attached.set_value();
    WaitForHangUp(stream);
    EXPECT_TRUE(context->IsCancelled());
    hung_up.set_value();
    return grpc::Status::CANCELLED;
  };
  const auto stream = Start();
  std::thread canceller([&] {
    attached.get_future().wait();
    stream->Cancel();
  });
  EXPECT_EQ(stream->Next(Far()).status().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(stream->Next(Far()).status().code(), absl::StatusCode::kCancelled);
  canceller.join();
  hung_up.get_future().wait();
}

TEST_F(DisplayStreamTest, DroppingAStreamWithAnUnreadEventHangsUp) {
  std::promise<void> hung_up;
  server_.attach = [&](const v1::StreamFramesRequest&,
                       FakeOrield::AttachStream* stream, grpc::ServerContext*) {
    stream->Write(OpenedEvent(1 << 20));
    stream->Write(FormatEvent(1, 8, 8));
    stream->Write(FormatEvent(2, 8, 8));
    WaitForHangUp(stream);
    hung_up.set_value();
    return grpc::Status::CANCELLED;
  };
  auto stream = Start();
  ASSERT_TRUE(stream->Next(Far()).ok());
  stream.reset();
  hung_up.get_future().wait();
}

TEST_F(DisplayStreamTest, AServerThatEndsWithoutAReasonIsUnavailable) {
  server_.attach = [](const v1::StreamFramesRequest&, FakeOrield::AttachStream*,
                      grpc::ServerContext*) { return grpc::Status::OK; };
  const auto end = Start()->Next(Far());
  EXPECT_EQ(end.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(end.status().message()), HasSubstr("ended"));
}

TEST_F(DisplayStreamTest, ASilentServerIsGivenUp) {
  server_.attach = [](const v1::StreamFramesRequest&,
                      FakeOrield::AttachStream* stream, grpc::ServerContext*) {
    stream->Write(OpenedEvent(1 << 20, 1));
    return WaitForHangUp(stream);
  };
  const auto stream = Start();
  ASSERT_TRUE(stream->Next(Far()).ok());
  const auto end = stream->Next(Far());
  EXPECT_EQ(end.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(end.status().message()), HasSubstr("nothing came"));
  EXPECT_THAT(std::string(end.status().message()),
              HasSubstr("the device of display d to tell its plane"));
}

TEST_F(DisplayStreamTest, ASlowFirstPictureIsWaitedForAndSaid) {
  std::promise<void> told;
  server_.attach = [&](const v1::StreamFramesRequest&,
                       FakeOrield::AttachStream* stream, grpc::ServerContext*) {
    auto opened = OpenedEvent(1 << 20, 1000);
    opened.mutable_opened()->clear_encoder();
    stream->Write(opened);
    v1::StreamFramesResponse encoder;
    encoder.mutable_encoder()->set_encoder("a slow one");
    stream->Write(encoder);
    const auto format = FormatEvent(1, 8, 8);
    stream->Write(format);
    // Heartbeats for longer than a silence may last.
    const std::future<void> enough = told.get_future();
    while (enough.wait_for(std::chrono::milliseconds(200)) !=
           std::future_status::ready) {
      v1::StreamFramesResponse heartbeat;
      heartbeat.mutable_heartbeat();
      stream->Write(heartbeat);
    }
    stream->Write(FillEvent(format.format(), 1, 0, 0x112233));
    return WaitForHangUp(stream);
  };
  const auto stream = Start();
  std::vector<std::string> waited_for;
  stream->OnWaiting([&](const std::string& what) {
    if (waited_for.empty()) told.set_value();
    waited_for.push_back(what);
  });
  absl::StatusOr<std::optional<v1::StreamFramesResponse>> event;
  do {
    event = stream->Next(Far());
    ASSERT_TRUE(event.ok()) << event.status();
  } while (!(*event)->has_update());
  EXPECT_THAT(waited_for, ::testing::ElementsAre(
                              "the first picture of display d, which a slow "
                              "one encodes"));
}

TEST_F(DisplayStreamTest, AServerThatStopsEndsTheStream) {
  std::promise<void> attached;
  server_.attach = [&](const v1::StreamFramesRequest&,
                       FakeOrield::AttachStream* stream, grpc::ServerContext*) {
    attached.set_value();
    return WaitForHangUp(stream);
  };
  const auto stream = Start();
  attached.get_future().wait();
  std::thread stopper([&] { server_.Stop(); });
  const auto end = stream->Next(Far());
  stopper.join();
  EXPECT_FALSE(end.ok());
  EXPECT_NE(end.status().code(), absl::StatusCode::kNotFound);
}

TEST_F(DisplayStreamTest, AnUnknownDisplayIsNotFound) {
  const auto end = Start("nope")->Next(Far());
  EXPECT_EQ(end.status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace oriel::clients
