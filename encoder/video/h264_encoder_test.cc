#include "encoder/video/h264_encoder.h"

#include <gtest/gtest.h>

extern "C" {
#include <libavcodec/avcodec.h>
}

#include <algorithm>
#include <chrono>
#include <cmath>
#include <set>

#include "encoder/test_pictures.h"

namespace oriel::encoder {
namespace {

// H.264 Annex B and table 7-1.
constexpr int kIdrSlice = 5;
constexpr int kSequenceParameters = 7;
constexpr int kPictureParameters = 8;

std::set<int> NalTypes(const std::vector<uint8_t>& bytes) {
  std::set<int> types;
  for (size_t i = 0; i + 3 < bytes.size(); ++i) {
    if (bytes[i] == 0 && bytes[i + 1] == 0 && bytes[i + 2] == 1) {
      types.insert(bytes[i + 3] & 0x1F);
    }
  }
  return types;
}

class Decoder {
 public:
  Decoder() {
    context_ = avcodec_alloc_context3(avcodec_find_decoder(AV_CODEC_ID_H264));
    context_->flags |= AV_CODEC_FLAG_LOW_DELAY;
    context_->thread_count = 1;
    EXPECT_EQ(avcodec_open2(context_, nullptr, nullptr), 0);
    frame_ = av_frame_alloc();
  }
  ~Decoder() {
    av_frame_free(&frame_);
    avcodec_free_context(&context_);
  }

  // The picture of one access unit; null when the decoder holds it back.
  const AVFrame* Decode(const std::vector<uint8_t>& access_unit) {
    AVPacket* packet = av_packet_alloc();
    av_new_packet(packet, static_cast<int>(access_unit.size()));
    std::copy(access_unit.begin(), access_unit.end(), packet->data);
    const int sent = avcodec_send_packet(context_, packet);
    av_packet_free(&packet);
    if (sent != 0) return nullptr;
    return avcodec_receive_frame(context_, frame_) == 0 ? frame_ : nullptr;
  }

 private:
  AVCodecContext* context_;
  AVFrame* frame_;
};

// Over blue, green and red, with chroma taken from the nearest sample.
double PsnrDb(const AVFrame& frame, const Picture& picture) {
  double squares = 0;
  for (int32_t y = 0; y < picture.size().height_px; ++y) {
    for (int32_t x = 0; x < picture.size().width_px; ++x) {
      const auto sample = [&](int plane, int shift) {
        return double(frame.data[plane][(y >> shift) * frame.linesize[plane] +
                                        (x >> shift)]);
      };
      const double luma = 255.0 / 219 * (sample(0, 0) - 16);
      const double blueness = 255.0 / 224 * (sample(1, 1) - 128);
      const double redness = 255.0 / 224 * (sample(2, 1) - 128);
      const double decoded[] = {
          luma + 1.8556 * blueness,
          luma - 0.1873 * blueness - 0.4681 * redness,
          luma + 1.5748 * redness,
      };
      for (int i = 0; i < 3; ++i) {
        const double clipped = std::clamp(decoded[i], 0.0, 255.0);
        squares += std::pow(clipped - picture.At(x, y)[i], 2);
      }
    }
  }
  const double mean = squares / (3.0 * picture.size().AreaPx());
  return 10 * std::log10(255 * 255 / std::max(mean, 1e-9));
}

std::unique_ptr<UpdateEncoder> Make(Size size, Quality quality) {
  auto encoder = H264Encoder::Make(
      {.encoding = Encoding::kH264, .quality = quality, .size = size});
  EXPECT_TRUE(encoder.ok()) << encoder.status();
  return encoder.ok() ? *std::move(encoder) : nullptr;
}

EncodeResult Encode(UpdateEncoder& encoder, const Picture& picture,
                    const Damage& damage, bool keyframe = false,
                    Time capture_time = {}) {
  const BandedPicture banded = ToBanded(picture);
  const BandedPicture reference(picture.size());
  auto result = encoder.Encode({.picture = banded,
                                .reference = reference,
                                .damage = damage,
                                .keyframe = keyframe,
                                .capture_time = capture_time});
  EXPECT_TRUE(result.ok()) << result.status();
  return result.ok() ? *std::move(result) : EncodeResult{};
}

Damage All(const Picture& picture) { return Damage(Rect::Of(picture.size())); }

TEST(H264EncoderTest, DecodedPicturesResembleTheirSource) {
  for (const Size size : {Size{640, 480}, Size{333, 251}, Size{2, 2}}) {
    for (const Picture& picture :
         {Typewriter().Page(size), SmoothPicture(size)}) {
      const auto encoder = Make(size, Quality::kMedium);
      const EncodeResult result = Encode(*encoder, picture, All(picture));
      ASSERT_EQ(result.patches.size(), 1u);
      EXPECT_EQ(result.patches[0].rect, Rect::Of(size));
      Decoder decoder;
      const AVFrame* frame = decoder.Decode(*result.patches[0].payload);
      ASSERT_NE(frame, nullptr);
      EXPECT_EQ(frame->colorspace, AVCOL_SPC_BT709);
      EXPECT_EQ(frame->color_range, AVCOL_RANGE_MPEG);
      EXPECT_GE(PsnrDb(*frame, picture), 35)
          << size.width_px << "x" << size.height_px;
    }
  }
}

TEST(H264EncoderTest, EachPictureIsOneAccessUnitThatDecodesAtOnce) {
  Typewriter typewriter;
  Picture picture = typewriter.Page({1280, 720});
  const auto encoder = Make(picture.size(), Quality::kMedium);
  Decoder decoder;
  for (int i = 0; i < 20; ++i) {
    typewriter.DrawLine(picture, 100, 1200, 16 * i);
    const Damage damage =
        i == 0 ? All(picture) : Damage({100, 16 * i, 1100, 16});
    const EncodeResult result = Encode(*encoder, picture, damage);
    ASSERT_EQ(result.patches.size(), 1u);
    EXPECT_EQ(result.keyframe, i == 0);
    EXPECT_EQ(result.done, damage);
    const AVFrame* frame = decoder.Decode(*result.patches[0].payload);
    ASSERT_NE(frame, nullptr) << i;
    EXPECT_GE(PsnrDb(*frame, picture), 33) << i;
  }
}

TEST(H264EncoderTest, AKeyframeOnRequestDecodesOnItsOwn) {
  const Picture picture = Typewriter().Page({640, 480});
  const auto encoder = Make(picture.size(), Quality::kMedium);
  Encode(*encoder, picture, All(picture));
  const EncodeResult between = Encode(*encoder, picture, All(picture));
  EXPECT_FALSE(between.keyframe);
  const EncodeResult result = Encode(*encoder, picture, All(picture), true);
  ASSERT_EQ(result.patches.size(), 1u);
  EXPECT_TRUE(result.keyframe);
  EXPECT_TRUE(std::get<Video>(result.patches[0].kind).keyframe);
  const std::set<int> types = NalTypes(*result.patches[0].payload);
  EXPECT_TRUE(types.contains(kIdrSlice));
  EXPECT_TRUE(types.contains(kSequenceParameters));
  EXPECT_TRUE(types.contains(kPictureParameters));
  EXPECT_NE(Decoder().Decode(*result.patches[0].payload), nullptr);
}

TEST(H264EncoderTest, AKeyframeComesAtTheLatestAfterTenSecondsOfPictures) {
  const Picture picture = SmoothPicture({64, 64});
  auto encoder = H264Encoder::Make(
      {.encoding = Encoding::kH264, .size = {64, 64}, .max_rate_hz = 5});
  ASSERT_TRUE(encoder.ok());
  for (int i = 0; i <= 50; ++i) {
    EXPECT_EQ(Encode(**encoder, picture, All(picture)).keyframe, i % 50 == 0)
        << i;
  }
}

TEST(H264EncoderTest, SharpCutsAreNoKeyframes) {
  const auto encoder = Make({640, 480}, Quality::kMedium);
  const Picture page = Typewriter().Page({640, 480});
  const Picture smooth = SmoothPicture({640, 480});
  Encode(*encoder, page, All(page));
  EXPECT_FALSE(Encode(*encoder, smooth, All(smooth)).keyframe);
}

TEST(H264EncoderTest, BetterQualityCostsMoreBytes) {
  const Picture page = Typewriter().Page({640, 480});
  size_t last = 0;
  for (const Quality quality :
       {Quality::kLow, Quality::kMedium, Quality::kHigh}) {
    const auto encoder = Make(page.size(), quality);
    const EncodeResult result = Encode(*encoder, page, All(page));
    EXPECT_GT(result.patches[0].payload->size(), last);
    last = result.patches[0].payload->size();
  }
}

TEST(H264EncoderTest, CaptureTimesThatStandStillOrGoBackAreNoError) {
  const Picture page = Typewriter().Page({64, 64});
  const auto encoder = Make(page.size(), Quality::kLow);
  for (const int seconds : {100, 100, 50, 100'000}) {
    EXPECT_EQ(Encode(*encoder, page, All(page), false,
                     Time(std::chrono::seconds(seconds)))
                  .patches.size(),
              1u);
  }
}

}  // namespace
}  // namespace oriel::encoder
