#include "service/session/catch_up_cache.h"

#include <utility>

namespace oriel::session {

CatchUpCache::Entry CatchUpCache::Find(const Damage& part,
                                       size_t still_bytes) const {
  for (const Part& candidate : parts_) {
    if (candidate.part == part && candidate.still_bytes == still_bytes)
      return candidate.entry;
  }
  return nullptr;
}

void CatchUpCache::Store(const Damage& part, Entry entry, size_t still_bytes) {
  size_t size_bytes = 0;
  for (const encoder::Patch& patch : entry->patches) {
    if (patch.payload != nullptr) size_bytes += patch.payload->size();
  }
  parts_.push_back({part, still_bytes, std::move(entry), size_bytes});
  size_bytes_ += size_bytes;
  while (size_bytes_ > max_bytes_ || parts_.size() > max_entries_) {
    size_bytes_ -= parts_.front().size_bytes;
    parts_.pop_front();
  }
}

void CatchUpCache::Invalidate(const Damage& changed) {
  std::erase_if(parts_, [&](const Part& candidate) {
    Damage met = candidate.part;
    met.IntersectWith(changed);
    if (met.empty()) return false;
    size_bytes_ -= candidate.size_bytes;
    return true;
  });
}

void CatchUpCache::Clear() {
  parts_.clear();
  size_bytes_ = 0;
}

}  // namespace oriel::session
