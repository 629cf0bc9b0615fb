#include "capture/sim/font.h"

#include <ft2build.h>

#include <map>
#include <vector>

#include FT_FREETYPE_H

#include "absl/status/status.h"
#include "absl/strings/str_format.h"

namespace oriel::capture::sim {
namespace {

constexpr char kFontFolder[] = "/usr/share/fonts/truetype/dejavu/";

const char* FileName(Typeface typeface) {
  switch (typeface) {
    case Typeface::kSans:
      return "DejaVuSans.ttf";
    case Typeface::kSansBold:
      return "DejaVuSans-Bold.ttf";
    case Typeface::kMono:
      return "DejaVuSansMono.ttf";
    case Typeface::kMonoBold:
      return "DejaVuSansMono-Bold.ttf";
  }
  return "";
}

// Only ever given text of our own; a broken sequence shows as single bytes.
char32_t NextCharacter(const std::string& text, size_t& at) {
  const auto lead = static_cast<unsigned char>(text[at++]);
  int more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC0 ? 1 : 0;
  if (at + more > text.size()) more = 0;
  char32_t character = more == 0 ? lead : lead & (0x3F >> more);
  for (; more > 0; --more) {
    character =
        character << 6 | (static_cast<unsigned char>(text[at++]) & 0x3F);
  }
  return character;
}

struct Glyph {
  int32_t left_px = 0;
  int32_t top_px = 0;  // above the baseline
  int32_t advance_px = 0;
  Size size;
  std::vector<uint8_t> coverage;
};

class FreeTypeFont : public Font {
 public:
  ~FreeTypeFont() override {
    if (face_ != nullptr) FT_Done_Face(face_);
    if (library_ != nullptr) FT_Done_FreeType(library_);
  }

  absl::Status Open(Typeface typeface, int32_t size_px) {
    const std::string path = std::string(kFontFolder) + FileName(typeface);
    if (FT_Init_FreeType(&library_) != 0) {
      return absl::InternalError("initialise FreeType: it reports an error");
    }
    if (FT_New_Face(library_, path.c_str(), 0, &face_) != 0) {
      face_ = nullptr;
      return absl::NotFoundError(absl::StrFormat(
          "load font %s: FreeType cannot read it; install fonts-dejavu-core",
          path));
    }
    if (FT_Set_Pixel_Sizes(face_, 0, static_cast<FT_UInt>(size_px)) != 0) {
      return absl::InvalidArgumentError(
          absl::StrFormat("load font %s: no size of %d px", path, size_px));
    }
    return absl::OkStatus();
  }

  int32_t line_height_px() const override {
    return static_cast<int32_t>(face_->size->metrics.height >> 6);
  }
  int32_t ascent_px() const override {
    return static_cast<int32_t>(face_->size->metrics.ascender >> 6);
  }

  int32_t WidthPx(const std::string& text) override {
    int32_t width_px = 0;
    for (size_t at = 0; at < text.size();) {
      width_px += Get(NextCharacter(text, at)).advance_px;
    }
    return width_px;
  }

  int32_t Draw(Canvas& canvas, int32_t x_px, int32_t baseline_px,
               const std::string& text, Color color) override {
    for (size_t at = 0; at < text.size();) {
      const Glyph& glyph = Get(NextCharacter(text, at));
      for (int32_t y = 0; y < glyph.size.height_px; ++y) {
        for (int32_t x = 0; x < glyph.size.width_px; ++x) {
          canvas.Cover(x_px + glyph.left_px + x, baseline_px - glyph.top_px + y,
                       color,
                       glyph.coverage[size_t(y) * glyph.size.width_px + x]);
        }
      }
      x_px += glyph.advance_px;
    }
    return x_px;
  }

 private:
  const Glyph& Get(char32_t character) {
    const auto found = glyphs_.find(character);
    if (found != glyphs_.end()) return found->second;
    Glyph glyph;
    if (FT_Load_Char(face_, character, FT_LOAD_RENDER | FT_LOAD_TARGET_LIGHT) ==
        0) {
      const FT_GlyphSlot slot = face_->glyph;
      glyph.left_px = slot->bitmap_left;
      glyph.top_px = slot->bitmap_top;
      glyph.advance_px = static_cast<int32_t>((slot->advance.x + 32) >> 6);
      glyph.size = {static_cast<int32_t>(slot->bitmap.width),
                    static_cast<int32_t>(slot->bitmap.rows)};
      for (int32_t y = 0; y < glyph.size.height_px; ++y) {
        const unsigned char* row = slot->bitmap.buffer + y * slot->bitmap.pitch;
        glyph.coverage.insert(glyph.coverage.end(), row,
                              row + glyph.size.width_px);
      }
    }
    return glyphs_.emplace(character, std::move(glyph)).first->second;
  }

  FT_Library library_ = nullptr;
  FT_Face face_ = nullptr;
  std::map<char32_t, Glyph> glyphs_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Font>> Font::Load(Typeface typeface,
                                                 int32_t size_px) {
  auto font = std::make_unique<FreeTypeFont>();
  if (absl::Status opened = font->Open(typeface, size_px); !opened.ok()) {
    return opened;
  }
  return font;
}

}  // namespace oriel::capture::sim
