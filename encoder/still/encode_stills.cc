#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "encoder/still/jpeg.h"
#include "encoder/update_encoder.h"

namespace oriel::encoder {
namespace {

// From the finest on. A photograph takes about 2.2, 1.1, 0.5 and 0.15 bits a
// pixel.
constexpr JpegSettings kLevels[] = {{.quantizer = 4},
                                    {.quantizer = 10},
                                    {.quantizer = 10, .shrink = 2},
                                    {.quantizer = 10, .shrink = 4}};
// Blocks of 4:2:0 at the coarsest level: cuts there do not show.
constexpr int32_t kBlockRowsPx = 64;

// Every rectangle in pieces of whole block rows, from top to bottom.
std::vector<Rect> Pieces(const Damage& damage) {
  std::vector<Rect> pieces;
  for (const Rect& rect : damage.Rects()) {
    const auto rows = static_cast<int32_t>(kMaxPatchPx / rect.width_px);
    const int32_t step =
        std::max(kBlockRowsPx, rows / kBlockRowsPx * kBlockRowsPx);
    for (int32_t y = rect.y_px; y < rect.bottom_px(); y += step) {
      pieces.push_back(
          {rect.x_px, y, rect.width_px, std::min(step, rect.bottom_px() - y)});
    }
  }
  return pieces;
}

// What fits of the pieces, at least one.
struct Made {
  EncodeResult result;
  bool all_fit = true;
};

absl::StatusOr<Made> EncodeLevel(const BandedPicture& picture,
                                 const std::vector<Rect>& pieces,
                                 const JpegSettings& level,
                                 size_t max_payload_bytes) {
  Made made;
  size_t used_bytes = 0;
  for (const Rect& piece : pieces) {
    ASSIGN_OR_RETURN(std::vector<uint8_t> jpeg,
                     EncodeJpeg(picture, piece, level));
    used_bytes += jpeg.size();
    made.all_fit = used_bytes <= max_payload_bytes;
    if (!made.all_fit && !made.result.patches.empty()) break;
    made.result.done.Add(piece);
    made.result.patches.push_back(
        {piece, Still{.shrink = level.shrink},
         std::make_shared<const std::vector<uint8_t>>(std::move(jpeg))});
    if (!made.all_fit) break;
  }
  return made;
}

}  // namespace

absl::StatusOr<EncodeResult> EncodeStills(const BandedPicture& picture,
                                          const Damage& damage,
                                          size_t max_payload_bytes) {
  const std::vector<Rect> pieces = Pieces(damage);
  Made made;
  for (const JpegSettings& level : kLevels) {
    ASSIGN_OR_RETURN(made,
                     EncodeLevel(picture, pieces, level, max_payload_bytes));
    if (made.all_fit) break;
  }
  return std::move(made.result);
}

}  // namespace oriel::encoder
