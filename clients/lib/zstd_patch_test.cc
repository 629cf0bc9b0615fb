#include "clients/lib/zstd_patch.h"

#include <gtest/gtest.h>
#include <zstd.h>

#include <memory>
#include <vector>

namespace oriel::clients {
namespace {

using Bytes = std::vector<uint8_t>;

Bytes Pixels(size_t count) {
  Bytes pixels(count * 4);
  for (size_t i = 0; i < pixels.size(); ++i) {
    pixels[i] = i % 4 == 3 ? 0xFF : static_cast<uint8_t>(i * i / 7);
  }
  return pixels;
}

Bytes Compressed(const Bytes& content, const Bytes& prefix = {},
                 bool with_size = true) {
  std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(
      ZSTD_createCCtx(), &ZSTD_freeCCtx);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_contentSizeFlag, with_size);
  ZSTD_CCtx_refPrefix(context.get(), prefix.data(), prefix.size());
  Bytes out(ZSTD_compressBound(content.size()));
  out.resize(ZSTD_compress2(context.get(), out.data(), out.size(),
                            content.data(), content.size()));
  return out;
}

absl::StatusCode Decode(const Bytes& payload, const Bytes& prefix, Bytes& out) {
  return ZstdPatchDecoder().Decode(payload, prefix, out).code();
}

constexpr absl::StatusCode kOk = absl::StatusCode::kOk;
constexpr absl::StatusCode kInvalid = absl::StatusCode::kInvalidArgument;

TEST(ZstdPatchDecoderTest, IntraGivesThePixelsBack) {
  Bytes out(4000);
  EXPECT_EQ(Decode(Compressed(Pixels(1000)), {}, out), kOk);
  EXPECT_EQ(out, Pixels(1000));
}

TEST(ZstdPatchDecoderTest, DeltaGivesThePixelsBackWithItsPrefix) {
  Bytes out(4000);
  EXPECT_EQ(Decode(Compressed(Pixels(1000), Pixels(3000)), Pixels(3000), out),
            kOk);
  EXPECT_EQ(out, Pixels(1000));
}

TEST(ZstdPatchDecoderTest, GreyPixelsAreAByteEachAndSeeThePrefixesGreen) {
  Bytes shades(1000);
  Bytes expected;
  for (size_t i = 0; i < shades.size(); ++i) {
    shades[i] = static_cast<uint8_t>(i * i / 7);
    expected.insert(expected.end(), {shades[i], shades[i], shades[i], 0xFF});
  }
  const Bytes prefix = Pixels(3000);
  Bytes green;
  for (size_t i = 1; i < prefix.size(); i += 4) green.push_back(prefix[i]);
  ZstdPatchDecoder decoder;
  Bytes out(4000);
  EXPECT_TRUE(decoder.DecodeGrey(Compressed(shades), {}, out).ok());
  EXPECT_EQ(out, expected);
  out.assign(4000, 0);
  EXPECT_TRUE(decoder.DecodeGrey(Compressed(shades, green), prefix, out).ok());
  EXPECT_EQ(out, expected);
  // As many bytes as BGRX has.
  EXPECT_EQ(decoder.DecodeGrey(Compressed(Pixels(1000)), {}, out).code(),
            kInvalid);
}

TEST(ZstdPatchDecoderTest, ThePrefixOfOnePatchIsForgottenBeforeTheNext) {
  ZstdPatchDecoder decoder;
  Bytes out(4000);
  const Bytes delta = Compressed(Pixels(1000), Pixels(3000));
  EXPECT_TRUE(decoder.Decode(delta, Pixels(3000), out).ok());
  EXPECT_FALSE(decoder.Decode(delta, {}, out).ok() && out == Pixels(1000));
  EXPECT_TRUE(decoder.Decode(Compressed(Pixels(1000)), {}, out).ok());
  EXPECT_EQ(out, Pixels(1000));
}

TEST(ZstdPatchDecoderTest, AnotherSizeThanThePatchHasIsRefused) {
  for (const size_t size : {size_t{0}, size_t{3996}, size_t{4004}}) {
    Bytes out(size);
    EXPECT_EQ(Decode(Compressed(Pixels(1000)), {}, out), kInvalid) << size;
  }
}

TEST(ZstdPatchDecoderTest, AFrameWithoutItsContentSizeIsRefused) {
  Bytes out(4000);
  EXPECT_EQ(Decode(Compressed(Pixels(1000), {}, false), {}, out), kInvalid);
}

TEST(ZstdPatchDecoderTest, TwoFramesOrBytesBehindOneAreRefused) {
  Bytes twice = Compressed(Pixels(500));
  const Bytes once = twice;
  twice.insert(twice.end(), once.begin(), once.end());
  Bytes out(2000);
  EXPECT_EQ(Decode(once, {}, out), kOk);
  EXPECT_EQ(Decode(twice, {}, out), kInvalid);
}

TEST(ZstdPatchDecoderTest, EveryTruncationIsRefused) {
  const Bytes whole = Compressed(Pixels(200));
  Bytes out(800);
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(Decode(Bytes(whole.begin(), whole.begin() + size), {}, out),
              kInvalid)
        << size;
  }
}

TEST(ZstdPatchDecoderTest, APixelWhoseXIsNotSetIsRefused) {
  Bytes pixels = Pixels(100);
  pixels[43] = 0xFE;
  Bytes out(400);
  EXPECT_EQ(Decode(Compressed(pixels), {}, out), kInvalid);
}

}  // namespace
}  // namespace oriel::clients
