#include "service/config/text_scan.h"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/strings/str_format.h"

namespace oriel::config {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr int kTabWidth = 8;

struct Utf8Character {
  uint32_t code = 0;
  size_t size_bytes = 0;  // 0: the bytes are none
};

// RFC 3629, section 4: no overlong forms, no surrogates.
Utf8Character ReadUtf8(std::string_view text) {
  const auto byte = [&](size_t i) -> uint32_t {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
  };
  const uint32_t first = byte(0);
  if (first < 0x80) return {first, 1};
  const size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  constexpr uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  uint32_t code = first & (0xFF >> (size + 1));
  for (size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    code = code << 6 | (byte(i) & 0x3F);
  }
  const bool valid = first >= 0xC2 && first <= 0xF4 && code >= kLeast[size] &&
                     code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF);
  return valid ? Utf8Character{code, size} : Utf8Character{};
}

bool IsQuote(uint32_t code) {
  return (code >= 0x2018 && code <= 0x201F) || code == 0xAB || code == 0xBB ||
         code == 0x2039 || code == 0x203A || code == 0xFF02 || code == 0xFF07;
}

bool IsBlank(uint32_t code) {
  return code == 0xA0 || (code >= 0x2000 && code <= 0x200F) || code == 0x2028 ||
         code == 0x2029 || code == 0x202F || code == 0x2060 || code == 0x3000 ||
         code == 0xFEFF;
}

std::string ExplainCharacter(uint32_t code, const std::string& bytes) {
  if (IsQuote(code)) {
    return absl::StrFormat(
        "the quotation mark %s (U+%04X) is not the one that is meant; write \"",
        bytes, code);
  }
  if (IsBlank(code)) {
    return absl::StrFormat(
        "U+%04X looks like a space or like nothing, and is no space; delete it "
        "or write a space",
        code);
  }
  return absl::StrFormat("%s (U+%04X) can stand in quotes and in comments only",
                         bytes, code);
}

// Empty: it may be UTF-8.
std::string OtherEncoding(std::string_view bytes) {
  const auto starts_with = [&](std::string_view mark) {
    return bytes.substr(0, mark.size()) == mark;
  };
  const char* name = nullptr;
  if (starts_with(std::string_view("\xFF\xFE\0\0", 4)) ||
      starts_with(std::string_view("\0\0\xFE\xFF", 4))) {
    name = "UTF-32";
  } else if (starts_with("\xFF\xFE") || starts_with("\xFE\xFF") ||
             (bytes.size() >= 4 && (bytes[0] == 0) != (bytes[1] == 0) &&
              (bytes[0] == 0) == (bytes[2] == 0) &&
              (bytes[1] == 0) == (bytes[3] == 0))) {
    name = "UTF-16";
  }
  if (name == nullptr) return "";
  return absl::StrFormat("the file is %s; save it as UTF-8", name);
}

// A carriage return alone ended lines once; a comment would never end.
std::string WithNewlines(std::string_view bytes) {
  std::string text(bytes);
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r' && (i + 1 == text.size() || text[i + 1] != '\n')) {
      text[i] = '\n';
    }
  }
  return text;
}

class Scanner {
 public:
  Scanner(const std::string& text, size_t max_nesting)
      : text_(text), max_nesting_(max_nesting) {}

  std::vector<TextProblem> Run() {
    while (at_ < text_.size() && !hopeless_) Step();
    if (!hopeless_) CheckOpenBlocks();
    return std::move(problems_);
  }

 private:
  struct Block {
    std::string name;  // the word before the brace
    int line = 0;
    int column = 0;
    int indent = 0;  // of its line
  };

  void Step();
  void SkipComment();
  void SkipString();
  void Open();
  void Close();
  // The character at at_, which is in quotes or not.
  void CheckCharacter(bool quoted);
  void CheckOpenBlocks();
  void Advance(size_t size_bytes);
  void Add(const std::string& problem) {
    problems_.push_back({line_, column_, problem});
  }

  const std::string_view text_;
  const size_t max_nesting_;
  size_t at_ = 0;
  int line_ = 0;
  int column_ = 0;
  int indent_ = -1;  // of this line; -1: only blanks so far
  std::string word_;
  bool word_ended_ = false;
  std::vector<Block> open_;
  // The first block that ends under a brace of another indent.
  std::optional<std::pair<Block, int>> suspect_;
  bool hopeless_ = false;  // no more would be understood
  std::vector<TextProblem> problems_;
};

void Scanner::Advance(size_t size_bytes) {
  for (size_t end = at_ + size_bytes; at_ < end; ++at_) {
    if (text_[at_] == '\n') {
      ++line_;
      column_ = 0;
      indent_ = -1;
    } else if (text_[at_] == '\t') {
      column_ += kTabWidth - column_ % kTabWidth;
    } else {
      ++column_;
    }
  }
}

void Scanner::Step() {
  const char c = text_[at_];
  const bool blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
  const bool first = !blank && indent_ < 0;
  if (first) indent_ = column_;
  if (c == '#') return SkipComment();
  if (c == '"' || c == '\'') return SkipString();
  if (c == '{') return Open();
  if (c == '}') return Close();
  if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_') {
    if (std::exchange(word_ended_, false)) word_.clear();
    if (word_.size() < 64) word_ += c;
  } else {
    word_ended_ = true;
  }
  CheckCharacter(false);
}

void Scanner::CheckCharacter(bool quoted) {
  if (text_[at_] == '\0') {
    Add("a byte 0 stands here, which no text has; is this the right file?");
    hopeless_ = true;
    return;
  }
  const Utf8Character character = ReadUtf8(text_.substr(at_));
  if (character.size_bytes == 0) {
    Add(absl::StrFormat("byte 0x%02X is not UTF-8; save the file as UTF-8",
                        static_cast<unsigned char>(text_[at_])));
    // All others of the same kind would follow.
    hopeless_ = true;
    return;
  }
  if (character.code >= 0x80 && !quoted) {
    Add(ExplainCharacter(character.code,
                         std::string(text_.substr(at_, character.size_bytes))));
  }
  Advance(character.size_bytes);
}

void Scanner::SkipComment() {
  while (at_ < text_.size() && text_[at_] != '\n' && text_[at_] != '\0') {
    Advance(1);
  }
}

void Scanner::SkipString() {
  const char quote = text_[at_];
  const TextProblem unclosed = {line_, column_, ""};
  std::string foreign;  // a quotation mark that may have been meant
  Advance(1);
  while (at_ < text_.size() && text_[at_] != quote && text_[at_] != '\n') {
    if (text_[at_] == '\\' && at_ + 1 < text_.size() &&
        text_[at_ + 1] != '\n') {
      Advance(1);
    }
    const Utf8Character character = ReadUtf8(text_.substr(at_));
    if (IsQuote(character.code)) {
      foreign = std::string(text_.substr(at_, character.size_bytes));
    }
    CheckCharacter(true);
    if (hopeless_) return;
  }
  if (at_ < text_.size() && text_[at_] == quote) return Advance(1);
  problems_.push_back(unclosed);
  problems_.back().text = absl::StrFormat(
      "the text that begins with this %c has no end on its "
      "line",
      quote);
  if (!foreign.empty()) {
    problems_.back().text +=
        absl::StrFormat("; the quotation mark %s does not end it", foreign);
  }
}

void Scanner::Open() {
  open_.push_back({word_, line_, column_, indent_});
  word_.clear();
  if (open_.size() > max_nesting_) {
    Add(absl::StrFormat("more than %d blocks inside each other", max_nesting_));
    hopeless_ = true;
  }
  Advance(1);
}

void Scanner::Close() {
  if (open_.empty()) {
    Add("this } closes nothing: it is one too many, or a { is missing above");
    hopeless_ = true;
    return;
  }
  const Block& block = open_.back();
  if (!suspect_ && line_ != block.line && column_ == indent_ &&
      column_ != block.indent) {
    suspect_.emplace(block, line_);
  }
  open_.pop_back();
  word_.clear();
  Advance(1);
}

void Scanner::CheckOpenBlocks() {
  if (open_.empty()) return;
  const auto named = [](const Block& block) {
    return block.name.empty() ? std::string("the block")
                              : "\"" + block.name + "\"";
  };
  const Block& block = open_.back();
  std::string problem = absl::StrFormat(
      "%s, opened here, is not closed: a } is missing", named(block));
  if (suspect_) {
    problem += absl::StrFormat(
        "; going by the indents it is that of %s, opened in line %d, because "
        "the } in line %d stands under another block",
        named(suspect_->first), suspect_->first.line + 1, suspect_->second + 1);
  }
  problems_.push_back({block.line, block.column, problem});
}

}  // namespace

ScannedText ScanText(const std::string& bytes, size_t max_nesting) {
  ScannedText scanned;
  std::string_view rest = bytes;
  if (const std::string encoding = OtherEncoding(rest); !encoding.empty()) {
    scanned.problems.push_back({0, 0, encoding});
    return scanned;
  }
  if (rest.substr(0, kByteOrderMark.size()) == kByteOrderMark) {
    rest.remove_prefix(kByteOrderMark.size());
  }
  scanned.text = WithNewlines(rest);
  scanned.problems = Scanner(scanned.text, max_nesting).Run();
  return scanned;
}

}  // namespace oriel::config
