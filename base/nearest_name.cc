#include "base/nearest_name.h"

#include <algorithm>

namespace oriel {
namespace {

// Names that people type are short; what is longer is not a slip.
constexpr size_t kMaxNameLength = 64;

}  // namespace

size_t NameDistance(const std::string& a, const std::string& b) {
  std::vector<size_t> before_last(b.size() + 1);
  std::vector<size_t> last(b.size() + 1);
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
    before_last.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

std::string NearestName(const std::string& name,
                        const std::vector<std::string>& candidates) {
  if (name.empty() || name.size() > kMaxNameLength) return "";
  std::string nearest;
  // A third of the letters may be wrong, but two always.
  size_t least = std::max<size_t>(2, name.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    size_t distance = NameDistance(name, candidate);
    // "max_rate" for "max_rate_hz", "socket_path" for "socket".
    const bool begins_alike =
        std::min(name.size(), candidate.size()) >= 3 &&
        (candidate.starts_with(name) || name.starts_with(candidate));
    if (begins_alike) distance = 1;
    if (distance < least && distance < candidate.size()) {
      least = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

}  // namespace oriel
