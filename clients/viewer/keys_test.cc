#include "clients/viewer/keys.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace oriel::clients {
namespace {

TEST(KeysTest, EscLeavesFullScreenAndOnlyQQuits) {
  EXPECT_EQ(ActionOf(SDLK_ESCAPE), KeyAction::kLeaveFullscreen);
  for (SDL_Keycode key = 0; key < 128; ++key) {
    EXPECT_EQ(ActionOf(key) == KeyAction::kQuit, key == SDLK_q) << key;
  }
}

TEST(KeysTest, EveryActionHasALineOfItsOwn) {
  const std::string text = DescribeKeys("  ");
  for (const char* line :
       {"  f or F11: ", "\n  Esc: ", "\n  1: ", "\n  h or F1: ", "\n  q: "}) {
    EXPECT_THAT(text, ::testing::HasSubstr(line));
  }
}

TEST(KeysTest, WhatIsHeldBesideAnotherKeyIsAModifier) {
  EXPECT_TRUE(IsModifier(SDLK_LSHIFT));
  EXPECT_TRUE(IsModifier(SDLK_RGUI));
  EXPECT_FALSE(IsModifier(SDLK_a));
  EXPECT_EQ(ActionOf(SDLK_LSHIFT), KeyAction::kNone);
}

}  // namespace
}  // namespace oriel::clients
