#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

namespace oriel::capture {

// The one owner of an mmap; unmaps it. The bytes change under the reader and
// can vanish: only region/foreign_memory.h looks at them.
class Mapping {
 public:
  Mapping() = default;
  Mapping(void* address, size_t size_bytes)
      : address_(address), size_bytes_(size_bytes) {}
  Mapping(Mapping&& other) noexcept
      : address_(std::exchange(other.address_, nullptr)),
        size_bytes_(std::exchange(other.size_bytes_, 0)) {}
  Mapping& operator=(Mapping&& other) noexcept {
    std::swap(address_, other.address_);
    std::swap(size_bytes_, other.size_bytes_);
    return *this;
  }
  ~Mapping();

  // Null when empty.
  void* address() const { return address_; }
  size_t size_bytes() const { return size_bytes_; }

 private:
  void* address_ = nullptr;
  size_t size_bytes_ = 0;
};

}  // namespace oriel::capture
