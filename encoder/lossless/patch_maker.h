#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "base/picture/banded_picture.h"
#include "base/picture/rect.h"
#include "encoder/lossless/patch_compressor.h"
#include "encoder/update.h"

namespace oriel::encoder {

enum class Effort {
  kHurried,
  kUsual,
  kCareful,  // for few pixels
};

// What patches are made from. Everything outlives the making.
struct PatchSource {
  const BandedPicture& picture;
  // Null: all patches are intra.
  const BandedPicture* reference = nullptr;
  // Rectangles of the reference that no prefix may touch; null: none.
  const std::vector<Rect>* barred = nullptr;
  Effort effort = Effort::kUsual;
};

// How a rectangle is compressed.
struct Plan {
  bool intra = true;
  bool delta = false;  // with both, the smaller one is taken
  int intra_level = 1;
  int delta_level = 1;
};

// Makes one patch at a time, and knows which kind is worth trying. What it
// makes depends on its arguments only. Thread-compatible; keeps its memory.
class PatchMaker {
 public:
  // Looks at a sample of large rectangles.
  absl::StatusOr<Plan> PlanFor(const PatchSource& source, const Rect& rect);

  // A fill where the rectangle is one colour, else lossless. Nullopt: it
  // would be larger than max_payload_bytes.
  absl::StatusOr<std::optional<Patch>> Make(const PatchSource& source,
                                            const Rect& rect, const Plan& plan,
                                            size_t max_payload_bytes);

 private:
  PatchCompressor compressor_;
};

// The pixels of the reference that are the best base for `rect`: the same
// columns, at most four times the rows. Nullopt: those are barred.
std::optional<Rect> PrefixOf(const PatchSource& source, const Rect& rect);

}  // namespace oriel::encoder
