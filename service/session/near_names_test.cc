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

TEST(NearNamesTest, NothingNearPointsToTheList) {
  EXPECT_EQ(NearNamesHint("zzzzzz", {"desk", "lab", "roof", "cellar"}),
            "; ListDisplays tells those there are");
}

TEST(NearNamesTest, NoDisplayAtAllIsSaid) {
  EXPECT_EQ(NearNamesHint("a", {}), "; no display is configured");
}

}  // namespace
}  // namespace oriel::session
