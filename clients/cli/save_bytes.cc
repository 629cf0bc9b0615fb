#include "clients/cli/save_bytes.h"

#include "clients/cli/commands.h"
#include "clients/cli/whole_file.h"

namespace oriel::clients {

absl::Status CheckOutput(const std::string& output, const std::string& what,
                         const Console& console) {
  if (output != "-" || !console.out_is_terminal) return absl::OkStatus();
  return absl::InvalidArgumentError(
      what + " is nothing for a terminal; redirect it, or name a file");
}

absl::Status SaveBytes(const std::string& output, const std::string& bytes,
                       Console& console) {
  if (output != "-") return WriteWholeFile(output, bytes, true);
  console.out << bytes;
  return Flush(console);
}

}  // namespace oriel::clients
