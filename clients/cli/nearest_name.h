#pragma once

#include <string>
#include <vector>

namespace oriel::clients {

// The candidate that `name` is most likely a typing error of; empty when none
// is near (more than a third of the letters differ).
std::string NearestName(const std::string& name,
                        const std::vector<std::string>& candidates);

}  // namespace oriel::clients
