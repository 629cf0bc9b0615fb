#include "clients/cli/whole_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "absl/strings/str_format.h"
#include "base/unique_fd.h"

namespace oriel::clients {
namespace {

absl::Status FileError(const std::string& path, int error) {
  return absl::InternalError(
      absl::StrFormat("cannot write %s: %s", path, std::strerror(error)));
}

absl::Status WriteAll(int fd, const std::string& path,
                      const std::string& bytes) {
  size_t at = 0;
  while (at < bytes.size()) {
    const ssize_t written = write(fd, bytes.data() + at, bytes.size() - at);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return FileError(path, errno);
    at += static_cast<size_t>(written);
  }
  return absl::OkStatus();
}

absl::Status WriteInPlace(const std::string& path, const std::string& bytes) {
  UniqueFd fd(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd.valid()) return FileError(path, errno);
  return WriteAll(fd.get(), path, bytes);
}

mode_t UsualMode() {
  const mode_t mask = umask(0);
  umask(mask);
  return 0666 & ~mask;
}

}  // namespace

std::string InputName(const std::string& path) {
  return path == "-" ? "standard input" : path;
}

absl::StatusOr<std::vector<uint8_t>> ReadWholeFile(const std::string& path,
                                                   size_t max_bytes,
                                                   const std::string& limit) {
  const std::string name = InputName(path);
  const UniqueFd fd(path == "-" ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                                : open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) {
    return absl::InternalError(
        absl::StrFormat("cannot open %s: %s", name, std::strerror(errno)));
  }
  std::vector<uint8_t> content(max_bytes + 1);
  size_t size = 0;
  while (size < content.size()) {
    const ssize_t count =
        read(fd.get(), content.data() + size, content.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      return absl::InternalError(
          absl::StrFormat("cannot read %s: %s", name, std::strerror(errno)));
    }
    if (count == 0) break;
    size += static_cast<size_t>(count);
  }
  if (size > max_bytes) {
    return absl::InternalError(absl::StrFormat("%s %s", name, limit));
  }
  content.resize(size);
  return content;
}

absl::Status WriteWholeFile(const std::string& path, const std::string& bytes,
                            bool overwrite) {
  struct stat status {};
  const bool exists = stat(path.c_str(), &status) == 0;
  if (exists && !overwrite) {
    return absl::AlreadyExistsError(
        absl::StrFormat("%s exists; name the file to overwrite with -o", path));
  }
  if (exists && !S_ISREG(status.st_mode)) return WriteInPlace(path, bytes);
  std::string temporary = path + ".XXXXXX";
  UniqueFd fd(mkostemp(temporary.data(), O_CLOEXEC));
  if (!fd.valid()) return FileError(path, errno);
  absl::Status written = WriteAll(fd.get(), path, bytes);
  if (written.ok() &&
      (fchmod(fd.get(), exists ? status.st_mode & 07777 : UsualMode()) != 0 ||
       close(fd.release()) != 0 ||
       rename(temporary.c_str(), path.c_str()) != 0)) {
    written = FileError(path, errno);
  }
  if (!written.ok()) unlink(temporary.c_str());
  return written;
}

}  // namespace oriel::clients
