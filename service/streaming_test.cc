// Sessions and the gRPC server together, over screens that the test draws on.

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "base/picture/damage.h"
#include "capture/display/fake_frame_source.h"
#include "gmock/gmock.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "gtest/gtest.h"
#include "oriel/v1/display.grpc.pb.h"
#include "oriel/v1/streaming.grpc.pb.h"
#include "service/rpc/server.h"
#include "service/session/display_registry.h"
#include "service/wire/grpc_wire_encoder.h"

namespace oriel::service {
namespace {

constexpr Size kSize = {640, 480};

class StreamingTest : public testing::Test {
 protected:
  StreamingTest() : screen_(std::make_shared<capture::FakeScreen>(kSize)) {
    char name[] = "/tmp/oriel-streaming-XXXXXX";
    directory_ = mkdtemp(name);
    session::DisplayOptions display;
    display.name = "vm";
    display.open = [screen = screen_] {
      return absl::StatusOr<std::unique_ptr<capture::FrameSource>>(
          screen->Open());
    };
    session::RegistryLimits limits;
    limits.worker_threads = 2;
    registry_ = session::DisplayRegistry::Create({display}, limits, &wire_);
    auto server = rpc::Server::Start(
        registry_.get(), {rpc::UnixAddress{directory_ + "/s", 0600}});
    EXPECT_TRUE(server.ok()) << server.status();
    if (server.ok()) server_ = *std::move(server);
    streams_ = v1::StreamService::NewStub(NewChannel());
    displays_ = v1::DisplayService::NewStub(NewChannel());
    screen_->AwaitOpenSources(1);
    AwaitReady();
  }
  ~StreamingTest() override {
    registry_->Stop();
    server_.reset();
    std::filesystem::remove_all(directory_);
  }

  std::shared_ptr<grpc::Channel> NewChannel() const {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return grpc::CreateCustomChannel("unix:" + directory_ + "/s",
                                     grpc::InsecureChannelCredentials(),
                                     arguments);
  }
  // A display is opened on a thread of its own.
  void AwaitReady() {
    grpc::ClientContext context;
    const auto watch = displays_->WatchDisplays(&context, {});
    v1::WatchDisplaysResponse event;
    while (watch->Read(&event) &&
           event.display().state() != v1::DISPLAY_STATE_READY) {
    }
    context.TryCancel();
  }
  static v1::StreamFramesRequest Request(v1::Encoding encoding) {
    v1::StreamFramesRequest request;
    request.set_display("vm");
    request.set_encoding(encoding);
    return request;
  }

  std::string directory_;
  const wire::GrpcWireEncoder wire_;
  const std::shared_ptr<capture::FakeScreen> screen_;
  std::unique_ptr<session::DisplayRegistry> registry_;
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<v1::StreamService::Stub> streams_;
  std::unique_ptr<v1::DisplayService::Stub> displays_;
};

// What every viewer may rely on, checked message by message.
class RuleChecker {
 public:
  void Take(const v1::StreamFramesResponse& response) {
    switch (response.event_case()) {
      case v1::StreamFramesResponse::kOpened:
        EXPECT_FALSE(opened_);
        opened_ = true;
        break;
      case v1::StreamFramesResponse::kFormat:
        EXPECT_TRUE(opened_);
        EXPECT_GT(response.format().generation(), generation_);
        generation_ = response.format().generation();
        size_ = {static_cast<int32_t>(response.format().width_px()),
                 static_cast<int32_t>(response.format().height_px())};
        sequence_ = 0;
        covered_.Clear();
        exact_ = false;
        break;
      case v1::StreamFramesResponse::kUpdate:
        TakeUpdate(response);
        break;
      default:
        EXPECT_TRUE(opened_);
    }
  }
  bool exact() const { return exact_; }
  Size size() const { return size_; }
  bool CoversAll() const { return covered_.Contains(Rect::Of(size_)); }

 private:
  void TakeUpdate(const v1::StreamFramesResponse& response) {
    const v1::FrameUpdate& update = response.update();
    EXPECT_EQ(update.generation(), generation_);
    EXPECT_TRUE(update.base_sequence() == 0 ||
                update.base_sequence() == sequence_);
    sequence_ = update.sequence();
    size_t payload_bytes = 0;
    Damage destinations;
    for (const v1::Patch& patch : update.patches()) {
      const Rect rect = {static_cast<int32_t>(patch.rect().x_px()),
                         static_cast<int32_t>(patch.rect().y_px()),
                         static_cast<int32_t>(patch.rect().width_px()),
                         static_cast<int32_t>(patch.rect().height_px())};
      EXPECT_TRUE(Rect::Of(size_).Contains(rect));
      EXPECT_FALSE(destinations.Intersects(rect));
      destinations.Add(rect);
      payload_bytes += patch.payload_size_bytes();
    }
    EXPECT_EQ(payload_bytes, response.payload().size());
    covered_.Add(destinations);
    exact_ = update.exact();
  }

  bool opened_ = false;
  bool exact_ = false;
  uint32_t generation_ = 0;
  uint64_t sequence_ = 0;
  Size size_;
  Damage covered_;
};

TEST_F(StreamingTest, AViewerBecomesExactAndStaysSoThroughChanges) {
  grpc::ClientContext context;
  const auto reader =
      streams_->StreamFrames(&context, Request(v1::ENCODING_LOSSLESS));
  RuleChecker checker;
  v1::StreamFramesResponse response;
  while (!checker.exact()) {
    ASSERT_TRUE(reader->Read(&response)) << reader->Finish().error_message();
    checker.Take(response);
  }
  EXPECT_EQ(checker.size(), kSize);
  EXPECT_TRUE(checker.CoversAll());

  for (int i = 0; i < 10; ++i) {
    const Rect rect = {i * 50, i * 30, 40, 40};
    screen_->Fill(rect, 0xff00ff00 + i);
    bool touched = false;
    while (!touched || !checker.exact()) {
      ASSERT_TRUE(reader->Read(&response));
      checker.Take(response);
      touched = touched || response.update().patches_size() > 0;
    }
  }
  context.TryCancel();
}

TEST_F(StreamingTest, ANewModeBeginsANewGeneration) {
  grpc::ClientContext context;
  const auto reader =
      streams_->StreamFrames(&context, Request(v1::ENCODING_UNSPECIFIED));
  RuleChecker checker;
  v1::StreamFramesResponse response;
  while (!checker.exact()) {
    ASSERT_TRUE(reader->Read(&response));
    checker.Take(response);
  }
  screen_->SetMode({320, 200});
  while (checker.size() != (Size{320, 200}) || !checker.exact()) {
    ASSERT_TRUE(reader->Read(&response));
    checker.Take(response);
  }
  EXPECT_TRUE(checker.CoversAll());
  screen_->TurnOff();
  while (response.format().state() != v1::DISPLAY_STATE_PLANE_OFF) {
    ASSERT_TRUE(reader->Read(&response));
  }
  context.TryCancel();
}

TEST_F(StreamingTest, AH264ViewerStartsWithAKeyframeOfTheWholePlane) {
  grpc::ClientContext context;
  const auto reader =
      streams_->StreamFrames(&context, Request(v1::ENCODING_H264));
  v1::StreamFramesResponse response;
  do {
    ASSERT_TRUE(reader->Read(&response)) << reader->Finish().error_message();
  } while (!response.has_update());
  ASSERT_EQ(response.update().patches_size(), 1);
  const v1::Patch& patch = response.update().patches(0);
  EXPECT_TRUE(patch.video().keyframe());
  EXPECT_EQ(patch.rect().width_px(), 640u);
  EXPECT_EQ(response.update().base_sequence(), 0u);
  // Annex B.
  EXPECT_EQ(response.payload().substr(0, 3), std::string("\0\0\0", 3));
  context.TryCancel();
}

TEST_F(StreamingTest, AVanishedDeviceEndsItsStreamsWithTheReason) {
  grpc::ClientContext context;
  const auto reader =
      streams_->StreamFrames(&context, Request(v1::ENCODING_LOSSLESS));
  v1::StreamFramesResponse response;
  ASSERT_TRUE(reader->Read(&response));
  screen_->HangUp();
  while (reader->Read(&response)) {
  }
  const grpc::Status status = reader->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_FALSE(status.error_message().empty());
}

TEST_F(StreamingTest, AnAcknowledgementOfTheFutureEndsTheStream) {
  grpc::ClientContext context;
  const auto stream = streams_->AttachDisplay(&context);
  v1::AttachDisplayRequest request;
  *request.mutable_open() = Request(v1::ENCODING_LOSSLESS);
  ASSERT_TRUE(stream->Write(request));
  request.mutable_control()->set_applied_sequence(1'000'000);
  ASSERT_TRUE(stream->Write(request));
  v1::StreamFramesResponse response;
  while (stream->Read(&response)) {
  }
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(StreamingTest, ViewersThatComeAndGoDisturbNobody) {
  grpc::ClientContext context;
  const auto steady =
      streams_->StreamFrames(&context, Request(v1::ENCODING_LOSSLESS));
  RuleChecker checker;
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([this, t] {
      const auto stub = v1::StreamService::NewStub(NewChannel());
      for (int i = 0; i < 25; ++i) {
        screen_->Fill({(i * 31 + t * 97) % 600, i * 15, 30, 30},
                      0xff000000u + i * 4711);
        grpc::ClientContext brief;
        const auto reader = stub->StreamFrames(
            &brief,
            Request(i % 5 == 0 ? v1::ENCODING_H264 : v1::ENCODING_LOSSLESS));
        v1::StreamFramesResponse response;
        for (int reads = 0; reads < i % 4; ++reads) reader->Read(&response);
        brief.TryCancel();
        reader->Finish();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  screen_->Fill({0, 0, 640, 480}, 0xff123456);
  screen_->AwaitFreshScan();
  v1::StreamFramesResponse response;
  do {
    ASSERT_TRUE(steady->Read(&response)) << steady->Finish().error_message();
    checker.Take(response);
  } while (!checker.exact() || !checker.CoversAll());
  context.TryCancel();
}

TEST_F(StreamingTest, StoppingTellsViewersWhy) {
  grpc::ClientContext context;
  const auto reader =
      streams_->StreamFrames(&context, Request(v1::ENCODING_LOSSLESS));
  v1::StreamFramesResponse response;
  ASSERT_TRUE(reader->Read(&response));
  registry_->Stop();
  server_->Stop(std::chrono::seconds(10));
  while (reader->Read(&response)) {
  }
  const grpc::Status status = reader->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(status.error_message(), "the daemon stops");
}

TEST_F(StreamingTest, ASnapshotIsMadeOfTheDisplaysPicture) {
  screen_->Fill({10, 20, 300, 200}, 0xff336699);
  grpc::ClientContext context;
  v1::TakeSnapshotRequest request;
  request.set_name("vm");
  v1::TakeSnapshotResponse response;
  const grpc::Status status =
      displays_->TakeSnapshot(&context, request, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.width_px(), 640u);
  EXPECT_EQ(response.height_px(), 480u);
  EXPECT_TRUE(response.exact());
  EXPECT_EQ(response.png().substr(1, 3), "PNG");
}

}  // namespace
}  // namespace oriel::service
