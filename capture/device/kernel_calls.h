#pragma once

#include <string>

#include "base/unique_fd.h"

namespace oriel::capture {

// The kernel's side of opening a VFIO device, so that a test can play it.
// Thread-safe.
class KernelCalls {
 public:
  virtual ~KernelCalls() = default;

  // Empty with errno set on failure.
  virtual UniqueFd Open(const std::string& path) = 0;
  // As ioctl(2): -1 with errno set on failure.
  virtual int Ioctl(int fd, unsigned long request, void* argument) = 0;

  // The real one.
  static KernelCalls& Real();
};

}  // namespace oriel::capture
