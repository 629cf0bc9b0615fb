#include "encoder/band_hash.h"

#include <gtest/gtest.h>

namespace oriel::encoder {
namespace {

BandedPicture Numbered(Size size) {
  BandedPicture picture(size);
  for (int band = 0; band < picture.band_count(); ++band) {
    uint8_t* pixels = picture.MutableBand(band);
    const size_t count =
        picture.stride_bytes() * picture.BandRect(band).height_px;
    for (size_t i = 0; i < count; ++i) {
      pixels[i] = i % 4 == 3 ? 0xFF : static_cast<uint8_t>(i * 31 + band);
    }
  }
  return picture;
}

TEST(BandHashTest, EveryBandHashesLikeTheSameRowsOfAPlainPicture) {
  const BandedPicture banded = Numbered({37, 71});
  const Picture plain = banded.ToPicture();
  for (int band = 0; band < banded.band_count(); ++band) {
    const BandHash hash = HashBand(banded, band);
    EXPECT_EQ(hash.hash, HashRows(plain, hash.y_px, hash.height_px)) << band;
  }
}

TEST(BandHashTest, TheLastBandIsAsHighAsThePictureLeavesIt) {
  const BandHash hash = HashBand(Numbered({37, 71}), 2);
  EXPECT_EQ(hash.y_px, 64);
  EXPECT_EQ(hash.height_px, 7);
}

TEST(BandHashTest, OneChangedByteChangesTheHash) {
  BandedPicture picture = Numbered({37, 71});
  const uint64_t before = HashBand(picture, 1).hash;
  picture.MutableBand(1)[5] ^= 1;
  EXPECT_NE(HashBand(picture, 1).hash, before);
}

// A pinned number: both ends must use the same function with the same seed.
TEST(BandHashTest, IsXxh64WithSeedZero) {
  EXPECT_EQ(HashBand(BandedPicture({1, 1}), 0).hash, 0x9f874078be0c83ffu);
}

}  // namespace
}  // namespace oriel::encoder
