#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/picture/banded_picture.h"
#include "base/picture/rect.h"

namespace oriel::encoder {

// A place that can be found again: `key` is what the edges to its right look
// like in its row and in the next one.
struct Anchor {
  uint64_t key = 0;
  Point at;
};

// Finds the anchors of rows. Where anything moved to, its anchors are the same,
// because only the content decides where they are; plain areas have none.
// Thread-compatible.
class AnchorScanner {
 public:
  // Starts with the row y_px of `area`, which is inside the picture.
  void Start(const BandedPicture& picture, const Rect& area, int32_t y_px);
  // Appends this row's anchors and goes on to the next row.
  void TakeRow(std::vector<Anchor>& out);

 private:
  const std::vector<uint64_t>& Read(int32_t y_px, std::vector<uint64_t>& bits);

  const BandedPicture* picture_ = nullptr;
  Rect area_;
  int32_t y_px_ = 0;
  int32_t read_width_px_ = 0;
  std::vector<uint64_t> row_;
  std::vector<uint64_t> next_;
};

// Anchors by key, in pictures with sides below 65535 px; a key that stands in
// more than one place says nothing.
// Thread-compatible.
class AnchorIndex {
 public:
  // Forgets what it had. Where there are too many, only those are kept whose
  // keys Wants().
  void Build(const std::vector<Anchor>& anchors);
  bool Wants(uint64_t key) const { return (key & unwanted_bits_) == 0; }
  // Nullopt: nowhere, or in several places.
  std::optional<Point> Find(uint64_t key) const;

 private:
  // Small, because looking up is waiting for memory.
  struct Slot {
    uint32_t key = 0;    // its half that does not choose the slot
    uint32_t round = 0;  // another one's: the slot is free
    uint16_t x_px = 0;
    uint16_t y_px = 0;
  };
  size_t SlotOf(uint64_t key) const;

  std::vector<Slot> slots_;
  size_t slot_mask_ = 0;
  uint32_t round_ = 0;
  uint64_t unwanted_bits_ = 0;
};

}  // namespace oriel::encoder
