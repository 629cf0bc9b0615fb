#include <cstdint>
#include <cstdlib>
#include <span>

#include "capture/igd/vbt.h"

// The first 18 bytes are a panel's EDID as far as its ID goes, the rest a VBT.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size_bytes) {
  namespace igd = oriel::capture::igd;
  constexpr size_t kEdidBytes = 18;
  const std::span<const uint8_t> input(data, size_bytes);
  if (input.size() < kEdidBytes) return 0;
  const auto found = igd::FindVbt(input);
  if (found.ok() &&
      found->offset_bytes + found->vbt.size_bytes > input.size()) {
    abort();
  }
  const auto vbt =
      igd::ParseVbt(input.subspan(kEdidBytes), input.first(kEdidBytes));
  if (!vbt.ok()) return 0;
  for (const igd::VbtBlock& block : vbt->blocks) {
    if (block.offset_bytes + block.size_bytes > vbt->size_bytes) abort();
  }
  for (const igd::ChildDevice& child : vbt->children) {
    (void)igd::ConnectorKind(child);
    (void)igd::PortLetter(child);
    (void)igd::HandleName(child, vbt->bdb_version);
  }
  if (vbt->panel_mode && !(igd::RefreshHz(*vbt->panel_mode) > 0)) abort();
  return 0;
}
