#include "service/rpc/display_service.h"

#include <png.h>

#include <cstring>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "service/rpc/messages.h"
#include "service/rpc/server_fixture.h"

namespace oriel::rpc {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

session::DisplayStatus DisplayNamed(const std::string& name) {
  session::DisplayStatus status;
  status.name = name;
  return status;
}

DisplayEvent EventOf(const std::string& name, const std::string& reason) {
  auto event = std::make_shared<v1::WatchDisplaysResponse>();
  event->mutable_display()->set_name(name);
  event->mutable_display()->set_state_reason(reason);
  return event;
}

// Names with reasons, "synced" and "nothing".
std::string Pop(DisplayEventQueue& queue) {
  const DisplayEvent event = queue.Pop();
  if (event == nullptr) return "nothing";
  if (event->synced()) return "synced";
  return event->display().name() + event->display().state_reason();
}

TEST(DisplayEventQueueTest, SyncedFollowsTheDisplaysOfTheBeginning) {
  DisplayEventQueue queue;
  EXPECT_EQ(Pop(queue), "nothing");
  queue.Begin({EventOf("a", "1"), EventOf("b", "1")});
  queue.Push("c", EventOf("c", "1"));
  EXPECT_EQ(Pop(queue), "a1");
  queue.Push("a", EventOf("a", "2"));
  EXPECT_EQ(Pop(queue), "b1");
  EXPECT_EQ(Pop(queue), "synced");
  EXPECT_EQ(Pop(queue), "c1");
  EXPECT_EQ(Pop(queue), "a2");
  EXPECT_EQ(Pop(queue), "nothing");
}

TEST(DisplayEventQueueTest, WithoutDisplaysSyncedComesAtOnce) {
  DisplayEventQueue queue;
  queue.Begin({});
  EXPECT_EQ(Pop(queue), "synced");
  EXPECT_EQ(Pop(queue), "nothing");
}

TEST(DisplayEventQueueTest, ASlowReaderGetsTheLastStateOnly) {
  DisplayEventQueue queue;
  queue.Begin({EventOf("a", "0")});
  for (int i = 1; i <= 1000; ++i) {
    queue.Push("a", EventOf("a", std::to_string(i)));
  }
  EXPECT_EQ(Pop(queue), "a1000");
  EXPECT_EQ(Pop(queue), "synced");
  EXPECT_EQ(Pop(queue), "nothing");
}

class DisplayServiceTest : public ServerFixture {
 protected:
  grpc::Status List(int page_size, const std::string& token,
                    v1::ListDisplaysResponse* response) {
    grpc::ClientContext context;
    v1::ListDisplaysRequest request;
    request.set_page_size(page_size);
    request.set_page_token(token);
    return displays_->ListDisplays(&context, request, response);
  }
  grpc::Status Get(const std::string& name, v1::GetDisplayResponse* response) {
    grpc::ClientContext context;
    v1::GetDisplayRequest request;
    request.set_name(name);
    return displays_->GetDisplay(&context, request, response);
  }
  grpc::Status Snapshot(uint32_t max_width_px,
                        v1::TakeSnapshotResponse* response) {
    grpc::ClientContext context;
    v1::TakeSnapshotRequest request;
    request.set_name("vm");
    request.set_max_width_px(max_width_px);
    return displays_->TakeSnapshot(&context, request, response);
  }
};

TEST_F(DisplayServiceTest, PagesTogetherHaveEveryDisplayOnceInOrder) {
  std::vector<std::string> expected;
  for (int i = 0; i < 25; ++i) {
    expected.push_back("display-" + std::to_string(100 + i));
    registry_.SetDisplay(DisplayNamed(expected.back()));
  }
  expected.push_back("vm");
  for (int page_size : {1, 5, 13, 26, 1000, 0}) {
    std::vector<std::string> names;
    std::string token;
    do {
      v1::ListDisplaysResponse page;
      ASSERT_TRUE(List(page_size, token, &page).ok());
      ASSERT_LE(page.displays_size(), page_size == 0 ? 1000 : page_size);
      for (const v1::Display& display : page.displays()) {
        names.push_back(display.name());
      }
      token = page.next_page_token();
    } while (!token.empty());
    EXPECT_EQ(names, expected) << "pages of " << page_size;
  }
}

TEST_F(DisplayServiceTest, PagesGoOnWhenTheirLastDisplayHasGone) {
  for (const char* name : {"a", "b", "c"}) {
    registry_.SetDisplay(DisplayNamed(name));
  }
  v1::ListDisplaysResponse page;
  ASSERT_TRUE(List(2, "", &page).ok());
  registry_.RemoveDisplay("b");
  v1::ListDisplaysResponse rest;
  ASSERT_TRUE(List(2, page.next_page_token(), &rest).ok());
  ASSERT_EQ(rest.displays_size(), 2);
  EXPECT_EQ(rest.displays(0).name(), "c");
  EXPECT_EQ(rest.displays(1).name(), "vm");
  EXPECT_EQ(rest.next_page_token(), "");
}

TEST_F(DisplayServiceTest, BadPagingIsRefused) {
  v1::ListDisplaysResponse page;
  EXPECT_EQ(List(-1, "", &page).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(List(0, std::string(5000, 'x'), &page).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(DisplayServiceTest, ADisplayIsToldWithAllItsFields) {
  session::DisplayStatus status = DisplayNamed("vm");
  status.state = session::DisplayState::kReady;
  status.device = "mdev 83b8";
  status.framebuffer = "region 16";
  status.plane.on = true;
  status.plane.size = {1920, 1080};
  status.plane.format.fourcc = FourccFromName("XR24");
  status.encodings = {encoder::Encoding::kLossless};
  status.viewer_count = 3;
  registry_.SetDisplay(status);

  v1::GetDisplayResponse response;
  ASSERT_TRUE(Get("vm", &response).ok());
  const v1::Display& display = response.display();
  EXPECT_EQ(display.state(), v1::DISPLAY_STATE_READY);
  EXPECT_EQ(display.device(), "mdev 83b8");
  EXPECT_EQ(display.framebuffer(), "region 16");
  EXPECT_EQ(display.width_px(), 1920u);
  EXPECT_EQ(display.height_px(), 1080u);
  EXPECT_EQ(display.fourcc(), "XR24");
  EXPECT_THAT(display.encodings(), ElementsAre(v1::ENCODING_LOSSLESS));
  EXPECT_EQ(display.viewer_count(), 3u);
}

TEST_F(DisplayServiceTest, UnknownAndImpossibleNamesAreToldApart) {
  v1::GetDisplayResponse response;
  EXPECT_EQ(Get("nobody", &response).error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(Get("", &response).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(Get(std::string(30000, 'x'), &response).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(DisplayServiceTest, ARequestBeyondTheLimitIsRefused) {
  v1::GetDisplayResponse response;
  EXPECT_EQ(Get(std::string(kMaxRequestBytes, 'x'), &response).error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST_F(DisplayServiceTest, AWatchTellsTheBeginningThenEveryChange) {
  grpc::ClientContext context;
  const auto watch = displays_->WatchDisplays(&context, {});
  v1::WatchDisplaysResponse event;
  ASSERT_TRUE(watch->Read(&event));
  EXPECT_EQ(event.display().name(), "vm");
  ASSERT_TRUE(watch->Read(&event));
  EXPECT_TRUE(event.synced());

  session::DisplayStatus status = DisplayNamed("second");
  status.state_reason = "the guest is off";
  registry_.SetDisplay(status);
  ASSERT_TRUE(watch->Read(&event));
  EXPECT_EQ(event.display().name(), "second");
  EXPECT_EQ(event.display().state_reason(), "the guest is off");

  registry_.RemoveDisplay("second");
  ASSERT_TRUE(watch->Read(&event));
  EXPECT_EQ(event.removed_name(), "second");
  context.TryCancel();
  EXPECT_EQ(watch->Finish().error_code(), grpc::StatusCode::CANCELLED);
}

TEST_F(DisplayServiceTest, AWatcherThatDoesNotReadGetsTheLastStateInTheEnd) {
  grpc::ClientContext context;
  const auto watch = displays_->WatchDisplays(&context, {});
  session::DisplayStatus status = DisplayNamed("vm");
  // More than the connection buffers.
  for (int i = 0; i < 2000; ++i) {
    status.state_reason = std::string(4000, 'r') + std::to_string(i);
    registry_.SetDisplay(status);
  }
  status.state_reason = "last";
  registry_.SetDisplay(status);

  v1::WatchDisplaysResponse event;
  do {
    ASSERT_TRUE(watch->Read(&event));
  } while (event.display().state_reason() != "last");
  context.TryCancel();
}

TEST_F(DisplayServiceTest, StoppingEndsTheWatches) {
  grpc::ClientContext context;
  const auto watch = displays_->WatchDisplays(&context, {});
  v1::WatchDisplaysResponse event;
  ASSERT_TRUE(watch->Read(&event));
  EXPECT_EQ(registry_.subscription_count(), 1);
  server_->Stop(std::chrono::seconds(10));
  EXPECT_EQ(registry_.subscription_count(), 0);
  while (watch->Read(&event)) {
  }
  const grpc::Status status = watch->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(status.error_message(), "the daemon stops");
}

TEST_F(DisplayServiceTest, TooManyWatchersAreRefused) {
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<std::unique_ptr<grpc::ClientReader<v1::WatchDisplaysResponse>>>
      watches;
  std::vector<std::unique_ptr<v1::DisplayService::Stub>> stubs;
  v1::WatchDisplaysResponse event;
  for (int i = 0; i < 256; ++i) {
    // A connection carries 128 streams at most.
    if (i % 100 == 0) {
      stubs.push_back(v1::DisplayService::NewStub(NewChannel()));
    }
    contexts.push_back(std::make_unique<grpc::ClientContext>());
    watches.push_back(stubs.back()->WatchDisplays(contexts.back().get(), {}));
    ASSERT_TRUE(watches.back()->Read(&event));
  }
  grpc::ClientContext context;
  const auto refused = displays_->WatchDisplays(&context, {});
  EXPECT_FALSE(refused->Read(&event));
  EXPECT_EQ(refused->Finish().error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
  for (const auto& open : contexts) open->TryCancel();
}

TEST_F(DisplayServiceTest, ASnapshotHasThePixelsOfTheFrame) {
  capture::Frame frame;
  frame.plane.on = true;
  frame.plane.size = {40, 50};
  frame.picture = BandedPicture(frame.plane.size);
  uint32_t value = 1;
  for (int band = 0; band < frame.picture.band_count(); ++band) {
    const int64_t pixels = frame.picture.BandRect(band).AreaPx();
    uint8_t* bytes = frame.picture.MutableBand(band);
    for (int64_t i = 0; i < pixels; ++i) {
      value = value * 1664525 + 1013904223;
      const uint32_t bgrx = value >> 8 | 0xff000000;
      std::memcpy(bytes + i * 4, &bgrx, sizeof(bgrx));
    }
  }
  registry_.SetSnapshot(frame);

  v1::TakeSnapshotResponse response;
  ASSERT_TRUE(Snapshot(0, &response).ok());
  EXPECT_EQ(response.width_px(), 40u);
  EXPECT_EQ(response.height_px(), 50u);
  EXPECT_TRUE(response.exact());
  png_image image = {};
  image.version = PNG_IMAGE_VERSION;
  ASSERT_TRUE(png_image_begin_read_from_memory(&image, response.png().data(),
                                               response.png().size()));
  image.format = PNG_FORMAT_BGRA;
  std::vector<uint8_t> pixels(PNG_IMAGE_SIZE(image));
  ASSERT_TRUE(
      png_image_finish_read(&image, nullptr, pixels.data(), 0, nullptr));
  EXPECT_EQ(pixels, frame.picture.ToPicture().bytes());

  ASSERT_TRUE(Snapshot(20, &response).ok());
  EXPECT_EQ(response.width_px(), 20u);
  EXPECT_EQ(response.height_px(), 25u);
  EXPECT_FALSE(response.exact());
}

TEST_F(DisplayServiceTest, ASnapshotThatCannotBeTakenSaysWhy) {
  v1::TakeSnapshotResponse response;
  registry_.SetSnapshot(absl::UnavailableError("the device has gone"));
  const grpc::Status gone = Snapshot(0, &response);
  EXPECT_EQ(gone.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(gone.error_message(), "the device has gone");

  registry_.SetSnapshot(capture::Frame());
  const grpc::Status off = Snapshot(0, &response);
  EXPECT_EQ(off.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(off.error_message(), HasSubstr("the plane is off"));
}

}  // namespace
}  // namespace oriel::rpc
