#include "base/display_name.h"

#include <set>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace oriel {
namespace {

using testing::MatchesRegex;

std::string NameFor(const std::string& text) {
  return DisplayNameFor(text, kMaxDisplayNameBytes);
}

TEST(DisplayNameTest, WhatIsANameStaysAsItIs) {
  for (const std::string name :
       {"win11", "a", "vm-1_x.y:0", "-", "..", "83b8f4f2"}) {
    EXPECT_TRUE(IsDisplayName(name));
    EXPECT_EQ(NameFor(name), name);
  }
  EXPECT_TRUE(IsDisplayName(std::string(64, 'a')));
  for (const std::string name : {"", "a b", "a/b", "B\u00fcro", "a\n"}) {
    EXPECT_FALSE(IsDisplayName(name));
  }
  EXPECT_FALSE(IsDisplayName(std::string(65, 'a')));
}

TEST(DisplayNameTest, OtherTextsBecomeNamesThatCanBeRecognised) {
  EXPECT_THAT(NameFor("Windows 11 (test)"),
              MatchesRegex("Windows-11-test-[0-9a-f]{6}"));
  EXPECT_THAT(NameFor(" a -b/"), MatchesRegex("a--b-[0-9a-f]{6}"));
  EXPECT_THAT(NameFor("\u4e8b\u52d9\u6240"),
              MatchesRegex("display-[0-9a-f]{6}"));
  EXPECT_THAT(NameFor(std::string("\0\n", 2)),
              MatchesRegex("display-[0-9a-f]{6}"));
}

// It stands in scripts, so no later version may choose another.
TEST(DisplayNameTest, ATextHasTheSameNameForEver) {
  EXPECT_EQ(NameFor("Windows 11 (test)"), "Windows-11-test-810ccc");
}

TEST(DisplayNameTest, TextsThatLookAlikeHaveDifferentNames) {
  std::set<std::string> names;
  for (const std::string text : {"a b", "a-b", "a  b", "a/b", "a b ", "(a b)",
                                 "a\tb", "\u00e4", "\u00f6"}) {
    EXPECT_TRUE(names.insert(NameFor(text)).second) << text;
  }
  EXPECT_NE(NameFor(std::string(70, 'x')), NameFor(std::string(71, 'x')));
}

TEST(DisplayNameTest, EachFitsAndIsAName) {
  for (size_t length = 1; length < 300; ++length) {
    for (const std::string one : {"x", " ", "\xff", "x "}) {
      std::string text;
      while (text.size() < length) text += one;
      EXPECT_TRUE(IsDisplayName(NameFor(text))) << text;
      EXPECT_LE(DisplayNameFor(text, 47).size(), 47u) << text;
    }
  }
}

TEST(DisplayNameTest, PlainNamesHaveOneDashInPlaceOfOtherCharacters) {
  EXPECT_EQ(PlainName("B\u00fcro / 1\n", 64), "B-ro-1");
  EXPECT_EQ(PlainName("Windows 11 (test)", 10), "Windows-11");
  EXPECT_EQ(PlainName(" \n", 64), "");
}

}  // namespace
}  // namespace oriel
