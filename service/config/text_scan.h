#pragma once

#include <string>
#include <vector>

namespace oriel::config {

// Lines and columns from 0; a tab reaches the next multiple of eight, as in
// protobuf's own errors.
struct TextProblem {
  int line = 0;
  int column = 0;
  std::string text;
};

struct ScannedText {
  // What a parser can take: without a byte order mark, lines end in \n.
  std::string text;
  // Why it is no protobuf text, where a parser would say so less clearly.
  std::vector<TextProblem> problems;
};

// Looks at what editors, web pages and other systems do to a file: encodings,
// line ends, quotes, blanks, braces. Any bytes.
ScannedText ScanText(const std::string& bytes, size_t max_nesting);

}  // namespace oriel::config
