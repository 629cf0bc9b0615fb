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

TEST(LogTextTest, IsCut) {
  const std::string text = LogText(std::string(2000, 'x'));
  EXPECT_EQ(text, "\"" + std::string(1000, 'x') + "...\"");
}

}  // namespace
}  // namespace oriel
