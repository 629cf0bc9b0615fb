#include "clients/cli/table.h"

#include "gtest/gtest.h"

namespace oriel::clients {
namespace {

TEST(TableTest, AlignsColumnsWithoutSpacesAtTheEnds) {
  EXPECT_EQ(
      FormatTable(std::vector<TableRow>{{"NAME", "STATE", "SIZE"},
                                        {"a", "ready", "640x480"},
                                        {"longer-name", "plane off", ""}}),
      "NAME         STATE      SIZE\n"
      "a            ready      640x480\n"
      "longer-name  plane off\n");
}

TEST(TableTest, AnEmptyCellKeepsItsColumn) {
  EXPECT_EQ(
      FormatTable(std::vector<TableRow>{{"a", "", "c"}, {"aa", "bbb", "c"}}),
      "a        c\naa  bbb  c\n");
}

TEST(TableTest, ANoteStandsBelowItsRowAndWidensNoColumn) {
  EXPECT_EQ(FormatTable(std::vector<NotedRow>{
                {{"a", "b"}, "what is\nwrong with it"}, {{"aa", "b"}, ""}}),
            "a   b\n    what is?wrong with it\naa  b\n");
}

TEST(TableTest, ColoursAndUmlautsDoNotShiftColumns) {
  EXPECT_EQ(FormatTable(std::vector<TableRow>{
                {Coloured("ab", Colour::kGreen, true), "x"},
                {"\xC3\xA4\xC3\xB6", "y"}}),
            "\x1b[32mab\x1b[0m  x\n\xC3\xA4\xC3\xB6  y\n");
  EXPECT_EQ(Coloured("ab", Colour::kGreen, false), "ab");
}

TEST(TableTest, ForeignTextCannotSteerTheTerminal) {
  EXPECT_EQ(Printable("a\x1b[2Jb\n\x7f"), "a?[2Jb??");
  EXPECT_EQ(Printable("\xC2\x9B"
                      "2J"),
            "?2J");
  EXPECT_EQ(Printable("gr\xC3\xBC\xC3\x9F"), "gr\xC3\xBC\xC3\x9F");
}

TEST(TableTest, AnUnendedColourSequenceHasAnEnd) {
  EXPECT_EQ(TextWidth("ab\x1b[3"), 2u);
}

}  // namespace
}  // namespace oriel::clients
