#include "clients/cli/nearest_name.h"

#include <algorithm>
#include <numeric>

namespace oriel::clients {
namespace {

// Levenshtein's distance: letters inserted, left out or replaced.
size_t Distance(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string NearestName(const std::string& name,
                        const std::vector<std::string>& candidates) {
  std::string nearest;
  size_t nearest_distance = 0;
  for (const std::string& candidate : candidates) {
    const size_t limit =
        std::max<size_t>(1, std::max(name.size(), candidate.size()) / 3);
    const bool begins = name.size() >= 3 && candidate.rfind(name, 0) == 0;
    const size_t distance = begins ? 1 : Distance(name, candidate);
    if (distance > limit) continue;
    if (nearest.empty() || distance < nearest_distance) {
      nearest = candidate;
      nearest_distance = distance;
    }
  }
  return nearest;
}

}  // namespace oriel::clients
