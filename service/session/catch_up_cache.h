#pragma once

#include <cstddef>
#include <deque>
#include <memory>

#include "base/picture/damage.h"
#include "encoder/update_encoder.h"

namespace oriel::session {

// Intra patches and stills of parts of a lane's reference, so that viewers who
// catch up in the same places share the work. Bounded in bytes and entries: the
// oldest go first. Thread-compatible.
class CatchUpCache {
 public:
  using Entry = std::shared_ptr<const encoder::EncodeResult>;

  explicit CatchUpCache(size_t max_bytes = 4 * 1024 * 1024,
                        size_t max_entries = 64)
      : max_bytes_(max_bytes), max_entries_(max_entries) {}

  // What was made of exactly this part; null when nothing was. `still_bytes`:
  // what stills of it may weigh; 0: they are exact patches.
  Entry Find(const Damage& part, size_t still_bytes = 0) const;
  void Store(const Damage& part, Entry entry, size_t still_bytes = 0);
  // The reference changed there.
  void Invalidate(const Damage& changed);
  void Clear();

 private:
  struct Part {
    Damage part;
    size_t still_bytes;
    Entry entry;
    size_t size_bytes;
  };

  const size_t max_bytes_;
  const size_t max_entries_;
  std::deque<Part> parts_;
  size_t size_bytes_ = 0;
};

}  // namespace oriel::session
