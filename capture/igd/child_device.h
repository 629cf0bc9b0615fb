#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace oriel::capture::igd {

// One output in the VBT's general definitions (intel_vbt_defs.h, struct
// child_device_config), or in the list that was there before those. The numbers
// are the firmware's, unchecked.
struct ChildDevice {
  uint16_t handle = 0;
  uint16_t device_type = 0;
  uint8_t dvo_port = 0;
  uint8_t ddc_pin = 0;
  // 0 where there is none, as in tables before BDB version 106.
  uint8_t aux_channel = 0;
  bool usb_type_c = false;   // from BDB version 195 on
  bool thunderbolt = false;  // from BDB version 209 on
  // From the legacy child devices (block 11), which today's drivers ignore.
  bool legacy = false;
  friend bool operator==(const ChildDevice&, const ChildDevice&) = default;
};

// The sizes of one child that firmware of this BDB version has.
struct ChildSizes {
  size_t min_bytes = 0;
  size_t max_bytes = 0;
};
ChildSizes KnownChildSizes(uint16_t bdb_version);

// "eDP", "DSI", "LVDS", "DP++" (DisplayPort and HDMI on one jack), "DP",
// "HDMI-A", "DVI-D", "DVI-I", "TV", "VGA" or "unknown".
std::string ConnectorKind(const ChildDevice& child);

// "A" to "I" by the port's number, as most platforms wire it; empty for
// outputs without a letter (LVDS, TV, VGA) and numbers not known.
std::string PortLetter(const ChildDevice& child);

// What the firmware calls the output, such as "LFP 1"; empty when not known.
std::string HandleName(const ChildDevice& child, uint16_t bdb_version);

bool IsInternal(const ChildDevice& child);
// Whether it tells that a monitor was plugged in.
bool HasHotplug(const ChildDevice& child);

}  // namespace oriel::capture::igd
