#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "capture/sim/canvas.h"

namespace oriel::capture::sim {

enum class Typeface { kSans, kSansBold, kMono, kMonoBold };

// One DejaVu face at one size, antialiased by FreeType; glyphs are kept once
// drawn. Thread-compatible. kNotFound names the package that is missing.
class Font {
 public:
  static absl::StatusOr<std::unique_ptr<Font>> Load(Typeface typeface,
                                                    int32_t size_px);
  virtual ~Font() = default;

  // Between baselines.
  virtual int32_t line_height_px() const = 0;
  virtual int32_t ascent_px() const = 0;
  // Of UTF-8 text.
  virtual int32_t WidthPx(const std::string& text) = 0;
  // The pen starts at (x, baseline); returns where it ends.
  virtual int32_t Draw(Canvas& canvas, int32_t x_px, int32_t baseline_px,
                       const std::string& text, Color color) = 0;
};

}  // namespace oriel::capture::sim
