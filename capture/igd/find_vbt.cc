#include <algorithm>
#include <iterator>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "capture/igd/layout.h"
#include "capture/igd/little_endian.h"
#include "capture/igd/vbt.h"

namespace oriel::capture::igd {
namespace {

// Against files that hold little else.
constexpr size_t kMaxCandidates = 1000;

}  // namespace

absl::StatusOr<FoundVbt> FindVbt(Bytes bytes) {
  const char* signature = layout::kVbtSignature;
  absl::Status first_error;
  size_t first_error_at = 0;
  size_t candidates = 0;
  for (auto at = bytes.begin();; ++at) {
    at = std::search(at, bytes.end(), signature,
                     signature + layout::kVbtSignatureBytes);
    if (at == bytes.end() || candidates == kMaxCandidates) break;
    const auto offset = static_cast<size_t>(at - bytes.begin());
    absl::StatusOr<Vbt> vbt = ParseVbt(bytes.subspan(offset));
    if (vbt.ok()) return FoundVbt{*std::move(vbt), offset};
    if (candidates++ == 0) {
      first_error = vbt.status();
      first_error_at = offset;
    }
  }
  if (candidates == 0) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "no VBT: \"$VBT\" stands nowhere in its %d bytes", bytes.size()));
  }
  return absl::InvalidArgumentError(absl::StrFormat(
      "no VBT: \"$VBT\" stands in %s, the first at byte %d; there: %s",
      candidates == 1 ? "one place" : absl::StrFormat("%d places", candidates),
      first_error_at, std::string(first_error.message())));
}

}  // namespace oriel::capture::igd
