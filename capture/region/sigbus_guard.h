#pragma once

#include <cstddef>
#include <optional>

namespace oriel::capture {

// A range of addresses whose SIGBUS does not end the process: from the page
// that faulted on, the range is replaced by zeros, and `tripped` tells. The
// process-wide handler is installed with the first guard, stays, and passes
// on what is not guarded. At most kMaxGuards at a time. Thread-safe.
class SigbusGuard {
 public:
  static constexpr int kMaxGuards = 256;

  // The range is whole pages of a mapping that outlives the guard. Empty when
  // kMaxGuards are in use.
  static std::optional<SigbusGuard> Protect(void* address, size_t size_bytes);

  SigbusGuard(SigbusGuard&& other) noexcept;
  SigbusGuard& operator=(SigbusGuard&& other) noexcept;
  ~SigbusGuard();

  // For good: the bytes behind the zeros are lost to this mapping.
  bool tripped() const;

 private:
  explicit SigbusGuard(int slot) : slot_(slot) {}

  int slot_ = -1;  // -1: moved from
};

}  // namespace oriel::capture
