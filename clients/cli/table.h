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

// The text in the colour, or as it is when `enabled` is false.
std::string Coloured(const std::string& text, Colour colour, bool enabled);

// Lines with the cells of each column below each other, two spaces apart, no
// spaces at the ends. Rows may differ in length.
std::string FormatTable(const std::vector<std::vector<std::string>>& rows);

}  // namespace oriel::clients
