#include "base/nearest_name.h"

#include "gtest/gtest.h"

namespace oriel {
namespace {

const std::vector<std::string> kFields = {
    "name", "group", "vfio_user", "inherited_fd", "framebuffer", "max_rate_hz"};

TEST(NearestNameTest, FindsWhatASlipOfTheFingerMeant) {
  EXPECT_EQ(NearestName("nmae", kFields), "name");
  EXPECT_EQ(NearestName("gruop", kFields), "group");
  EXPECT_EQ(NearestName("vfiouser", kFields), "vfio_user");
  EXPECT_EQ(NearestName("frame_buffer", kFields), "framebuffer");
}

TEST(NearestNameTest, FindsNamesThatBeginAlike) {
  EXPECT_EQ(NearestName("max_rate", kFields), "max_rate_hz");
  EXPECT_EQ(NearestName("group_device", kFields), "group");
}

TEST(NearestNameTest, SaysNothingWhenNothingIsNear) {
  EXPECT_EQ(NearestName("colour_space", kFields), "");
  EXPECT_EQ(NearestName("", kFields), "");
  EXPECT_EQ(NearestName("x", kFields), "");
  EXPECT_EQ(NearestName(std::string(100000, 'a'), kFields), "");
  EXPECT_EQ(NearestName("name", {}), "");
}

}  // namespace
}  // namespace oriel
