#include "clients/viewer/first_look.h"

#include "clients/lib/fake_orield.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace oriel::clients {
namespace {

TEST(FirstLookTest, FindsTheDisplayByItsNameOrAsTheOnlyOne) {
  FakeOrield server;
  server.displays.push_back(ReadyDisplay("vm7"));
  server.displays.back().set_state(v1::DISPLAY_STATE_UNAVAILABLE);
  EXPECT_EQ(*LookForDisplay(server.address(), "vm7"), "vm7");
  EXPECT_EQ(*LookForDisplay(server.address(), ""), "vm7");
}

TEST(FirstLookTest, WhatIsNotThereIsSaidAtOnce) {
  FakeOrield server;
  server.displays.push_back(ReadyDisplay("vm7"));
  server.displays.push_back(ReadyDisplay("vm8"));
  EXPECT_TRUE(
      absl::IsNotFound(LookForDisplay(server.address(), "nope").status()));
  const absl::Status which = LookForDisplay(server.address(), "").status();
  EXPECT_TRUE(absl::IsInvalidArgument(which));
  EXPECT_THAT(std::string(which.message()), ::testing::HasSubstr("vm7, vm8"));
  server.Stop();
  EXPECT_TRUE(
      absl::IsUnavailable(LookForDisplay(server.address(), "vm7").status()));
}

}  // namespace
}  // namespace oriel::clients
