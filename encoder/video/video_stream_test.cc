#include "encoder/video/video_stream.h"

#include <gtest/gtest.h>

extern "C" {
#include <libavcodec/avcodec.h>
}

#include <chrono>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "absl/status/status.h"
#include "encoder/test_pictures.h"
#include "encoder/video/probe.h"
#include "encoder/video/test_decoder.h"

namespace oriel::encoder {
namespace {

using std::chrono::milliseconds;

constexpr VideoCodec kCodecs[] = {VideoCodec::kH264, VideoCodec::kVp9,
                                  VideoCodec::kAv1};

std::unique_ptr<VideoStream> Open(const VideoStreamOptions& options) {
  auto stream = VideoStream::Open(options);
  EXPECT_TRUE(stream.ok()) << stream.status();
  return stream.ok() ? *std::move(stream) : nullptr;
}

Patch Encode(VideoStream& stream, const Picture& picture, const Damage& damage,
             bool keyframe = false, Time capture_time = {}) {
  auto patch = stream.Encode(ToBanded(picture), damage, keyframe, capture_time);
  EXPECT_TRUE(patch.ok()) << patch.status();
  return patch.ok() ? *std::move(patch) : Patch{};
}

bool IsKeyframe(const Patch& patch) {
  return patch.payload != nullptr && std::get<Video>(patch.kind).keyframe;
}

Damage All(const Picture& picture) { return Damage(Rect::Of(picture.size())); }

class VideoStreamTest
    : public testing::TestWithParam<std::tuple<VideoCodec, bool>> {
 protected:
  VideoCodec codec() const { return std::get<0>(GetParam()); }
  bool chroma_444() const { return std::get<1>(GetParam()); }
  std::unique_ptr<VideoStream> OpenArea(const Rect& area,
                                        Quality quality = Quality::kMedium) {
    return Open({.codec = codec(),
                 .area = area,
                 .quality = quality,
                 .chroma_444 = chroma_444(),
                 .stream_id = 7});
  }
};

TEST_P(VideoStreamTest, AnyAreaComesBackResemblingItsSource) {
  const Size size = {401, 303};
  for (const Picture& picture :
       {Typewriter().Page(size), SmoothPicture(size)}) {
    for (const Rect& area :
         {Rect::Of(size), Rect{32, 64, 320, 192}, Rect{3, 5, 333, 251},
          Rect{400, 302, 1, 1}, Rect{17, 31, 66, 2}}) {
      const auto stream = OpenArea(area);
      ASSERT_NE(stream, nullptr);
      const Patch patch = Encode(*stream, picture, All(picture));
      EXPECT_EQ(patch.rect, area);
      ASSERT_NE(patch.payload, nullptr);
      EXPECT_EQ(std::get<Video>(patch.kind),
                (Video{.stream_id = 7, .codec = codec(), .keyframe = true}));
      TestDecoder decoder(codec());
      const AVFrame* frame = decoder.Decode(*patch.payload);
      ASSERT_NE(frame, nullptr);
      EXPECT_EQ(frame->width, area.width_px + area.width_px % 2);
      EXPECT_EQ(frame->height, area.height_px + area.height_px % 2);
      EXPECT_EQ(frame->format,
                chroma_444() ? AV_PIX_FMT_YUV444P : AV_PIX_FMT_YUV420P);
      EXPECT_EQ(frame->colorspace, AVCOL_SPC_BT709);
      EXPECT_EQ(frame->color_range, AVCOL_RANGE_MPEG);
      EXPECT_GE(PsnrDb(*frame, picture, area), 33)
          << area.width_px << "x" << area.height_px;
    }
  }
}

TEST_P(VideoStreamTest, EachPictureIsOneAccessUnitThatDecodesAtOnce) {
  Typewriter typewriter;
  Picture picture = typewriter.Page({900, 500});
  const Rect area = {101, 33, 641, 361};
  const auto stream = OpenArea(area);
  TestDecoder decoder(codec());
  Damage damage = All(picture);
  for (int i = 0; i < 20; ++i) {
    const Patch patch =
        Encode(*stream, picture, damage, false, Time(milliseconds(i * 16)));
    ASSERT_NE(patch.payload, nullptr) << i;
    EXPECT_EQ(IsKeyframe(patch), i == 0) << i;
    const AVFrame* frame = decoder.Decode(*patch.payload);
    ASSERT_NE(frame, nullptr) << i;
    EXPECT_GE(PsnrDb(*frame, picture, area), 31) << i;
    typewriter.DrawLine(picture, 150, 700, 40 + 16 * i);
    damage = Damage({150, 40 + 16 * i, 550, 16});
  }
}

TEST_P(VideoStreamTest, AKeyframeOnRequestDecodesOnItsOwn) {
  const Picture picture = Typewriter().Page({320, 240});
  const Rect area = {10, 20, 300, 200};
  const auto stream = OpenArea(area);
  Encode(*stream, picture, All(picture));
  EXPECT_FALSE(IsKeyframe(Encode(*stream, picture, All(picture))));
  const Patch patch = Encode(*stream, picture, All(picture), true);
  ASSERT_TRUE(IsKeyframe(patch));
  TestDecoder decoder(codec());
  const AVFrame* frame = decoder.Decode(*patch.payload);
  ASSERT_NE(frame, nullptr);
  EXPECT_GE(PsnrDb(*frame, picture, area), 33);
  EXPECT_FALSE(IsKeyframe(Encode(*stream, picture, All(picture))));
}

TEST_P(VideoStreamTest, SharpCutsAreNoKeyframes) {
  const auto stream = OpenArea(Rect::Of({640, 480}));
  const Picture page = Typewriter().Page({640, 480});
  const Picture smooth = SmoothPicture({640, 480});
  Encode(*stream, page, All(page));
  EXPECT_FALSE(IsKeyframe(Encode(*stream, smooth, All(smooth))));
}

// Not of a page: AV1's palettes have few colours in any quality.
TEST_P(VideoStreamTest, BetterQualityCostsMoreBytesAndComesCloser) {
  const Picture film = FilmPicture({640, 480}, 0);
  size_t last_bytes = 0;
  double last_psnr_db = 0;
  for (const Quality quality :
       {Quality::kLow, Quality::kMedium, Quality::kHigh}) {
    const auto stream = OpenArea(Rect::Of(film.size()), quality);
    const Patch patch = Encode(*stream, film, All(film));
    EXPECT_GT(patch.payload->size(), last_bytes);
    last_bytes = patch.payload->size();
    TestDecoder decoder(codec());
    const AVFrame* frame = decoder.Decode(*patch.payload);
    ASSERT_NE(frame, nullptr);
    const double psnr_db = PsnrDb(*frame, film, Rect::Of(film.size()));
    EXPECT_GT(psnr_db, last_psnr_db);
    last_psnr_db = psnr_db;
  }
}

TEST_P(VideoStreamTest, ItsDescriptionNamesEncoderAndChroma) {
  const auto stream = OpenArea({0, 0, 64, 64});
  const std::string description = stream->description();
  EXPECT_TRUE(description.ends_with(chroma_444() ? " 4:4:4" : " 4:2:0"))
      << description;
}

INSTANTIATE_TEST_SUITE_P(CodecsAndChroma, VideoStreamTest,
                         testing::Combine(testing::ValuesIn(kCodecs),
                                          testing::Bool()),
                         [](const auto& info) {
                           return std::string(
                                      CodecName(std::get<0>(info.param))) +
                                  (std::get<1>(info.param) ? "_444" : "_420");
                         });

class VideoStreamTimingTest : public testing::TestWithParam<VideoCodec> {};

TEST_P(VideoStreamTimingTest, AKeyframeComesAtTheLatestAfterTwoSeconds) {
  const Picture picture = SmoothPicture({64, 64});
  const auto stream = Open({.codec = GetParam(), .area = {0, 0, 64, 64}});
  // Capture times come in whatever steps pictures change.
  const std::set<int> keyframes_ms = {100'000, 102'000, 104'300, 109'000};
  for (const int ms : {100'000, 100'500, 101'999, 102'000, 102'001, 103'900,
                       104'300, 105'000, 109'000}) {
    EXPECT_EQ(IsKeyframe(Encode(*stream, picture, All(picture), false,
                                Time(milliseconds(ms)))),
              keyframes_ms.contains(ms))
        << ms;
  }
}

TEST_P(VideoStreamTimingTest, AForcedKeyframeBeginsTheTwoSecondsAnew) {
  const Picture picture = SmoothPicture({64, 64});
  const auto stream = Open({.codec = GetParam(), .area = {0, 0, 64, 64}});
  const auto encode = [&](int ms, bool keyframe) {
    return IsKeyframe(Encode(*stream, picture, All(picture), keyframe,
                             Time(milliseconds(ms))));
  };
  EXPECT_TRUE(encode(0, false));
  EXPECT_TRUE(encode(1'500, true));
  EXPECT_FALSE(encode(2'500, false));
  EXPECT_TRUE(encode(3'500, false));
}

TEST_P(VideoStreamTimingTest, AnUnchangedAreaIsNotEncoded) {
  const Picture picture = SmoothPicture({128, 128});
  const auto stream = Open({.codec = GetParam(), .area = {32, 32, 64, 64}});
  Encode(*stream, picture, All(picture));
  for (const Damage& damage :
       {Damage(), Damage({0, 0, 128, 32}), Damage({96, 0, 32, 128})}) {
    const Patch patch = Encode(*stream, picture, damage, false,
                               Time(std::chrono::seconds(100)));
    EXPECT_EQ(patch.payload, nullptr);
    EXPECT_TRUE(patch.rect.empty());
  }
  EXPECT_TRUE(IsKeyframe(Encode(*stream, picture, Damage(), true)));
}

TEST_P(VideoStreamTimingTest, TheSamePictureAgainIsAnotherAccessUnit) {
  const Picture picture = SmoothPicture({128, 128});
  const auto stream = Open({.codec = GetParam(), .area = {32, 32, 64, 64}});
  Encode(*stream, picture, All(picture));
  const auto again = stream->EncodeAgain(ToBanded(picture), Time());
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->rect, stream->area());
  EXPECT_NE(again->payload, nullptr);
  EXPECT_FALSE(IsKeyframe(*again));
}

TEST_P(VideoStreamTimingTest, CaptureTimesThatStandStillOrGoBackAreNoError) {
  const Picture page = Typewriter().Page({64, 64});
  const auto stream = Open({.codec = GetParam(), .area = {0, 0, 64, 64}});
  for (const int seconds : {100, 100, 50, 100'000}) {
    EXPECT_NE(Encode(*stream, page, All(page), false,
                     Time(std::chrono::seconds(seconds)))
                  .payload,
              nullptr);
  }
}

TEST_P(VideoStreamTimingTest, WhatNoCodecHasALevelForIsRefused) {
  for (const Rect& area : {Rect{0, 0, 16'000, 16'000}, Rect{0, 0, 17'000, 16},
                           Rect{0, 0, 0, 10}, Rect{-1, 0, 10, 10}}) {
    EXPECT_EQ(
        VideoStream::Open({.codec = GetParam(), .area = area}).status().code(),
        absl::StatusCode::kInvalidArgument);
  }
}

INSTANTIATE_TEST_SUITE_P(Codecs, VideoStreamTimingTest,
                         testing::ValuesIn(kCodecs), [](const auto& info) {
                           return CodecName(info.param);
                         });

// Encodes through libx264 until it is to fail.
class FailingBackend : public EncoderBackend {
 public:
  FailingBackend(std::unique_ptr<EncoderBackend> real, const int* pictures_left)
      : real_(std::move(real)), pictures_left_(pictures_left) {}
  absl::StatusOr<AccessUnit> Encode(AVFrame& frame) override {
    if (*pictures_left_ <= 0) return absl::InternalError("the GPU hung");
    return real_->Encode(frame);
  }
  std::string description() const override { return "failing"; }

 private:
  const std::unique_ptr<EncoderBackend> real_;
  const int* const pictures_left_;
};

class FailingEncoderTest : public testing::Test {
 protected:
  EncoderChoice Failing() {
    return {.name = "failing",
            .open = [this](const BackendOptions& options)
                -> absl::StatusOr<std::unique_ptr<EncoderBackend>> {
              ++opened_;
              if (!opens_) return absl::UnavailableError("no free session");
              auto real = Real().open(options);
              if (!real.ok()) return real.status();
              return std::make_unique<FailingBackend>(*std::move(real),
                                                      &pictures_left_);
            }};
  }
  static EncoderChoice Real() {
    return UsableEncoders(VideoCodec::kH264, Chroma::k420).back();
  }
  std::unique_ptr<VideoStream> OpenWith(std::vector<EncoderChoice> choices) {
    auto stream =
        VideoStream::Open({.area = {5, 7, 91, 61}}, std::move(choices));
    EXPECT_TRUE(stream.ok()) << stream.status();
    return stream.ok() ? *std::move(stream) : nullptr;
  }

  const Picture picture_ = Typewriter().Page({100, 80});
  bool opens_ = true;
  int opened_ = 0;
  int pictures_left_ = 2;
};

TEST_F(FailingEncoderTest, TheNextOneGoesOnWithAKeyframeOfTheSamePicture) {
  const auto stream = OpenWith({Failing(), Real()});
  EXPECT_TRUE(IsKeyframe(Encode(*stream, picture_, All(picture_))));
  pictures_left_ = 0;
  // Only a part is damaged, and all of it is in the keyframe.
  const Patch patch = Encode(*stream, picture_, Damage({10, 10, 4, 4}));
  ASSERT_TRUE(IsKeyframe(patch));
  TestDecoder decoder(VideoCodec::kH264);
  const AVFrame* frame = decoder.Decode(*patch.payload);
  ASSERT_NE(frame, nullptr);
  EXPECT_GE(PsnrDb(*frame, picture_, stream->area()), 33);
  EXPECT_EQ(stream->description(), "libx264 ultrafast 4:2:0");
  EXPECT_FALSE(IsKeyframe(Encode(*stream, picture_, All(picture_))));
  EXPECT_EQ(opened_, 1);
}

TEST_F(FailingEncoderTest, OneThatDoesNotOpenIsPassedOver) {
  opens_ = false;
  const auto stream = OpenWith({Failing(), Failing(), Real()});
  ASSERT_NE(stream, nullptr);
  EXPECT_EQ(stream->description(), "libx264 ultrafast 4:2:0");
  EXPECT_TRUE(IsKeyframe(Encode(*stream, picture_, All(picture_))));
}

TEST_F(FailingEncoderTest, TheLastOneIsOpenedAnewAtTheNextPicture) {
  const auto stream = OpenWith({Failing()});
  Encode(*stream, picture_, All(picture_));
  pictures_left_ = 0;
  const auto failed =
      stream->Encode(ToBanded(picture_), All(picture_), false, {});
  EXPECT_EQ(failed.status().code(), absl::StatusCode::kInternal);
  opens_ = false;
  EXPECT_EQ(stream->Encode(ToBanded(picture_), All(picture_), false, {})
                .status()
                .code(),
            absl::StatusCode::kUnavailable);
  opens_ = true;
  pictures_left_ = 5;
  EXPECT_TRUE(IsKeyframe(Encode(*stream, picture_, Damage({10, 10, 1, 1}))));
}

TEST_F(FailingEncoderTest, OneThatCannotKeepPaceGivesWayToOneThatCan) {
  pictures_left_ = 1000;
  Time now;
  std::string encoder;
  auto stream = VideoStream::Open(
      {.area = {5, 7, 91, 61},
       .now =
           [&] {
             // Each picture begins and ends with a look at the clock.
             now += milliseconds(encoder == "failing" ? 500 : 1);
             return now;
           }},
      {Failing(), Real()});
  ASSERT_TRUE(stream.ok()) << stream.status();
  std::vector<std::string> encoders;
  for (int i = 0; i < 50; ++i) {
    encoder = (*stream)->description();
    const bool first = encoders.empty() || encoders.back() != encoder;
    if (first) encoders.push_back(encoder);
    EXPECT_EQ(IsKeyframe(Encode(**stream, picture_, All(picture_))), first);
  }
  EXPECT_EQ(encoders,
            (std::vector<std::string>{"failing", "libx264 ultrafast 4:2:0"}));
}

TEST_F(FailingEncoderTest, WithoutAnyEncoderTheReasonsAreTold) {
  const auto stream =
      VideoStream::Open({.area = {0, 0, 64, 64}}, std::vector<EncoderChoice>());
  EXPECT_EQ(stream.status().code(), absl::StatusCode::kUnimplemented);
}

}  // namespace
}  // namespace oriel::encoder
