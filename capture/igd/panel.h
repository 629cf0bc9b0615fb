#pragma once

#include "capture/igd/block_table.h"

namespace oriel::capture::igd {

// Fills in what the blocks say of the built-in panel, and adds to problems.
// `panel_edid` as for ParseVbt; `vbt` has its BDB version.
void DecodePanel(const BlockTable& blocks, Bytes panel_edid, Vbt& vbt);

}  // namespace oriel::capture::igd
