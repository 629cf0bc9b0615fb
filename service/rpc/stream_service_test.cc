#include "service/rpc/stream_service.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <functional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "base/unique_fd.h"
#include "gmock/gmock.h"
#include "grpcpp/generic/generic_stub.h"
#include "service/rpc/server_fixture.h"

namespace oriel::rpc {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

using FrameReader = grpc::ClientReader<v1::StreamFramesResponse>;

class StreamServiceTest : public ServerFixture {
 protected:
  // The status of a stream that ends without a message.
  grpc::Status Refusal(const v1::StreamFramesRequest& request) {
    grpc::ClientContext context;
    const auto reader = streams_->StreamFrames(&context, request);
    v1::StreamFramesResponse response;
    EXPECT_FALSE(reader->Read(&response));
    return reader->Finish();
  }
  // The status after these requests on one AttachDisplay stream, which the
  // client then leaves open.
  grpc::Status Attach(const std::vector<v1::AttachDisplayRequest>& requests) {
    grpc::ClientContext context;
    const auto stream = streams_->AttachDisplay(&context);
    for (const v1::AttachDisplayRequest& request : requests) {
      stream->Write(request);
    }
    v1::StreamFramesResponse response;
    while (stream->Read(&response)) {
    }
    return stream->Finish();
  }
  grpc::Status Control(uint64_t viewer_id, uint64_t applied_sequence) {
    grpc::ClientContext context;
    v1::ControlViewerRequest request;
    request.set_viewer_id(viewer_id);
    request.mutable_control()->set_applied_sequence(applied_sequence);
    v1::ControlViewerResponse response;
    return streams_->ControlViewer(&context, request, &response);
  }
  static v1::AttachDisplayRequest OpenRequest() {
    v1::AttachDisplayRequest request;
    *request.mutable_open() = RequestFor("vm");
    return request;
  }
  static v1::AttachDisplayRequest AckRequest(uint64_t sequence) {
    v1::AttachDisplayRequest request;
    request.mutable_control()->set_applied_sequence(sequence);
    return request;
  }
};

TEST_F(StreamServiceTest, MessagesArriveInOrderWithTheirPayload) {
  grpc::ClientContext context;
  v1::StreamFramesRequest request = RequestFor("vm");
  request.set_encoding(v1::ENCODING_H264);
  request.set_quality(v1::QUALITY_HIGH);
  const auto reader = streams_->StreamFrames(&context, request);
  const auto viewer = registry_.AwaitViewer(0);
  EXPECT_EQ(viewer->display(), "vm");
  EXPECT_EQ(viewer->options().encoding, encoder::Encoding::kH264);
  EXPECT_EQ(viewer->options().quality, encoder::Quality::kHigh);
  EXPECT_FALSE(viewer->options().acknowledges);

  v1::StreamFramesResponse response;
  for (int i = 1; i <= 50; ++i) {
    viewer->Send(UpdateOf(i, i * 1000));
    ASSERT_TRUE(reader->Read(&response));
    EXPECT_EQ(response.update().sequence(), static_cast<uint64_t>(i));
    EXPECT_EQ(response.payload(), std::string(i * 1000, static_cast<char>(i)));
    viewer->AwaitWritten(i);
  }
  viewer->Close(absl::UnavailableError("the device went away: unplugged"));
  EXPECT_FALSE(reader->Read(&response));
  const grpc::Status status = reader->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(status.error_message(), "the device went away: unplugged");
}

TEST_F(StreamServiceTest, AnUnspecifiedEncodingIsTheDisplaysFirst) {
  session::DisplayStatus display = *registry_.Get("vm");
  display.encodings = {encoder::Encoding::kH264, encoder::Encoding::kLossless};
  registry_.SetDisplay(display);
  grpc::ClientContext context;
  const auto reader = streams_->StreamFrames(&context, RequestFor("vm"));
  EXPECT_EQ(registry_.AwaitViewer(0)->options().encoding,
            encoder::Encoding::kH264);
  EXPECT_EQ(registry_.AwaitViewer(0)->options().quality,
            encoder::Quality::kMedium);
  context.TryCancel();
}

TEST_F(StreamServiceTest, AnEncodingThatTheDisplayHasNotNamesThoseItHas) {
  for (const v1::Encoding encoding :
       {v1::ENCODING_ADAPTIVE, v1::ENCODING_VP9, v1::ENCODING_AV1,
        static_cast<v1::Encoding>(99), static_cast<v1::Encoding>(-1)}) {
    v1::StreamFramesRequest request = RequestFor("vm");
    request.set_encoding(encoding);
    const grpc::Status status = Refusal(request);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_THAT(status.error_message(), HasSubstr("; it has lossless, h264"));
  }
  v1::StreamFramesRequest request = RequestFor("vm");
  request.set_encoding(v1::ENCODING_AV1);
  EXPECT_THAT(Refusal(request).error_message(),
              HasSubstr("has no encoding av1;"));
  request.set_encoding(static_cast<v1::Encoding>(99));
  EXPECT_THAT(Refusal(request).error_message(),
              HasSubstr("has no encoding 99;"));
}

TEST_F(StreamServiceTest, BadRequestsAreRefusedWithTheirReason) {
  EXPECT_EQ(Refusal(RequestFor("nobody")).error_code(),
            grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(Refusal(RequestFor("")).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
  v1::StreamFramesRequest request = RequestFor("vm");
  request.set_quality(static_cast<v1::Quality>(7));
  EXPECT_EQ(Refusal(request).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  registry_.RefuseViewers(absl::ResourceExhaustedError("64 viewers already"));
  EXPECT_EQ(Refusal(RequestFor("vm")).error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST_F(StreamServiceTest, AHugeReasonIsCutToWhatATrailerCarries) {
  std::string reason;
  while (reason.size() < 50000) reason += "\xc3\xa4";
  registry_.RefuseViewers(absl::UnavailableError(reason));
  const grpc::Status status = Refusal(RequestFor("vm"));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_LT(status.error_message().size(), 2100u);
  EXPECT_THAT(status.error_message(), HasSubstr("\xc3\xa4..."));
}

TEST_F(StreamServiceTest, AMessageGivenWhileTheViewerOpensIsSent) {
  registry_.OnOpen(
      [this](FakeViewer& viewer) { viewer.Send(Opened(viewer.id())); });
  grpc::ClientContext context;
  const auto reader = streams_->StreamFrames(&context, RequestFor("vm"));
  v1::StreamFramesResponse response;
  ASSERT_TRUE(reader->Read(&response));
  const uint64_t viewer_id = response.opened().viewer_id();
  EXPECT_TRUE(Control(viewer_id, 5).ok());
  EXPECT_EQ(registry_.AwaitViewer(0)->AwaitControl(0).applied_sequence, 5u);
  context.TryCancel();
}

TEST_F(StreamServiceTest, AViewerClosedWhileItOpensEndsTheStream) {
  registry_.OnOpen([this](FakeViewer& viewer) {
    viewer.Send(Opened(viewer.id()));
    viewer.Close(absl::UnavailableError("gone already"));
  });
  grpc::ClientContext context;
  const auto reader = streams_->StreamFrames(&context, RequestFor("vm"));
  v1::StreamFramesResponse response;
  while (reader->Read(&response)) {
  }
  EXPECT_EQ(reader->Finish().error_message(), "gone already");
  registry_.AwaitViewer(0)->AwaitLeft();
}

TEST_F(StreamServiceTest, AClientThatGoesLeavesAndItsCallIsFreed) {
  auto context = std::make_unique<grpc::ClientContext>();
  auto reader = streams_->StreamFrames(context.get(), RequestFor("vm"));
  const auto viewer = registry_.AwaitViewer(0);
  viewer->Send(UpdateOf(1, 100));
  viewer->AwaitWritten(1);
  context->TryCancel();
  reader->Finish();
  viewer->AwaitLeft();
  // What a publisher thread still does with the sink goes nowhere.
  viewer->Send(UpdateOf(2, 100));
  viewer->Close(absl::UnavailableError("too late"));
  // The viewer leaves when the client's end is noticed; the call is put away
  // after that.
  while (Control(viewer->id(), 1).error_code() != grpc::StatusCode::NOT_FOUND) {
    std::this_thread::yield();
  }
}

TEST_F(StreamServiceTest, AClientThatNeverReadsHoldsUpNobodyElse) {
  grpc::ClientContext lazy_context;
  const auto lazy = v1::StreamService::NewStub(NewChannel())
                        ->StreamFrames(&lazy_context, RequestFor("vm"));
  const auto lazy_viewer = registry_.AwaitViewer(0);
  grpc::ClientContext context;
  const auto reader = streams_->StreamFrames(&context, RequestFor("vm"));
  const auto viewer = registry_.AwaitViewer(1);

  // Far more than flow control and the socket take without a reader.
  lazy_viewer->Send(UpdateOf(1, 64 * 1024 * 1024));
  v1::StreamFramesResponse response;
  for (int i = 1; i <= 20; ++i) {
    viewer->Send(UpdateOf(i, 100000));
    ASSERT_TRUE(reader->Read(&response));
    viewer->AwaitWritten(i);
  }
  EXPECT_EQ(lazy_viewer->written_count(), 0);

  lazy_viewer->Close(absl::UnavailableError("closed while writing"));
  lazy_context.TryCancel();
  lazy_viewer->AwaitLeft();
  EXPECT_EQ(lazy_viewer->written_count(), 0);
  context.TryCancel();
}

TEST_F(StreamServiceTest, AttachOpensAViewerThatAcknowledges) {
  grpc::ClientContext context;
  const auto stream = streams_->AttachDisplay(&context);
  ASSERT_TRUE(stream->Write(OpenRequest()));
  const auto viewer = registry_.AwaitViewer(0);
  EXPECT_TRUE(viewer->options().acknowledges);
  viewer->Send(UpdateOf(3, 10));
  v1::StreamFramesResponse response;
  ASSERT_TRUE(stream->Read(&response));

  v1::AttachDisplayRequest request = AckRequest(3);
  request.mutable_control()->set_resync(true);
  request.mutable_control()->add_keyframe_streams(7);
  request.mutable_control()->set_paused(true);
  ASSERT_TRUE(stream->Write(request));
  const session::ViewerControl control = viewer->AwaitControl(0);
  EXPECT_EQ(control.applied_sequence, 3u);
  EXPECT_TRUE(control.resync);
  EXPECT_THAT(control.keyframe_streams, ElementsAre(7));
  EXPECT_TRUE(control.paused);

  stream->WritesDone();
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_TRUE(stream->Finish().ok());
  // The client hears of the end before the server's call is done with.
  viewer->AwaitLeft();
}

TEST_F(StreamServiceTest, AttachRefusesWhatBreaksItsProtocol) {
  const grpc::Status early = Attach({AckRequest(1)});
  EXPECT_EQ(early.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(early.error_message(), HasSubstr("control before open"));

  const grpc::Status twice = Attach({OpenRequest(), OpenRequest()});
  EXPECT_EQ(twice.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(twice.error_message(), HasSubstr("second open"));

  const grpc::Status empty = Attach({v1::AttachDisplayRequest()});
  EXPECT_EQ(empty.error_code(), grpc::StatusCode::INVALID_ARGUMENT);

  v1::AttachDisplayRequest nobody;
  *nobody.mutable_open() = RequestFor("nobody");
  EXPECT_EQ(Attach({nobody, AckRequest(1)}).error_code(),
            grpc::StatusCode::NOT_FOUND);

  grpc::ClientContext context;
  const auto stream = streams_->AttachDisplay(&context);
  stream->WritesDone();
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(StreamServiceTest, AcknowledgingTheFutureEndsTheStream) {
  const grpc::Status attached =
      Attach({OpenRequest(), AckRequest(FakeViewer::kNewestSequence + 1)});
  EXPECT_EQ(attached.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(attached.error_message(), HasSubstr("never sent"));

  registry_.OnOpen(
      [this](FakeViewer& viewer) { viewer.Send(Opened(viewer.id())); });
  grpc::ClientContext context;
  const auto reader = streams_->StreamFrames(&context, RequestFor("vm"));
  v1::StreamFramesResponse response;
  ASSERT_TRUE(reader->Read(&response));
  EXPECT_EQ(Control(response.opened().viewer_id(), ~uint64_t{0}).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_FALSE(reader->Read(&response));
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(StreamServiceTest, ControllingAnUnknownViewerIsNotFound) {
  EXPECT_EQ(Control(12345, 1).error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(StreamServiceTest, BytesThatAreNoRequestAreRefused) {
  std::mt19937 random(5);
  grpc::TemplatedGenericStub<grpc::ByteBuffer, grpc::ByteBuffer> stub(
      NewChannel());
  for (const std::string method : {"/oriel.v1.StreamService/AttachDisplay",
                                   "/oriel.v1.StreamService/StreamFrames",
                                   "/oriel.v1.DisplayService/GetDisplay"}) {
    for (int i = 0; i < 50; ++i) {
      std::string garbage(1 + random() % 200, '\0');
      for (char& c : garbage) c = static_cast<char>(random());
      // Field 1 of wire type 7, which there is not.
      garbage[0] = 0x0f;
      const grpc::Slice slice(garbage);
      const grpc::ByteBuffer request(&slice, 1);
      grpc::ClientContext context;
      grpc::CompletionQueue queue;
      const auto call = stub.PrepareCall(&context, method, &queue);
      void* tag = nullptr;
      bool ok = false;
      call->StartCall(nullptr);
      ASSERT_TRUE(queue.Next(&tag, &ok));
      call->WriteLast(request, grpc::WriteOptions(), nullptr);
      ASSERT_TRUE(queue.Next(&tag, &ok));
      grpc::Status status;
      call->Finish(&status, nullptr);
      ASSERT_TRUE(queue.Next(&tag, &ok));
      EXPECT_FALSE(status.ok());
    }
  }
  EXPECT_TRUE(registry_.viewers().empty());
}

TEST_F(StreamServiceTest, GarbageOnTheSocketHarmsNobodyElse) {
  grpc::ClientContext context;
  const auto reader = streams_->StreamFrames(&context, RequestFor("vm"));
  const auto viewer = registry_.AwaitViewer(0);
  std::mt19937 random(9);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, SocketPath().c_str(),
               sizeof(address.sun_path) - 1);
  for (int i = 0; i < 100; ++i) {
    const UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(connect(fd.get(), reinterpret_cast<const sockaddr*>(&address),
                      sizeof(address)),
              0);
    // Half of them begin as HTTP/2 does, to get further in.
    std::string bytes = i % 2 == 0 ? "" : "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    for (int j = 0; j < 2000; ++j) bytes += static_cast<char>(random());
    (void)!send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }
  viewer->Send(UpdateOf(1, 1000));
  v1::StreamFramesResponse response;
  ASSERT_TRUE(reader->Read(&response));
  EXPECT_EQ(response.update().sequence(), 1u);
  context.TryCancel();
}

TEST_F(StreamServiceTest, ManyThatComeAndGoLeaveNothingBehind) {
  constexpr int kThreads = 4;
  constexpr int kCallsEach = 60;
  registry_.OnOpen(
      [this](FakeViewer& viewer) { viewer.Send(Opened(viewer.id())); });
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([this, t] {
      const auto stub = v1::StreamService::NewStub(NewChannel());
      for (int i = 0; i < kCallsEach; ++i) {
        grpc::ClientContext context;
        if (i % 2 == 0) {
          const auto reader = stub->StreamFrames(&context, RequestFor("vm"));
          v1::StreamFramesResponse response;
          if ((i + t) % 3 != 0) reader->Read(&response);
          context.TryCancel();
          reader->Finish();
        } else {
          const auto stream = stub->AttachDisplay(&context);
          stream->Write(OpenRequest());
          stream->Write(AckRequest(1));
          if ((i + t) % 3 != 0) context.TryCancel();
          stream->WritesDone();
          v1::StreamFramesResponse response;
          while (stream->Read(&response)) {
          }
          stream->Finish();
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& viewer : registry_.viewers()) viewer->AwaitLeft();

  // Once the server has ended, every sink is held by its viewer alone; the
  // sanitizers see what leaks.
  grpc::ClientContext context;
  const auto reader = streams_->StreamFrames(&context, RequestFor("vm"));
  v1::StreamFramesResponse response;
  EXPECT_TRUE(reader->Read(&response));
  context.TryCancel();
}

TEST_F(StreamServiceTest, StoppingTheServerEndsOpenStreams) {
  grpc::ClientContext context;
  const auto reader = streams_->StreamFrames(&context, RequestFor("vm"));
  const auto viewer = registry_.AwaitViewer(0);
  server_->Stop(Duration::zero());
  viewer->AwaitLeft();
  v1::StreamFramesResponse response;
  EXPECT_FALSE(reader->Read(&response));
  viewer->Send(UpdateOf(1, 10));
}

}  // namespace
}  // namespace oriel::rpc
