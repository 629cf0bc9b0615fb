#include "encoder/lossless/vertical_move.h"

#include <xxhash.h>

#include <algorithm>
#include <cstring>
#include <unordered_map>
#include <vector>

namespace oriel::encoder {
namespace {

constexpr int32_t kStripeWidthPx = 64;
constexpr int kStripes = 3;
// Fewer rows that agree prove nothing: text repeats.
constexpr int kMinVotes = 12;

bool IsOneColour(const uint8_t* row, size_t row_bytes) {
  return std::memcmp(row, row + kBytesPerPixel, row_bytes - kBytesPerPixel) ==
         0;
}

// The stripe's rows that are not plain, by what they look like.
template <typename Visit>
void ForEachRow(const BandedPicture& picture, const Rect& stripe, Visit visit) {
  const size_t x_bytes = size_t(stripe.x_px) * kBytesPerPixel;
  const size_t row_bytes = size_t(stripe.width_px) * kBytesPerPixel;
  for (int32_t y = stripe.y_px; y < stripe.bottom_px(); ++y) {
    const uint8_t* row = picture.Row(y) + x_bytes;
    if (!IsOneColour(row, row_bytes)) visit(y, XXH3_64bits(row, row_bytes));
  }
}

class Votes {
 public:
  explicit Votes(int32_t height_px)
      : height_px_(height_px), votes_(2 * size_t(height_px) + 1, 0) {}

  void CountStripe(const BandedPicture& picture, const BandedPicture& reference,
                   const Rect& stripe) {
    constexpr int32_t kAmbiguous = -1;
    std::unordered_map<uint64_t, int32_t> where;
    where.reserve(stripe.height_px);
    ForEachRow(reference, stripe, [&](int32_t y, uint64_t hash) {
      auto [entry, is_new] = where.emplace(hash, y);
      if (!is_new) entry->second = kAmbiguous;
    });
    ForEachRow(picture, stripe, [&](int32_t y, uint64_t hash) {
      const auto found = where.find(hash);
      ++rows_;
      if (found == where.end() || found->second == kAmbiguous) return;
      ++votes_[found->second - y + height_px_];
    });
  }

  std::optional<int32_t> Winner() const {
    const auto best = std::max_element(votes_.begin(), votes_.end());
    if (*best < kMinVotes || *best * 8 < rows_) return std::nullopt;
    const int32_t dy_px =
        static_cast<int32_t>(best - votes_.begin()) - height_px_;
    if (dy_px == 0) return std::nullopt;
    return dy_px;
  }

 private:
  const int32_t height_px_;
  std::vector<int> votes_;
  int rows_ = 0;
};

}  // namespace

std::optional<int32_t> FindVerticalMove(const BandedPicture& picture,
                                        const BandedPicture& reference,
                                        const Rect& rect) {
  if (rect.width_px < 2 || rect.height_px < kMinVotes) return std::nullopt;
  Votes votes(rect.height_px);
  const int32_t width_px = std::min(kStripeWidthPx, rect.width_px);
  for (int i = 0; i < kStripes; ++i) {
    // More to the left: that is where lines begin.
    const int32_t x_px =
        rect.x_px + (rect.width_px - width_px) * i / (kStripes + 1);
    votes.CountStripe(picture, reference,
                      {x_px, rect.y_px, width_px, rect.height_px});
    if (width_px == rect.width_px) break;
  }
  return votes.Winner();
}

}  // namespace oriel::encoder
