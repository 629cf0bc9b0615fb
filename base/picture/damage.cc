#include "base/picture/damage.h"

#include <algorithm>
#include <utility>

namespace oriel {
namespace {

// Spans are sorted and disjoint; so is what comes out.
template <typename Span, typename Keep>
std::vector<Span> CombineSpans(const std::vector<Span>& a,
                               const std::vector<Span>& b, Keep keep) {
  if (b.empty()) return keep(true, false) ? a : b;
  if (a.empty()) return keep(false, true) ? b : a;
  std::vector<int32_t> edges;
  edges.reserve(2 * (a.size() + b.size()));
  for (const auto* list : {&a, &b}) {
    for (const Span& span : *list) {
      edges.push_back(span.left_px);
      edges.push_back(span.right_px);
    }
  }
  std::sort(edges.begin(), edges.end());
  edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
  std::vector<Span> result;
  size_t in_a = 0;
  size_t in_b = 0;
  for (size_t i = 0; i + 1 < edges.size(); ++i) {
    const int32_t left = edges[i];
    while (in_a < a.size() && a[in_a].right_px <= left) ++in_a;
    while (in_b < b.size() && b[in_b].right_px <= left) ++in_b;
    const bool covered_a = in_a < a.size() && a[in_a].left_px <= left;
    const bool covered_b = in_b < b.size() && b[in_b].left_px <= left;
    if (!keep(covered_a, covered_b)) continue;
    if (!result.empty() && result.back().right_px == left) {
      result.back().right_px = edges[i + 1];
    } else {
      result.push_back({left, edges[i + 1]});
    }
  }
  return result;
}

}  // namespace

std::vector<Damage::Band> Damage::Combine(const std::vector<Band>& a,
                                          const std::vector<Band>& b,
                                          Operation operation) {
  static const std::vector<Span> kNone;
  const auto keep = [operation](bool in_a, bool in_b) {
    switch (operation) {
      case Operation::kUnion:
        return in_a || in_b;
      case Operation::kSubtract:
        return in_a && !in_b;
      case Operation::kIntersect:
        return in_a && in_b;
    }
    return false;
  };
  std::vector<int32_t> edges;
  edges.reserve(2 * (a.size() + b.size()));
  for (const auto* list : {&a, &b}) {
    for (const Band& band : *list) {
      edges.push_back(band.top_px);
      edges.push_back(band.bottom_px);
    }
  }
  std::sort(edges.begin(), edges.end());
  edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
  std::vector<Band> result;
  size_t in_a = 0;
  size_t in_b = 0;
  for (size_t i = 0; i + 1 < edges.size(); ++i) {
    const int32_t top = edges[i];
    while (in_a < a.size() && a[in_a].bottom_px <= top) ++in_a;
    while (in_b < b.size() && b[in_b].bottom_px <= top) ++in_b;
    const bool covered_a = in_a < a.size() && a[in_a].top_px <= top;
    const bool covered_b = in_b < b.size() && b[in_b].top_px <= top;
    std::vector<Span> spans =
        CombineSpans<Span>(covered_a ? a[in_a].spans : kNone,
                           covered_b ? b[in_b].spans : kNone, keep);
    if (spans.empty()) continue;
    Append(result, {top, edges[i + 1], std::move(spans)});
  }
  return result;
}

void Damage::Append(std::vector<Band>& bands, Band band) {
  if (!bands.empty() && bands.back().bottom_px == band.top_px &&
      bands.back().spans == band.spans) {
    bands.back().bottom_px = band.bottom_px;
  } else {
    bands.push_back(std::move(band));
  }
}

// Halving keeps both sides small and, in sorted input, mostly apart.
std::vector<Damage::Band> Damage::UnionOf(const Rect* first, const Rect* last) {
  if (last - first == 1) {
    return {
        {first->y_px, first->bottom_px(), {{first->x_px, first->right_px()}}}};
  }
  const Rect* middle = first + (last - first) / 2;
  std::vector<Band> above = UnionOf(first, middle);
  std::vector<Band> below = UnionOf(middle, last);
  if (above.back().bottom_px > below.front().top_px) {
    return Combine(above, below, Operation::kUnion);
  }
  for (Band& band : below) Append(above, std::move(band));
  return above;
}

Damage Damage::FromRects(std::vector<Rect> rects) {
  std::erase_if(rects, [](const Rect& rect) { return rect.empty(); });
  std::sort(rects.begin(), rects.end(), [](const Rect& a, const Rect& b) {
    return a.y_px != b.y_px ? a.y_px < b.y_px : a.x_px < b.x_px;
  });
  Damage damage;
  if (!rects.empty()) {
    damage.bands_ = UnionOf(rects.data(), rects.data() + rects.size());
  }
  return damage;
}

void Damage::Add(const Rect& rect) {
  if (rect.empty()) return;
  Band band{rect.y_px, rect.bottom_px(), {{rect.x_px, rect.right_px()}}};
  if (bands_.empty() || bands_.back().bottom_px <= band.top_px) {
    Append(bands_, std::move(band));
    return;
  }
  bands_ = Combine(bands_, {std::move(band)}, Operation::kUnion);
}

void Damage::Add(const Damage& other) {
  if (bands_.empty()) {
    bands_ = other.bands_;
  } else if (!other.empty()) {
    bands_ = Combine(bands_, other.bands_, Operation::kUnion);
  }
}

void Damage::Subtract(const Rect& rect) {
  if (!empty()) Subtract(Damage(rect));
}

void Damage::Subtract(const Damage& other) {
  if (empty() || other.empty()) return;
  bands_ = Combine(bands_, other.bands_, Operation::kSubtract);
}

void Damage::IntersectWith(const Rect& rect) { IntersectWith(Damage(rect)); }

void Damage::IntersectWith(const Damage& other) {
  bands_ = Combine(bands_, other.bands_, Operation::kIntersect);
}

bool Damage::Intersects(const Rect& rect) const {
  Damage part(rect);
  part.IntersectWith(*this);
  return !part.empty();
}

bool Damage::Contains(const Rect& rect) const {
  Damage missing(rect);
  missing.Subtract(*this);
  return missing.empty();
}

Rect Damage::Bounds() const {
  if (empty()) return {};
  int32_t left = bands_.front().spans.front().left_px;
  int32_t right = bands_.front().spans.back().right_px;
  for (const Band& band : bands_) {
    left = std::min(left, band.spans.front().left_px);
    right = std::max(right, band.spans.back().right_px);
  }
  const int32_t top = bands_.front().top_px;
  return {left, top, right - left, bands_.back().bottom_px - top};
}

int64_t Damage::AreaPx() const {
  int64_t area = 0;
  for (const Band& band : bands_) {
    int64_t width = 0;
    for (const Span& span : band.spans) width += span.right_px - span.left_px;
    area += width * (band.bottom_px - band.top_px);
  }
  return area;
}

std::vector<Rect> Damage::Rects() const {
  std::vector<Rect> rects;
  for (const Band& band : bands_) {
    for (const Span& span : band.spans) {
      rects.push_back({span.left_px, band.top_px, span.right_px - span.left_px,
                       band.bottom_px - band.top_px});
    }
  }
  return rects;
}

}  // namespace oriel
