#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "clients/cli/commands.h"
#include "clients/cli/display_report.h"
#include "clients/cli/vbt_report.h"

namespace oriel::clients {
namespace {

// An OpRegion has 8 KiB and a VBT 64 KiB at most; whole firmware images are a
// mistake.
constexpr size_t kMaxFileBytes = 1024 * 1024;

// Files in sysfs and debugfs do not tell their size: read to the end.
absl::StatusOr<std::vector<uint8_t>> ReadFile(const std::string& path) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) {
    return absl::InternalError(
        absl::StrFormat("cannot open %s: %s", path, std::strerror(errno)));
  }
  std::vector<uint8_t> content(kMaxFileBytes + 1);
  size_t size = 0;
  while (size < content.size()) {
    const ssize_t count =
        read(fd.get(), content.data() + size, content.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      return absl::InternalError(
          absl::StrFormat("cannot read %s: %s", path, std::strerror(errno)));
    }
    if (count == 0) break;
    size += static_cast<size_t>(count);
  }
  if (size > kMaxFileBytes) {
    return absl::InternalError(absl::StrFormat(
        "%s has more than 1 MiB: that is no VBT or OpRegion alone", path));
  }
  content.resize(size);
  return content;
}

}  // namespace

absl::Status RunVbt(const VbtOptions& options, bool json, Console& console) {
  ASSIGN_OR_RETURN(const std::vector<uint8_t> content, ReadFile(options.file));
  const absl::StatusOr<VbtFile> file = DecodeVbtFile(content);
  if (!file.ok()) {
    return absl::DataLossError(
        absl::StrFormat("cannot decode %s: %s", options.file,
                        std::string(file.status().message())));
  }
  console.out << (json ? JsonLine(VbtJson(*file))
                       : VbtDetails(*file, console.coloured_out()));
  return Flush(console);
}

}  // namespace oriel::clients
