#include "clients/cli/disk_file.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_format.h"

namespace oriel::clients {
namespace {

// Fewer calls than one a frame; smaller when the disk is nearly full.
constexpr int64_t kReserveAheadBytes = 8 * 1024 * 1024;

bool IsFull(int error) {
  return error == ENOSPC || error == EDQUOT || error == EFBIG;
}

int64_t FileSizeLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY ||
      limit.rlim_cur > INT64_MAX) {
    return INT64_MAX;
  }
  return static_cast<int64_t>(limit.rlim_cur);
}

}  // namespace

DiskFile::DiskFile(std::string path, UniqueFd fd, bool created)
    : path_(std::move(path)), fd_(std::move(fd)), created_(created) {}

absl::StatusOr<std::unique_ptr<DiskFile>> DiskFile::Create(
    const std::string& path, bool overwrite) {
  constexpr int kFlags = O_RDWR | O_CLOEXEC;
  UniqueFd fd(open(path.c_str(), kFlags | O_CREAT | O_EXCL, 0666));
  bool created = true;
  if (!fd.valid() && errno == EEXIST) {
    if (!overwrite) {
      return absl::AlreadyExistsError(absl::StrFormat(
          "%s exists; give another name, or --force to overwrite it", path));
    }
    created = false;
    fd.reset(open(path.c_str(), kFlags));
  }
  if (!fd.valid()) {
    return absl::InternalError(
        absl::StrFormat("cannot create %s: %s", path, std::strerror(errno)));
  }
  return std::unique_ptr<DiskFile>(new DiskFile(path, std::move(fd), created));
}

absl::Status DiskFile::Error(const char* attempt, int error) const {
  if (IsFull(error)) {
    return absl::ResourceExhaustedError(absl::StrFormat(
        "cannot %s %s: %s", attempt, path_,
        error == EFBIG ? "the file-size limit is reached (ulimit -f)"
                       : "the disk is full"));
  }
  return absl::InternalError(absl::StrFormat("cannot %s %s: %s", attempt, path_,
                                             std::strerror(error)));
}

absl::Status DiskFile::Truncate() {
  return ftruncate(fd_.get(), 0) == 0 ? absl::OkStatus()
                                      : Error("empty", errno);
}

absl::Status DiskFile::Reserve(int64_t size_bytes) {
  if (size_bytes > FileSizeLimit()) return Error("extend", EFBIG);
  if (!can_reserve_ || size_bytes <= reserved_bytes_) return absl::OkStatus();
  int error = 0;
  for (const int64_t wanted : {size_bytes + kReserveAheadBytes, size_bytes}) {
    if (fallocate(fd_.get(), FALLOC_FL_KEEP_SIZE, 0, wanted) == 0) {
      reserved_bytes_ = wanted;
      return absl::OkStatus();
    }
    error = errno;
    if (!IsFull(error)) break;
  }
  if (IsFull(error)) return Error("extend", error);
  can_reserve_ = false;
  return absl::OkStatus();
}

absl::Status DiskFile::Write(std::span<const uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd_.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Error("write", errno);
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

int64_t DiskFile::Seek(int64_t offset, int whence) {
  return lseek(fd_.get(), offset, whence);
}

int64_t DiskFile::SizeBytes() const {
  struct stat status {};
  return fstat(fd_.get(), &status) == 0 ? status.st_size : -1;
}

absl::Status DiskFile::Close() {
  const int64_t size = SizeBytes();
  // Truncating to the same size frees blocks behind the end.
  if (reserved_bytes_ > 0 && size >= 0 && ftruncate(fd_.get(), size) != 0) {
    return Error("trim", errno);
  }
  if (close(fd_.release()) != 0) return Error("close", errno);
  return absl::OkStatus();
}

void DiskFile::Remove() { unlink(path_.c_str()); }

}  // namespace oriel::clients
