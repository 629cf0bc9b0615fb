#include <vector>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "clients/cli/commands.h"
#include "clients/cli/display_report.h"
#include "clients/cli/vbt_report.h"
#include "clients/cli/whole_file.h"

namespace oriel::clients {
namespace {

// An option ROM has 16 MiB at most (PCI Local Bus Specification 3.0, section
// 6.2.5.2), all else is smaller.
constexpr size_t kMaxFileBytes = 16 * 1024 * 1024;

}  // namespace

absl::Status RunVbt(const VbtOptions& options, bool json, Console& console) {
  ASSIGN_OR_RETURN(
      const std::vector<uint8_t> content,
      ReadWholeFile(options.file, kMaxFileBytes,
                    "has more than 16 MiB: that is no VBT, OpRegion or option "
                    "ROM alone"));
  const absl::StatusOr<VbtFile> file = DecodeVbtFile(content);
  if (!file.ok()) {
    return absl::DataLossError(
        absl::StrFormat("cannot decode %s: %s", InputName(options.file),
                        std::string(file.status().message())));
  }
  console.out << (json ? JsonLine(VbtJson(*file))
                       : VbtDetails(*file, console.coloured_out()));
  return Flush(console);
}

}  // namespace oriel::clients
