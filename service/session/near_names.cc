#include "service/session/near_names.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace oriel::session {
namespace {

constexpr size_t kShown = 3;
constexpr size_t kLongestCompared = 128;

// Levenshtein's, by rows.
size_t EditDistance(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i + 1);
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string NearNamesHint(const std::string& name,
                          const std::vector<std::string>& known) {
  if (known.empty()) return "; no display is configured";
  const std::string asked = name.substr(0, kLongestCompared);
  std::vector<std::pair<size_t, std::string>> ranked;
  for (const std::string& candidate : known) {
    const size_t distance =
        EditDistance(asked, candidate.substr(0, kLongestCompared));
    if (known.size() <= kShown || distance <= 1 + candidate.size() / 3) {
      ranked.emplace_back(distance, candidate);
    }
  }
  if (ranked.empty()) return "; ListDisplays tells those there are";
  std::sort(ranked.begin(), ranked.end());
  if (ranked.size() > kShown) ranked.resize(kShown);
  std::string hint = known.size() <= kShown ? "; there is " : "; near names: ";
  for (size_t i = 0; i < ranked.size(); ++i) {
    hint += (i == 0 ? "" : ", ") + ranked[i].second;
  }
  return hint;
}

}  // namespace oriel::session
