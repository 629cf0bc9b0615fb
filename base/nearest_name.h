#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace oriel {

// Inserted, removed, changed and swapped letters between two names (Damerau's
// distance in its restricted form: no letter is touched twice).
size_t NameDistance(const std::string& a, const std::string& b);

// The candidate with the least distance, or that begins alike; empty when none
// is near enough to be what somebody meant.
std::string NearestName(const std::string& name,
                        const std::vector<std::string>& candidates);

}  // namespace oriel
