#include "base/picture/pixel_format.h"

#include <libdrm/drm_fourcc.h>

#include "gtest/gtest.h"

namespace oriel {
namespace {

TEST(PixelFormatTest, NamesAgreeWithTheKernelsCodes) {
  EXPECT_EQ(FourccName(DRM_FORMAT_XRGB8888), "XR24");
  EXPECT_EQ(FourccFromName("XR24"), uint32_t{DRM_FORMAT_XRGB8888});
  EXPECT_EQ(FourccFromName("RG16"), uint32_t{DRM_FORMAT_RGB565});
  EXPECT_EQ(FourccFromName("XB30"), uint32_t{DRM_FORMAT_XBGR2101010});
}

TEST(PixelFormatTest, NameOfAnyPrintableCodeLeadsBack) {
  for (const char* name : {"AR24", "NV12", "!~#%", "0000"}) {
    EXPECT_EQ(FourccName(FourccFromName(name)), name);
  }
}

TEST(PixelFormatTest, UnprintableCodesAreShownInHexadecimal) {
  EXPECT_EQ(FourccName(0), "0x00000000");
  EXPECT_EQ(FourccName(0x0a345258), "0x0a345258");
  EXPECT_EQ(FourccName(0xff345258), "0xff345258");
}

TEST(PixelFormatTest, NamesOfOtherLengthsHaveNoCode) {
  for (const char* name : {"", "XR2", "XR240"}) {
    EXPECT_EQ(FourccFromName(name), 0u) << name;
  }
}

TEST(PixelFormatTest, ModifierIsShownUnlessLinear) {
  EXPECT_EQ((PixelFormat{DRM_FORMAT_XRGB8888, 0}).ToString(), "XR24");
  EXPECT_EQ(
      (PixelFormat{DRM_FORMAT_XRGB8888, I915_FORMAT_MOD_X_TILED}).ToString(),
      "XR24 modifier 0x100000000000001");
}

}  // namespace
}  // namespace oriel
