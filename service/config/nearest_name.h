#pragma once

#include <string>
#include <vector>

namespace oriel::config {

// The candidate with the fewest inserted, removed, changed and swapped letters;
// empty when none is near enough to be what somebody meant.
std::string NearestName(const std::string& name,
                        const std::vector<std::string>& candidates);

}  // namespace oriel::config
