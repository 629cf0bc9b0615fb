#include "capture/device/map_file.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <limits>
#include <utility>

#include "absl/strings/str_format.h"

namespace oriel::capture {

Mapping::~Mapping() {
  if (address_ != nullptr) munmap(address_, size_bytes_);
}

absl::StatusOr<Mapping> MapFile(int fd, uint64_t file_offset, size_t size_bytes,
                                const std::string& what) {
  const auto page = static_cast<uint64_t>(getpagesize());
  constexpr uint64_t kLargest = std::numeric_limits<off_t>::max();
  if (size_bytes == 0 || file_offset % page != 0 || size_bytes % page != 0 ||
      file_offset > kLargest || size_bytes > kLargest - file_offset) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "map %d bytes at offset %#x of %s: not whole pages of a file",
        size_bytes, file_offset, what));
  }
  void* address = mmap(nullptr, size_bytes, PROT_READ, MAP_SHARED, fd,
                       static_cast<off_t>(file_offset));
  if (address == MAP_FAILED) {
    const int error = errno;
    const std::string text =
        absl::StrFormat("map %d bytes at offset %#x of %s: %s", size_bytes,
                        file_offset, what, strerror(error));
    if (error == ENOMEM || error == EAGAIN)
      return absl::ResourceExhaustedError(text);
    return absl::FailedPreconditionError(text);
  }
  Mapping mapping(address, size_bytes);
  if (madvise(address, size_bytes, MADV_DONTFORK) != 0) {
    return absl::InternalError(
        absl::StrFormat("keep the mapping of %s from child processes: %s", what,
                        strerror(errno)));
  }
  return mapping;
}

}  // namespace oriel::capture
