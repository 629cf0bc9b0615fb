#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "clients/cli/annex_b.h"

// Units lie in the input, in order, without a start code inside; what the
// parameter sets are made of splits into parameter sets again.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const uint8_t> input(data, size);
  const uint8_t* last = data;
  for (const auto unit : oriel::clients::SplitNalUnits(input)) {
    if (unit.empty() || unit.data() < last ||
        unit.data() + unit.size() > data + size) {
      std::abort();
    }
    last = unit.data() + unit.size();
  }
  const auto sets = oriel::clients::ParameterSets(input);
  if (!sets.ok()) return 0;
  const auto again = oriel::clients::ParameterSets(*sets);
  if (!again.ok() || *again != *sets) std::abort();
  return 0;
}
