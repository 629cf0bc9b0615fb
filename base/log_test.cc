#include "base/log.h"

#include <gtest/gtest.h>

#include <string>

namespace oriel {
namespace {

TEST(LogTextTest, QuotesAndKeepsWhatPrints) {
  EXPECT_EQ(LogText(""), "\"\"");
  EXPECT_EQ(LogText("no VM named caf\xc3\xa9"), "\"no VM named caf\xc3\xa9\"");
}

TEST(LogTextTest, StaysOneLineAndOneField) {
  EXPECT_EQ(LogText("a\" event=stopped\nb\\\x1b[31m\x7f"),
            "\"a\\\" event=stopped\\x0ab\\\\\\x1b[31m\\x7f\"");
}

TEST(LogTextTest, EscapesControlsBeyondAscii) {
  // C1's CSI, the line separator, and what turns text around.
  EXPECT_EQ(LogText("\xc2\x9b[31m"), "\"\\xc2\\x9b[31m\"");
  EXPECT_EQ(LogText("a\xe2\x80\xa8z"), "\"a\\xe2\\x80\\xa8z\"");
  EXPECT_EQ(LogText("a\xe2\x80\xaez"), "\"a\\xe2\\x80\\xaez\"");
  EXPECT_EQ(LogText("\xe2\x82\xac \xf0\x9f\x98\x80"),
            "\"\xe2\x82\xac \xf0\x9f\x98\x80\"");
}

TEST(LogTextTest, EscapesWhatIsNotUtf8) {
  EXPECT_EQ(LogText("\xff\xc0\x80"), "\"\\xff\\xc0\\x80\"");
  EXPECT_EQ(LogText("\xed\xa0\x80"), "\"\\xed\\xa0\\x80\"");  // a surrogate
  EXPECT_EQ(LogText("\xf4\x90\x80\x80"), "\"\\xf4\\x90\\x80\\x80\"");
  EXPECT_EQ(LogText("caf\xc3"), "\"caf\\xc3\"");
}

TEST(LogTextTest, IsCut) {
  const std::string text = LogText(std::string(2000, 'x'));
  EXPECT_EQ(text, "\"" + std::string(1000, 'x') + "...\"");
}

}  // namespace
}  // namespace oriel
