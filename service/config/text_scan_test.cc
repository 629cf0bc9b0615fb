#include "service/config/text_scan.h"

#include <string>

#include "absl/strings/str_format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace oriel::config {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// "LINE:COLUMN text", as people count; empty without a problem.
std::string ProblemsOf(const std::string& bytes) {
  std::string all;
  for (const TextProblem& problem : ScanText(bytes, 16).problems) {
    if (!all.empty()) all += '\n';
    all += absl::StrFormat("%d:%d %s", problem.line + 1, problem.column + 1,
                           problem.text);
  }
  return all;
}

std::string Utf16(const std::string& text, bool little_endian) {
  std::string bytes;
  for (const char c : text) {
    if (!little_endian) bytes += '\0';
    bytes += c;
    if (little_endian) bytes += '\0';
  }
  return bytes;
}

TEST(ScanTextTest, GoodTextStaysAsItIs) {
  for (const std::string text :
       {"", "\n", "a { b: \"{\" c: '\\'}' } # }", "a < b: 1 >\r\n",
        "a: \"B\u00fcro \\\"\u201c\" # \u201c\n", "# \xFF and no newline"}) {
    EXPECT_EQ(ProblemsOf(text), "");
    EXPECT_EQ(ScanText(text, 16).text, text);
  }
}

TEST(ScanTextTest, AByteOrderMarkIsSkippedAtTheStartOnly) {
  EXPECT_EQ(ScanText("\xEF\xBB\xBF"
                     "a { }",
                     16)
                .text,
            "a { }");
  EXPECT_EQ(ProblemsOf("\xEF\xBB\xBF"), "");
  EXPECT_THAT(ProblemsOf("a { }\n\xEF\xBB\xBF"
                         "b { }"),
              StartsWith("2:1 U+FEFF looks like a space"));
  // Two files, each with a mark, put together.
  EXPECT_THAT(ProblemsOf("\xEF\xBB\xBF\xEF\xBB\xBF"
                         "a { }"),
              StartsWith("1:1 U+FEFF"));
  // Half a mark.
  EXPECT_THAT(ProblemsOf("\xEF\xBB"), HasSubstr("byte 0xEF is not UTF-8"));
}

TEST(ScanTextTest, OtherEncodingsAreNamed) {
  for (const std::string text : {"listen { }", "# x"}) {
    for (const bool little_endian : {true, false}) {
      const std::string mark = little_endian ? "\xFF\xFE" : "\xFE\xFF";
      EXPECT_EQ(ProblemsOf(mark + Utf16(text, little_endian)),
                "1:1 the file is UTF-16; save it as UTF-8");
      EXPECT_EQ(ProblemsOf(Utf16(text, little_endian)),
                "1:1 the file is UTF-16; save it as UTF-8");
    }
  }
  EXPECT_THAT(ProblemsOf(std::string("\xFF\xFE\0\0a\0\0\0", 8)),
              HasSubstr("UTF-32"));
  EXPECT_EQ(ProblemsOf("a: 1\nb: \"B\xFCro\"\nc: \"\xFC\""),
            "2:6 byte 0xFC is not UTF-8; save the file as UTF-8");
  // Overlong, a surrogate, beyond the last character.
  for (const std::string bytes : {"\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80",
                                  "\xF4\x90\x80\x80", "\x80"}) {
    EXPECT_THAT(ProblemsOf("\"" + bytes + "\""), HasSubstr("is not UTF-8"));
  }
}

TEST(ScanTextTest, AByteZeroIsPlaced) {
  EXPECT_THAT(ProblemsOf(std::string("a: 1\n b\0\0\0", 10)),
              StartsWith("2:3 a byte 0 stands here"));
  EXPECT_THAT(ProblemsOf(std::string("# \0", 3)), StartsWith("1:3 a byte 0"));
  EXPECT_THAT(ProblemsOf(std::string("\x7F"
                                     "ELF\2\1\1\0\0\0",
                                     10)),
              StartsWith("1:8 a byte 0"));
}

TEST(ScanTextTest, QuotesAndBlanksOfAWebPageAreExplained) {
  EXPECT_EQ(ProblemsOf("name: \u201cx\u201d"),
            "1:7 the quotation mark \u201c (U+201C) is not the one that is "
            "meant; write \"\n"
            "1:11 the quotation mark \u201d (U+201D) is not the one that is "
            "meant; write \"");
  EXPECT_EQ(ProblemsOf("\nname: \"x\u201d }"),
            "2:7 the text that begins with this \" has no end on its line; the "
            "quotation mark \u201d does not end it");
  EXPECT_THAT(ProblemsOf("\ta\u00a0{ }"),
              StartsWith("1:10 U+00A0 looks like a "));
  EXPECT_THAT(ProblemsOf("B\u00fcro: 1"),
              HasSubstr("\u00fc (U+00FC) can stand in quotes and in comments"));
}

TEST(ScanTextTest, ATextWithoutItsEndIsPlacedWhereItBegins) {
  EXPECT_EQ(ProblemsOf("a: 'x\nb: 1"),
            "1:4 the text that begins with this ' has no end on its line");
  EXPECT_THAT(ProblemsOf("a: \"\\"), StartsWith("1:4 the text"));
  EXPECT_THAT(ProblemsOf("a: \"\\\""), StartsWith("1:4 the text"));
}

TEST(ScanTextTest, ABraceThatIsMissingIsTheBlocksThatWasOpened) {
  EXPECT_EQ(ProblemsOf("listen { unix { path: \"/a\" }\n"
                       "display { name: \"b\" }\n"),
            "1:8 \"listen\", opened here, is not closed: a } is missing");
  EXPECT_EQ(
      ProblemsOf("display {\n  name: \"a\"\n  group {\n    device: \"b\"\n"
                 "  max_rate_hz: 3\n}\ndisplay {\n}\n"),
      "1:9 \"display\", opened here, is not closed: a } is missing; going "
      "by the indents it is that of \"group\", opened in line 3, because "
      "the } in line 6 stands under another block");
  EXPECT_THAT(ProblemsOf("{"), StartsWith("1:1 the block, opened here,"));
}

TEST(ScanTextTest, ABraceTooManyIsPlaced) {
  EXPECT_THAT(ProblemsOf("a { } }\n}"),
              StartsWith("1:7 this } closes nothing"));
}

TEST(ScanTextTest, NestingIsLimited) {
  std::string text;
  for (int i = 0; i < 17; ++i) text += "a{";
  EXPECT_EQ(ProblemsOf(text), "1:34 more than 16 blocks inside each other");
}

}  // namespace
}  // namespace oriel::config
