#pragma once

#include <cstdint>
#include <vector>

#include "base/picture/rect.h"

namespace oriel {

// A set of pixels, kept as disjoint rectangles in canonical form: horizontal
// bands from top to bottom, spans from left to right in each, neighbours
// merged. Equal sets compare equal. Thread-compatible.
class Damage {
 public:
  Damage() = default;
  explicit Damage(const Rect& rect) { Add(rect); }
  // The union of any rectangles, in any order; far quicker than adding many
  // one by one.
  static Damage FromRects(std::vector<Rect> rects);

  bool empty() const { return bands_.empty(); }
  void Clear() { bands_.clear(); }

  // Empty rectangles add and remove nothing. Adding below everything is quick,
  // elsewhere it costs what the whole set weighs.
  void Add(const Rect& rect);
  void Add(const Damage& other);
  void Subtract(const Rect& rect);
  void Subtract(const Damage& other);
  void IntersectWith(const Rect& rect);
  void IntersectWith(const Damage& other);

  bool Intersects(const Rect& rect) const;
  bool Contains(const Rect& rect) const;

  // The smallest rectangle around all of it; empty when empty.
  Rect Bounds() const;
  int64_t AreaPx() const;
  // Disjoint, by y and then x.
  std::vector<Rect> Rects() const;

  friend bool operator==(const Damage&, const Damage&) = default;

 private:
  struct Span {
    int32_t left_px;
    int32_t right_px;
    friend bool operator==(const Span&, const Span&) = default;
  };
  struct Band {
    int32_t top_px;
    int32_t bottom_px;
    std::vector<Span> spans;
    friend bool operator==(const Band&, const Band&) = default;
  };
  enum class Operation { kUnion, kSubtract, kIntersect };

  static std::vector<Band> Combine(const std::vector<Band>& a,
                                   const std::vector<Band>& b,
                                   Operation operation);
  // `band` lies below all of `bands`; merges it where that is canonical.
  static void Append(std::vector<Band>& bands, Band band);
  static std::vector<Band> UnionOf(const Rect* first, const Rect* last);

  std::vector<Band> bands_;
};

}  // namespace oriel
