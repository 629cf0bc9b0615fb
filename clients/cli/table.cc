#include "clients/cli/table.h"

#include <algorithm>

namespace oriel::clients {
namespace {

constexpr char kEscape = '\x1b';

const char* Sequence(Colour colour) {
  switch (colour) {
    case Colour::kGreen:
      return "\x1b[32m";
    case Colour::kYellow:
      return "\x1b[33m";
    case Colour::kRed:
      return "\x1b[31m";
    case Colour::kBold:
      return "\x1b[1m";
  }
  return "";
}

// C1 control characters are two bytes in UTF-8: 0xC2, then 0x80 to 0x9F.
bool IsC1(const std::string& text, size_t at) {
  return static_cast<unsigned char>(text[at]) == 0xC2 && at + 1 < text.size() &&
         static_cast<unsigned char>(text[at + 1]) >= 0x80 &&
         static_cast<unsigned char>(text[at + 1]) <= 0x9F;
}

}  // namespace

std::string Printable(const std::string& text) {
  std::string printable;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (IsC1(text, i)) {
      printable += '?';
      ++i;
    } else {
      printable += byte < 0x20 || byte == 0x7F ? '?' : text[i];
    }
  }
  return printable;
}

size_t TextWidth(const std::string& text) {
  size_t width = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == kEscape) {
      i = std::min(text.find('m', i), text.size() - 1);
    } else if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) {
      ++width;
    }
  }
  return width;
}

std::string OrDash(const std::string& text) {
  return text.empty() ? "-" : Printable(text);
}

std::string Coloured(const std::string& text, Colour colour, bool enabled) {
  return enabled ? Sequence(colour) + text + "\x1b[0m" : text;
}

TableRow TitleRow(TableRow titles, bool coloured) {
  for (std::string& title : titles) {
    title = Coloured(title, Colour::kBold, coloured);
  }
  return titles;
}

std::string FormatTable(const std::vector<TableRow>& rows) {
  std::vector<NotedRow> noted;
  for (const TableRow& row : rows) noted.push_back({row, ""});
  return FormatTable(noted);
}

std::string FormatTable(const std::vector<NotedRow>& rows) {
  std::vector<size_t> widths;
  for (const auto& [row, note] : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], TextWidth(row[i]));
    }
  }
  std::string table;
  for (const auto& [row, note] : rows) {
    std::string line;
    size_t gap = 0;
    for (size_t i = 0; i < row.size(); ++i) {
      if (!row[i].empty()) {
        line += std::string(gap, ' ') + row[i];
        gap = 0;
      }
      gap += widths[i] - TextWidth(row[i]) + 2;
    }
    table += line + "\n";
    if (!note.empty()) table += "    " + Printable(note) + "\n";
  }
  return table;
}

}  // namespace oriel::clients
