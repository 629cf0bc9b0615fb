#include <gtest/gtest.h>

#include "encoder/update_encoder.h"

namespace oriel::encoder {
namespace {

TEST(MakeUpdateEncoderTest, LosslessIsExactAndCatchesUp) {
  const auto encoder =
      MakeUpdateEncoder({.encoding = Encoding::kLossless, .size = {640, 480}});
  ASSERT_TRUE(encoder.ok()) << encoder.status();
  EXPECT_TRUE((*encoder)->exact());
  EXPECT_EQ((*encoder)->join_by(), JoinBy::kCatchUp);
}

TEST(MakeUpdateEncoderTest, VideoIsNotExactAndJoinsByKeyframe) {
  for (const Encoding encoding :
       {Encoding::kH264, Encoding::kVp9, Encoding::kAv1}) {
    const auto encoder =
        MakeUpdateEncoder({.encoding = encoding, .size = {640, 480}});
    ASSERT_TRUE(encoder.ok()) << encoder.status();
    EXPECT_FALSE((*encoder)->exact());
    EXPECT_EQ((*encoder)->join_by(), JoinBy::kKeyframe);
  }
}

TEST(MakeUpdateEncoderTest, WhatIsUsableCanBeMadeAndBeginsWithAdaptive) {
  const std::vector<Encoding> usable = UsableEncodings();
  ASSERT_FALSE(usable.empty());
  EXPECT_EQ(usable.front(), Encoding::kAdaptive);
  for (const Encoding encoding : usable) {
    EXPECT_TRUE(
        MakeUpdateEncoder({.encoding = encoding, .size = {64, 64}}).ok())
        << EncodingName(encoding);
  }
}

TEST(MakeUpdateEncoderTest, ImpossibleSizesAreRefused) {
  for (const Encoding encoding :
       {Encoding::kLossless, Encoding::kH264, Encoding::kVp9, Encoding::kAv1}) {
    for (const Size size : {Size{0, 480}, Size{640, -1}, Size{20000, 480}}) {
      const auto encoder =
          MakeUpdateEncoder({.encoding = encoding, .size = size});
      EXPECT_EQ(encoder.status().code(), absl::StatusCode::kInvalidArgument)
          << size.width_px << "x" << size.height_px;
    }
  }
}

TEST(MakeUpdateEncoderTest, VideoRefusesMoreMacroblocksThanALevelHas) {
  const auto encoder =
      MakeUpdateEncoder({.encoding = Encoding::kH264, .size = {16000, 16000}});
  EXPECT_EQ(encoder.status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace oriel::encoder
