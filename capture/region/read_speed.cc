#include "capture/region/read_speed.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <vector>

#include "base/clock.h"
#include "base/status_macros.h"

namespace oriel::capture {
namespace {

// More than the caches near a processor hold, less than a slow bus takes long
// for.
constexpr uint64_t kWindowBytes = uint64_t{4} << 20;
// Of an uncached BAR under a millisecond.
constexpr uint64_t kVisitBytes = 32 * 1024;
constexpr Duration kBudget = std::chrono::milliseconds(3);
constexpr size_t kPageBytes = 4096;

// The first touch of a page is the kernel's work, not the memory's speed.
absl::Status FaultIn(ForeignMemory& memory, uint64_t offset, uint64_t size) {
  return memory.Visit(offset, size, [](std::span<const uint8_t> bytes) {
    for (size_t i = 0; i < bytes.size(); i += kPageBytes) {
      const uint8_t byte = bytes[i];
      asm volatile("" : : "r"(byte));
    }
  });
}

}  // namespace

absl::StatusOr<uint64_t> MeasureReadSpeed(ForeignMemory& memory) {
  const uint64_t window = std::min(memory.size_bytes(), kWindowBytes);
  std::vector<uint8_t> copy(std::min(window, kVisitBytes));
  Duration spent{};
  uint64_t read_bytes = 0;
  for (uint64_t offset = 0; offset < window && spent < kBudget;
       offset += kVisitBytes) {
    const uint64_t size = std::min(kVisitBytes, window - offset);
    RETURN_IF_ERROR(FaultIn(memory, offset, size));
    RETURN_IF_ERROR(
        memory.Visit(offset, size, [&](std::span<const uint8_t> bytes) {
          const Time begun = Clock::now();
          std::memcpy(copy.data(), bytes.data(), bytes.size());
          asm volatile("" : : "r"(copy.data()) : "memory");
          spent += Clock::now() - begun;
        }));
    read_bytes += size;
  }
  const double seconds =
      std::max(std::chrono::duration<double>(spent).count(), 1e-9);
  return std::max<uint64_t>(
      1, static_cast<uint64_t>(double(read_bytes) / seconds));
}

}  // namespace oriel::capture
