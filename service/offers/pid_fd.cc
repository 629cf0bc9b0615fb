#include "service/offers/pid_fd.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "base/unique_fd.h"

namespace oriel::offers {

absl::StatusOr<pid_t> ReadPidFd(int fd) {
  const UniqueFd info(open(absl::StrFormat("/proc/self/fdinfo/%d", fd).c_str(),
                           O_RDONLY | O_CLOEXEC));
  char bytes[1024];
  const ssize_t size =
      info.valid() ? read(info.get(), bytes, sizeof(bytes)) : -1;
  if (size < 0) {
    return absl::ErrnoToStatus(
        errno, absl::StrFormat("read /proc/self/fdinfo/%d", fd));
  }
  // Only a pidfd has this line: proc(5).
  constexpr std::string_view kKey = "\nPid:\t";
  const std::string_view text(bytes, static_cast<size_t>(size));
  const size_t at = text.find(kKey);
  pid_t pid = 0;
  if (at == std::string_view::npos ||
      std::from_chars(text.data() + at + kKey.size(), text.data() + text.size(),
                      pid)
              .ec != std::errc()) {
    return absl::InvalidArgumentError("the second fd is no pidfd");
  }
  return pid;
}

}  // namespace oriel::offers
