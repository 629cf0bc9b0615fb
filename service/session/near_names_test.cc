#include "service/session/near_names.h"

#include <gtest/gtest.h>

namespace oriel::session {
namespace {

TEST(NearNamesTest, AFewNamesAreAllTold) {
  EXPECT_EQ(NearNamesHint("x", {"office", "lab"}), "; there is lab, office");
}

TEST(NearNamesTest, OfManyOnlyTheNearAreTold) {
  EXPECT_EQ(NearNamesHint("dsk-1", {"desk-1", "lab", "roof", "cellar"}),
            "; near names: desk-1");
}

TEST(NearNamesTest, WithNothingNearAllAreToldIfTheyAreNotTooMany) {
  EXPECT_EQ(NearNamesHint("zzzzzz", {"desk", "lab", "roof", "cellar"}),
            "; there are desk, lab, roof, cellar");
}

TEST(NearNamesTest, OfTooManyTheFirstAndTheNumberOfOthersAreTold) {
  std::vector<std::string> known;
  for (char c = 'a'; c < 'a' + 8; ++c) known.emplace_back(1, c);
  EXPECT_EQ(NearNamesHint("zzzzzz", known),
            "; there are a, b, c, d, e, f, g, h");
  known.insert(known.end(), 12, "desk");
  EXPECT_EQ(NearNamesHint("zzzzzz", known),
            "; there are a, b, c, d, e, f, g, h and 12 more");
}

TEST(NearNamesTest, NoDisplayAtAllIsSaid) {
  EXPECT_EQ(NearNamesHint("a", {}), "; there is none at all now");
}

}  // namespace
}  // namespace oriel::session
