#include "clients/cli/annex_b.h"

#include "gtest/gtest.h"

namespace oriel::clients {
namespace {

using Bytes = std::vector<uint8_t>;

TEST(AnnexBTest, SplitsAtLongAndShortStartCodes) {
  const Bytes unit = {0,    0, 0, 1, 0x67, 1, 2,    0, 0, 1,
                      0x68, 3, 0, 0, 0,    1, 0x65, 4, 0, 5};
  const auto units = SplitNalUnits(unit);
  ASSERT_EQ(units.size(), 3u);
  EXPECT_EQ(Bytes(units[0].begin(), units[0].end()), (Bytes{0x67, 1, 2}));
  EXPECT_EQ(Bytes(units[1].begin(), units[1].end()), (Bytes{0x68, 3}));
  EXPECT_EQ(Bytes(units[2].begin(), units[2].end()), (Bytes{0x65, 4, 0, 5}));
}

TEST(AnnexBTest, FindsNothingWithoutAStartCode) {
  EXPECT_TRUE(SplitNalUnits({}).empty());
  EXPECT_TRUE(SplitNalUnits(Bytes{0, 0}).empty());
  EXPECT_TRUE(SplitNalUnits(Bytes{1, 2, 3, 4}).empty());
  EXPECT_TRUE(SplitNalUnits(Bytes{0, 0, 1}).empty());
  EXPECT_TRUE(SplitNalUnits(Bytes{0, 0, 0, 1, 0, 0, 1}).empty());
}

TEST(AnnexBTest, KeepsOnlyTheParameterSets) {
  const Bytes keyframe = {0, 0, 1, 0x09, 0xF0, 0, 0, 1, 0x67, 1,
                          0, 0, 1, 0x68, 2,    0, 0, 1, 0x65, 9};
  const auto sets = ParameterSets(keyframe);
  ASSERT_TRUE(sets.ok()) << sets.status();
  EXPECT_EQ(*sets, (Bytes{0, 0, 0, 1, 0x67, 1, 0, 0, 0, 1, 0x68, 2}));
}

TEST(AnnexBTest, AKeyframeWithoutBothKindsIsRefused) {
  EXPECT_FALSE(ParameterSets(Bytes{0, 0, 1, 0x67, 1, 0, 0, 1, 0x65}).ok());
  EXPECT_FALSE(ParameterSets(Bytes{0, 0, 1, 0x68, 1, 0, 0, 1, 0x65}).ok());
  EXPECT_FALSE(ParameterSets({}).ok());
}

}  // namespace
}  // namespace oriel::clients
