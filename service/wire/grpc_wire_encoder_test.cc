#include "service/wire/grpc_wire_encoder.h"

#include <chrono>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/wire_format_lite.h"
#include "gtest/gtest.h"
#include "oriel/v1/streaming.pb.h"
#include "service/wire/grpc_wire_message.h"

namespace oriel::wire {
namespace {

using encoder::Copy;
using encoder::Fill;
using encoder::Lossless;
using encoder::Patch;
using encoder::Payload;
using encoder::Still;
using encoder::Update;
using encoder::Video;

std::vector<grpc::Slice> SlicesOf(const session::WireMessage& message) {
  std::vector<grpc::Slice> slices;
  EXPECT_TRUE(dynamic_cast<const GrpcWireMessage&>(message)
                  .buffer()
                  .Dump(&slices)
                  .ok());
  return slices;
}

std::string BytesOf(const session::WireMessage& message) {
  std::string bytes;
  for (const grpc::Slice& slice : SlicesOf(message)) {
    bytes.append(slice.begin(), slice.end());
  }
  EXPECT_EQ(message.size_bytes(), bytes.size());
  return bytes;
}

v1::StreamFramesResponse ParseOf(const session::WireMessage& message) {
  v1::StreamFramesResponse response;
  EXPECT_TRUE(response.ParseFromString(BytesOf(message)));
  return response;
}

Payload RandomPayload(std::mt19937& random, size_t size_bytes) {
  std::vector<uint8_t> bytes(size_bytes);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
  return std::make_shared<const std::vector<uint8_t>>(std::move(bytes));
}

Update UpdateWithEveryKind() {
  std::mt19937 random(7);
  Update update;
  update.generation = 3;
  update.sequence = 41;
  update.base_sequence = 40;
  update.patches = {
      Patch{{0, 0, 16, 8}, Fill{.blue = 0x33, .green = 0x22, .red = 0x11}, {}},
      Patch{{0, 8, 16, 8}, Copy{.source_x_px = 5, .source_y_px = 6}, {}},
      Patch{{0, 16, 16, 8}, Lossless{}, RandomPayload(random, 1000)},
      Patch{{0, 24, 16, 8},
            Lossless{.prefix = Rect{1, 2, 3, 4}, .grey = true},
            RandomPayload(random, 1)},
      Patch{{0, 32, 16, 8},
            Video{.stream_id = 9, .keyframe = true},
            RandomPayload(random, 70000)},
      Patch{{0, 40, 16, 8}, Still{.shrink = 2}, RandomPayload(random, 300)},
  };
  update.more_follows = true;
  update.exact = true;
  update.check = encoder::BandHash{32, 16, 0x123456789abcdef0};
  update.durations = {std::chrono::microseconds(700),
                      std::chrono::microseconds(20),
                      std::chrono::microseconds(3000)};
  update.capture_time = Time(std::chrono::microseconds(1234567));
  return update;
}

TEST(GrpcWireEncoderTest, AnUpdateParsesBackWithEveryField) {
  const v1::StreamFramesResponse response =
      ParseOf(*GrpcWireEncoder().Encode(UpdateWithEveryKind()));

  ASSERT_TRUE(response.has_update());
  const v1::FrameUpdate& update = response.update();
  EXPECT_EQ(update.generation(), 3u);
  EXPECT_EQ(update.sequence(), 41u);
  EXPECT_EQ(update.base_sequence(), 40u);
  EXPECT_TRUE(update.more_follows());
  EXPECT_TRUE(update.exact());
  EXPECT_EQ(update.check().y_px(), 32u);
  EXPECT_EQ(update.check().height_px(), 16u);
  EXPECT_EQ(update.check().hash(), 0x123456789abcdef0u);
  EXPECT_EQ(update.durations().scan_us(), 700u);
  EXPECT_EQ(update.durations().wait_us(), 20u);
  EXPECT_EQ(update.durations().encode_us(), 3000u);
  EXPECT_EQ(update.capture_time_us(), 1234567u);
  ASSERT_EQ(update.patches_size(), 6);
  EXPECT_EQ(update.patches(0).fill().rgb(), 0x112233u);
  EXPECT_EQ(update.patches(1).copy().source_x_px(), 5u);
  EXPECT_EQ(update.patches(1).copy().source_y_px(), 6u);
  EXPECT_TRUE(update.patches(2).has_lossless());
  EXPECT_FALSE(update.patches(2).lossless().has_prefix());
  EXPECT_FALSE(update.patches(2).lossless().grey());
  EXPECT_EQ(update.patches(3).lossless().prefix().width_px(), 3u);
  EXPECT_TRUE(update.patches(3).lossless().grey());
  EXPECT_EQ(update.patches(4).video().stream_id(), 9u);
  EXPECT_EQ(update.patches(4).video().codec(), v1::VIDEO_CODEC_H264);
  EXPECT_TRUE(update.patches(4).video().keyframe());
  EXPECT_EQ(update.patches(4).rect().y_px(), 32u);
  EXPECT_EQ(update.patches(5).still().shrink(), 2u);
}

TEST(GrpcWireEncoderTest, PayloadsFollowEachOtherInTheOrderOfThePatches) {
  const Update update = UpdateWithEveryKind();
  const v1::StreamFramesResponse response =
      ParseOf(*GrpcWireEncoder().Encode(update));

  size_t offset = 0;
  for (size_t i = 0; i < update.patches.size(); ++i) {
    const Payload& payload = update.patches[i].payload;
    const size_t size_bytes =
        response.update().patches(static_cast<int>(i)).payload_size_bytes();
    ASSERT_EQ(size_bytes, payload == nullptr ? 0 : payload->size());
    if (payload == nullptr) continue;
    EXPECT_EQ(response.payload().substr(offset, size_bytes),
              std::string(payload->begin(), payload->end()));
    offset += size_bytes;
  }
  EXPECT_EQ(offset, response.payload().size());
}

TEST(GrpcWireEncoderTest, ThePayloadIsTheLastFieldOfTheMessage) {
  const std::string bytes =
      BytesOf(*GrpcWireEncoder().Encode(UpdateWithEveryKind()));
  google::protobuf::io::CodedInputStream input(
      reinterpret_cast<const uint8_t*>(bytes.data()),
      static_cast<int>(bytes.size()));
  std::vector<int> fields;
  while (const uint32_t tag = input.ReadTag()) {
    using google::protobuf::internal::WireFormatLite;
    fields.push_back(WireFormatLite::GetTagFieldNumber(tag));
    ASSERT_TRUE(WireFormatLite::SkipField(&input, tag));
  }
  EXPECT_THAT(fields, testing::ElementsAre(3, 15));
}

TEST(GrpcWireEncoderTest, PayloadSlicesAreThePatchesOwnBytes) {
  const Update update = UpdateWithEveryKind();
  const session::WireMessagePtr message = GrpcWireEncoder().Encode(update);
  const std::vector<grpc::Slice> slices = SlicesOf(*message);

  ASSERT_EQ(slices.size(), 5u);
  EXPECT_EQ(slices[1].begin(), update.patches[2].payload->data());
  EXPECT_EQ(slices[2].begin(), update.patches[3].payload->data());
  EXPECT_EQ(slices[3].begin(), update.patches[4].payload->data());
}

TEST(GrpcWireEncoderTest, PayloadsLiveAsLongAsTheLastCopyOfTheBuffer) {
  Update update = UpdateWithEveryKind();
  const std::weak_ptr<const std::vector<uint8_t>> payload =
      update.patches[4].payload;
  session::WireMessagePtr message = GrpcWireEncoder().Encode(update);
  std::optional<grpc::ByteBuffer> copy =
      dynamic_cast<const GrpcWireMessage&>(*message).buffer();

  update.patches.clear();
  message.reset();
  EXPECT_FALSE(payload.expired());
  copy.reset();
  EXPECT_TRUE(payload.expired());
}

TEST(GrpcWireEncoderTest, AnUpdateOfFillsAloneHasNoPayloadField) {
  Update update;
  update.sequence = 1;
  update.patches = {Patch{{0, 0, 4, 4}, Fill{}, {}}};
  const session::WireMessagePtr message = GrpcWireEncoder().Encode(update);

  EXPECT_EQ(SlicesOf(*message).size(), 1u);
  const v1::StreamFramesResponse response = ParseOf(*message);
  EXPECT_TRUE(response.payload().empty());
  EXPECT_TRUE(response.update().patches(0).has_fill());
}

TEST(GrpcWireEncoderTest, PayloadLengthsAtVarintBordersParseBack) {
  std::mt19937 random(11);
  for (size_t size_bytes : {1u, 127u, 128u, 16383u, 16384u, 2097152u}) {
    Update update;
    update.patches = {
        Patch{{0, 0, 4, 4}, Video{}, RandomPayload(random, size_bytes)}};
    EXPECT_EQ(ParseOf(*GrpcWireEncoder().Encode(update)).payload().size(),
              size_bytes);
  }
}

TEST(GrpcWireEncoderTest, DurationsBeyondTheFieldAreClamped) {
  Update update;
  update.durations.scan = std::chrono::hours(3);
  update.durations.wait = -std::chrono::microseconds(5);
  const v1::StageDurations durations =
      ParseOf(*GrpcWireEncoder().Encode(update)).update().durations();
  EXPECT_EQ(durations.scan_us(), 0xffffffffu);
  EXPECT_EQ(durations.wait_us(), 0u);
}

TEST(GrpcWireEncoderTest, OpenedTellsTheViewerItsIdAndWindow) {
  session::StreamOpened opened;
  opened.viewer_id = 0xfedcba9876543210;
  opened.encoding = encoder::Encoding::kH264;
  opened.window_bytes = 4096;
  opened.heartbeat_interval = std::chrono::milliseconds(2000);
  opened.encoder = "libx264 ultrafast";
  const v1::StreamOpened parsed =
      ParseOf(*GrpcWireEncoder().Encode(opened)).opened();
  EXPECT_EQ(parsed.viewer_id(), 0xfedcba9876543210u);
  EXPECT_EQ(parsed.encoding(), v1::ENCODING_H264);
  EXPECT_EQ(parsed.window_bytes(), 4096u);
  EXPECT_EQ(parsed.heartbeat_interval_ms(), 2000u);
  EXPECT_EQ(parsed.encoder(), "libx264 ultrafast");
}

TEST(GrpcWireEncoderTest, AFormatTellsThePlaneOrWhyItIsOff) {
  session::StreamFormat format;
  format.generation = 2;
  format.plane = {.on = true,
                  .size = {640, 480},
                  .format = {FourccFromName("XR30"), 5},
                  .stride_bytes = 2560,
                  .converted = true};
  v1::StreamFormat parsed = ParseOf(*GrpcWireEncoder().Encode(format)).format();
  EXPECT_EQ(parsed.generation(), 2u);
  EXPECT_EQ(parsed.width_px(), 640u);
  EXPECT_EQ(parsed.height_px(), 480u);
  EXPECT_EQ(parsed.source_fourcc(), FourccFromName("XR30"));
  EXPECT_EQ(parsed.source_modifier(), 5u);
  EXPECT_TRUE(parsed.converted());
  EXPECT_EQ(parsed.state(), v1::DISPLAY_STATE_READY);

  format.plane = {};
  format.state_reason = "the guest's driver has not started";
  parsed = ParseOf(*GrpcWireEncoder().Encode(format)).format();
  EXPECT_EQ(parsed.state(), v1::DISPLAY_STATE_PLANE_OFF);
  EXPECT_EQ(parsed.width_px(), 0u);
  EXPECT_EQ(parsed.state_reason(), "the guest's driver has not started");
}

TEST(GrpcWireEncoderTest, APointerCarriesItsShapeOnlyWhenItIsNew) {
  auto shape = std::make_shared<capture::CursorShape>();
  shape->size = {2, 1};
  shape->bgra = {1, 2, 3, 4, 5, 6, 7, 8};
  const capture::Cursor cursor = {.visible = true,
                                  .x_px = -3,
                                  .y_px = 700,
                                  .hot_spot = Point{1, 0},
                                  .shape = shape};
  const GrpcWireEncoder encoder;
  v1::StreamFramesResponse parsed = ParseOf(*encoder.Encode(cursor, true));
  EXPECT_TRUE(parsed.cursor().visible());
  EXPECT_EQ(parsed.cursor().x_px(), -3);
  EXPECT_EQ(parsed.cursor().y_px(), 700);
  EXPECT_TRUE(parsed.cursor().has_hot_x_px());
  EXPECT_EQ(parsed.cursor().hot_x_px(), 1u);
  EXPECT_EQ(parsed.cursor().width_px(), 2u);
  EXPECT_EQ(parsed.cursor().height_px(), 1u);
  EXPECT_FALSE(parsed.cursor().shape_unknown());
  EXPECT_EQ(parsed.payload(), std::string("\1\2\3\4\5\6\7\10"));
  parsed = ParseOf(*encoder.Encode(cursor, false));
  EXPECT_EQ(parsed.cursor().x_px(), -3);
  EXPECT_EQ(parsed.cursor().width_px(), 0u);
  EXPECT_TRUE(parsed.payload().empty());
}

TEST(GrpcWireEncoderTest, APointerSaysWhatIsNotKnownOfIt) {
  const GrpcWireEncoder encoder;
  v1::StreamFramesResponse parsed =
      ParseOf(*encoder.Encode(capture::Cursor{.visible = true}, false));
  EXPECT_TRUE(parsed.cursor().shape_unknown());
  EXPECT_FALSE(parsed.cursor().has_hot_x_px());
  parsed = ParseOf(*encoder.Encode(capture::Cursor{}, false));
  EXPECT_TRUE(parsed.has_cursor());
  EXPECT_FALSE(parsed.cursor().visible());
}

TEST(GrpcWireEncoderTest, AHeartbeatIsAHeartbeat) {
  EXPECT_TRUE(ParseOf(*GrpcWireEncoder().EncodeHeartbeat()).has_heartbeat());
  EXPECT_EQ(ParseOf(*GrpcWireEncoder().EncodeEncoder("libaom-av1"))
                .encoder()
                .encoder(),
            "libaom-av1");
}

}  // namespace
}  // namespace oriel::wire
