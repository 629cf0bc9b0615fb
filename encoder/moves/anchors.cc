#include "encoder/moves/anchors.h"

#include <algorithm>
#include <bit>

#include "encoder/moves/falling_edges.h"

namespace oriel::encoder {
namespace {

constexpr int32_t kWindowPx = 32;
// Fewer edges in the window's two rows are everywhere.
constexpr int kMinEdges = 5;
constexpr size_t kMaxAnchors = 8 * 1024;
constexpr uint16_t kAmbiguous = 0xFFFF;

uint64_t Window(const std::vector<uint64_t>& bits, size_t word, int bit) {
  const uint64_t low = bits[word] >> bit;
  const uint64_t high = bit == 0 ? 0 : bits[word + 1] << (64 - bit);
  return (low | high) & 0xFFFFFFFF;
}

// std::popcount is a function call where the processor is not known.
bool HasEdges(uint64_t edges) {
  for (int i = 1; i < kMinEdges; ++i) edges &= edges - 1;
  return edges != 0;
}

// Every bit of the result depends on every bit of the window.
uint64_t Mixed(uint64_t value) {
  value *= 0x9E3779B97F4A7C15;
  value ^= value >> 32;
  value *= 0xD6E8FEB86659FD93;
  return value ^ value >> 32;
}

}  // namespace

void AnchorScanner::Start(const BandedPicture& picture, const Rect& area,
                          int32_t y_px) {
  picture_ = &picture;
  area_ = area;
  y_px_ = y_px;
  // The windows of the last pixels reach beyond the area.
  read_width_px_ =
      std::min(area.width_px + kWindowPx, picture.size().width_px - area.x_px);
  Read(y_px, row_);
}

const std::vector<uint64_t>& AnchorScanner::Read(int32_t y_px,
                                                 std::vector<uint64_t>& bits) {
  FallingEdges(picture_->Row(y_px) + size_t(area_.x_px) * kBytesPerPixel,
               read_width_px_, bits);
  return bits;
}

void AnchorScanner::TakeRow(std::vector<Anchor>& out) {
  if (y_px_ + 1 >= picture_->size().height_px) return;
  Read(y_px_ + 1, next_);
  const int32_t end = std::min(area_.width_px, read_width_px_ - kWindowPx);
  // Whether an edge stands before the first pixel is not known.
  uint64_t before = 1;
  for (int32_t x = 0; x < end; x += 64) {
    const size_t word = x / 64;
    uint64_t starts = row_[word] & ~(row_[word] << 1 | before);
    before = row_[word] >> 63;
    for (; starts != 0; starts &= starts - 1) {
      const int bit = std::countr_zero(starts);
      if (x + bit >= end) break;
      const uint64_t edges = Window(row_, word, bit) | Window(next_, word, bit)
                                                           << 32;
      if (!HasEdges(edges & ~(edges << 1))) continue;
      out.push_back({Mixed(edges), {area_.x_px + x + bit, y_px_}});
    }
  }
  ++y_px_;
  std::swap(row_, next_);
}

void AnchorIndex::Build(const std::vector<Anchor>& anchors) {
  slots_.resize(2 * kMaxAnchors);
  if (++round_ == 0) {
    std::fill(slots_.begin(), slots_.end(), Slot{});
    round_ = 1;
  }
  const size_t per_slot = anchors.size() / kMaxAnchors;
  unwanted_bits_ = (uint64_t{1} << std::bit_width(per_slot)) - 1;
  // No more memory than there is to look up, so that it stays in the cache.
  const size_t kept = std::min(anchors.size(), kMaxAnchors);
  slot_mask_ = std::min(std::bit_ceil(2 * kept + 2), slots_.size()) - 1;
  for (const Anchor& anchor : anchors) {
    if (!Wants(anchor.key)) continue;
    const auto x = static_cast<uint16_t>(anchor.at.x_px);
    const auto y = static_cast<uint16_t>(anchor.at.y_px);
    Slot& slot = slots_[SlotOf(anchor.key)];
    if (slot.round != round_) {
      slot = {static_cast<uint32_t>(anchor.key), round_, x, y};
    } else if (slot.x_px != x || slot.y_px != y) {
      slot.x_px = kAmbiguous;
    }
  }
}

// At most half of the slots are taken, bar rotten luck with the keys: a search
// that would go on and on ends in a slot that is not its own, which is then
// worth nothing.
size_t AnchorIndex::SlotOf(uint64_t key) const {
  constexpr size_t kMaxSteps = 64;
  size_t at = key >> 32 & slot_mask_;
  for (size_t step = 0; step < kMaxSteps; ++step) {
    const Slot& slot = slots_[at];
    if (slot.round != round_ || slot.key == static_cast<uint32_t>(key)) break;
    at = (at + 1) & slot_mask_;
  }
  return at;
}

std::optional<Point> AnchorIndex::Find(uint64_t key) const {
  const Slot& slot = slots_[SlotOf(key)];
  if (slot.round != round_ || slot.key != static_cast<uint32_t>(key) ||
      slot.x_px == kAmbiguous) {
    return std::nullopt;
  }
  return Point{slot.x_px, slot.y_px};
}

}  // namespace oriel::encoder
