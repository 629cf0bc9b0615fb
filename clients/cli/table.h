#pragma once

#include <string>
#include <vector>

namespace oriel::clients {

// The text with control characters replaced by '?': what a server or a device
// says must not steer the terminal. UTF-8 stays.
std::string Printable(const std::string& text);

// Columns a terminal needs for UTF-8 text, one for each code point; colour
// sequences made by Coloured count nothing.
size_t TextWidth(const std::string& text);

enum class Colour { kGreen, kYellow, kRed, kBold };

// Printable, or "-" when it is empty.
std::string OrDash(const std::string& text);

// The text in the colour, or as it is when `enabled` is false.
std::string Coloured(const std::string& text, Colour colour, bool enabled);

using TableRow = std::vector<std::string>;

TableRow TitleRow(TableRow titles, bool coloured);

// Lines with the cells of each column below each other, two spaces apart, no
// spaces at the ends. Rows may differ in length.
std::string FormatTable(const std::vector<TableRow>& rows);

// A line of a table, and what stands below it, when anything does.
struct NotedRow {
  TableRow cells;
  std::string note;
};
std::string FormatTable(const std::vector<NotedRow>& rows);

}  // namespace oriel::clients
