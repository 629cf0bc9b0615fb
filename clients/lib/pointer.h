#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "base/picture/picture.h"
#include "base/picture/rect.h"
#include "oriel/v1/streaming.pb.h"

namespace oriel::clients {

// The pointer of a stream whose device has a cursor plane, as its events left
// it. Copies share the shape. Thread-compatible.
class Pointer {
 public:
  // kInvalidArgument: the event breaks the stream's rules, and changed nothing.
  absl::Status Apply(const v1::Cursor& cursor, const std::string& payload);

  // False: nowhere, or no event came yet.
  bool visible() const { return visible_; }
  // Of the shape's left upper corner in the picture; can be outside.
  Point at() const { return at_; }
  // In the shape; empty: unknown.
  std::optional<Point> hot_spot() const { return hot_spot_; }
  // Straight-alpha BGRA; null: not to be drawn.
  std::shared_ptr<const Picture> shape() const {
    return visible_ && !shape_unknown_ ? shape_ : nullptr;
  }

  friend bool operator==(const Pointer&, const Pointer&) = default;

 private:
  bool visible_ = false;
  Point at_;
  std::optional<Point> hot_spot_;
  bool shape_unknown_ = false;
  std::shared_ptr<const Picture> shape_;  // the newest that came
};

}  // namespace oriel::clients
