#include "encoder/video/whole_plane_encoder.h"

#include <gtest/gtest.h>

extern "C" {
#include <libavcodec/avcodec.h>
}

#include <set>

#include "encoder/test_pictures.h"
#include "encoder/video/test_decoder.h"

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

EncodeResult Encode(UpdateEncoder& encoder, const Picture& picture,
                    const Damage& damage, bool keyframe = false) {
  const BandedPicture banded = ToBanded(picture);
  const BandedPicture reference(picture.size());
  auto result = encoder.Encode({.picture = banded,
                                .reference = reference,
                                .damage = damage,
                                .keyframe = keyframe});
  EXPECT_TRUE(result.ok()) << result.status();
  return result.ok() ? *std::move(result) : EncodeResult{};
}

TEST(WholePlaneEncoderTest, AChangeIsOneAccessUnitOfTheWholePlane) {
  for (const VideoCodec codec :
       {VideoCodec::kH264, VideoCodec::kVp9, VideoCodec::kAv1}) {
    Typewriter typewriter;
    Picture picture = typewriter.Page({333, 251});
    const auto encoder = WholePlaneEncoder::Make(codec, {.size = {333, 251}});
    ASSERT_TRUE(encoder.ok()) << encoder.status();
    TestDecoder decoder(codec);
    Damage damage(Rect::Of(picture.size()));
    for (int i = 0; i < 5; ++i) {
      const EncodeResult result = Encode(**encoder, picture, damage);
      ASSERT_EQ(result.patches.size(), 1u);
      EXPECT_EQ(result.patches[0].rect, Rect::Of(picture.size()));
      EXPECT_EQ(std::get<Video>(result.patches[0].kind).codec, codec);
      EXPECT_EQ(std::get<Video>(result.patches[0].kind).stream_id, 0u);
      EXPECT_EQ(result.done, damage);
      EXPECT_EQ(result.keyframe, i == 0);
      const AVFrame* frame = decoder.Decode(*result.patches[0].payload);
      ASSERT_NE(frame, nullptr);
      EXPECT_GE(PsnrDb(*frame, picture, Rect::Of(picture.size())), 31);
      typewriter.DrawLine(picture, 10, 300, 16 * i);
      damage = Damage({10, 16 * i, 290, 16});
    }
  }
}

TEST(WholePlaneEncoderTest, AnH264KeyframeCarriesItsParameterSets) {
  const Picture picture = Typewriter().Page({640, 480});
  const auto encoder =
      WholePlaneEncoder::Make(VideoCodec::kH264, {.size = {640, 480}});
  ASSERT_TRUE(encoder.ok()) << encoder.status();
  const Damage all(Rect::Of(picture.size()));
  Encode(**encoder, picture, all);
  const EncodeResult result = Encode(**encoder, picture, all, true);
  EXPECT_TRUE(result.keyframe);
  ASSERT_EQ(result.patches.size(), 1u);
  EXPECT_TRUE(std::get<Video>(result.patches[0].kind).keyframe);
  const std::set<int> types = NalTypes(*result.patches[0].payload);
  EXPECT_TRUE(types.contains(kIdrSlice));
  EXPECT_TRUE(types.contains(kSequenceParameters));
  EXPECT_TRUE(types.contains(kPictureParameters));
}

}  // namespace
}  // namespace oriel::encoder
