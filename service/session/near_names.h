#pragma once

#include <string>
#include <vector>

namespace oriel::session {

// The end of a message about an unknown `name`: "; near names: a, b", or all
// of a few, or the first of many when none is near, or that there are none.
std::string NearNamesHint(const std::string& name,
                          const std::vector<std::string>& known);

}  // namespace oriel::session
