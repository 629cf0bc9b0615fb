#include "capture/device/driver_error.h"

#include <cerrno>
#include <cstring>

#include "absl/strings/str_format.h"

namespace oriel::capture {
namespace {

absl::StatusCode CodeOf(int error_number) {
  switch (error_number) {
    case ENOTTY:
    case ENOSYS:
    case EOPNOTSUPP:
      return absl::StatusCode::kUnimplemented;
    case EINVAL:
      return absl::StatusCode::kInvalidArgument;
    case EPERM:
    case EACCES:
      return absl::StatusCode::kPermissionDenied;
    case EBUSY:
    case EAGAIN:
    case EINTR:
    // mbochs and GVT-g fail with these two while the guest changes its mode.
    case ENOMEM:
    case EFAULT:
    // A BAR whose memory the guest switched off.
    case EIO:
    case ENODEV:
    case ENXIO:
    case EPIPE:
    case ECONNRESET:
    case ECONNREFUSED:
    case ETIMEDOUT:
    case ESHUTDOWN:
      return absl::StatusCode::kUnavailable;
    default:
      return absl::ErrnoToStatusCode(error_number);
  }
}

}  // namespace

absl::Status DriverError(int error_number, const std::string& tried) {
  return absl::Status(CodeOf(error_number),
                      absl::StrFormat("%s: %s", tried, strerror(error_number)));
}

}  // namespace oriel::capture
