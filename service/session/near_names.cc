#include "service/session/near_names.h"

#include <algorithm>
#include <utility>

#include "base/nearest_name.h"

namespace oriel::session {
namespace {

constexpr size_t kShown = 3;
constexpr size_t kListed = 8;  // when none is near
constexpr size_t kLongestCompared = 128;

// "a, b and 12 more".
std::string FirstOf(const std::vector<std::string>& known) {
  std::string list;
  const size_t count = std::min(known.size(), kListed);
  for (size_t i = 0; i < count; ++i) list += (i == 0 ? "" : ", ") + known[i];
  if (known.size() > count) {
    list += " and " + std::to_string(known.size() - count) + " more";
  }
  return list;
}

}  // namespace

std::string NearNamesHint(const std::string& name,
                          const std::vector<std::string>& known) {
  if (known.empty()) return "; there is none at all now";
  const std::string asked = name.substr(0, kLongestCompared);
  std::vector<std::pair<size_t, std::string>> ranked;
  for (const std::string& candidate : known) {
    const size_t distance =
        NameDistance(asked, candidate.substr(0, kLongestCompared));
    if (known.size() <= kShown || distance <= 1 + candidate.size() / 3) {
      ranked.emplace_back(distance, candidate);
    }
  }
  if (ranked.empty()) return "; there are " + FirstOf(known);
  std::sort(ranked.begin(), ranked.end());
  if (ranked.size() > kShown) ranked.resize(kShown);
  std::string hint = known.size() <= kShown ? "; there is " : "; near names: ";
  for (size_t i = 0; i < ranked.size(); ++i) {
    hint += (i == 0 ? "" : ", ") + ranked[i].second;
  }
  return hint;
}

}  // namespace oriel::session
