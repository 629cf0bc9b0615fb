#include "capture/device/kernel_calls.h"

#include <fcntl.h>
#include <sys/ioctl.h>

#include <cerrno>

namespace oriel::capture {
namespace {

class RealKernelCalls : public KernelCalls {
 public:
  UniqueFd Open(const std::string& path) override {
    return UniqueFd(open(path.c_str(), O_RDWR | O_CLOEXEC));
  }

  int Ioctl(int fd, unsigned long request, void* argument) override {
    int result;
    do {
      result = ioctl(fd, request, argument);
    } while (result < 0 && errno == EINTR);
    return result;
  }
};

}  // namespace

KernelCalls& KernelCalls::Real() {
  static RealKernelCalls calls;
  return calls;
}

}  // namespace oriel::capture
