#include "capture/igd/child_device.h"

namespace oriel::capture::igd {
namespace {

// Bits of a device type (intel_vbt_defs.h).
constexpr uint16_t kHotplug = 1 << 13;
constexpr uint16_t kInternal = 1 << 12;
constexpr uint16_t kNotHdmi = 1 << 11;
constexpr uint16_t kMipi = 1 << 10;
constexpr uint16_t kComposite = 1 << 9;
constexpr uint16_t kLvds = 1 << 5;
constexpr uint16_t kTmds = 1 << 4;
constexpr uint16_t kVideo = 1 << 3;
constexpr uint16_t kDisplayPort = 1 << 2;
constexpr uint16_t kAnalog = 1 << 0;

// By dvo_port: HDMI A to D, LVDS, TV, CRT, DP B to D, DP A, DP E, HDMI E, then
// DP and HDMI of F to I, MIPI A to D.
constexpr char kPortLetters[] = "ABCD---BCDAEEFFGGHHIIABCD";

// A sixth EFP has the number that was the CRT's before.
constexpr uint16_t kFirstVersionWithSixthEfp = 217;

}  // namespace

ChildSizes KnownChildSizes(uint16_t bdb_version) {
  if (bdb_version < 106) return {22, 22};
  if (bdb_version < 111) return {27, 27};
  if (bdb_version < 195) return {33, 33};
  if (bdb_version == 195) return {37, 37};
  if (bdb_version <= 215) return {38, 38};
  if (bdb_version <= 237) return {39, 39};
  return {39, 44};
}

std::string ConnectorKind(const ChildDevice& child) {
  const auto has = [&child](uint16_t bit) {
    return (child.device_type & bit) != 0;
  };
  if (has(kDisplayPort) && has(kInternal)) return "eDP";
  if (has(kMipi)) return "DSI";
  if (has(kLvds)) return "LVDS";
  if (has(kDisplayPort)) return has(kTmds) ? "DP++" : "DP";
  if (has(kTmds) && has(kAnalog)) return "DVI-I";
  if (has(kTmds)) return has(kNotHdmi) ? "DVI-D" : "HDMI-A";
  if (has(kVideo) || has(kComposite)) return "TV";
  if (has(kAnalog)) return "VGA";
  return "unknown";
}

std::string PortLetter(const ChildDevice& child) {
  if (child.dvo_port >= sizeof(kPortLetters) - 1 ||
      kPortLetters[child.dvo_port] == '-') {
    return "";
  }
  return std::string(1, kPortLetters[child.dvo_port]);
}

std::string HandleName(const ChildDevice& child, uint16_t bdb_version) {
  switch (child.handle) {
    case 0x001:
      return bdb_version >= kFirstVersionWithSixthEfp ? "EFP 6" : "CRT";
    case 0x002:
      return "EFP 5";
    case 0x004:
      return "EFP 1";
    case 0x008:
      return "LFP 1";
    case 0x010:
      return "EFP 4";
    case 0x020:
      return "EFP 3";
    case 0x040:
      return "EFP 2";
    case 0x080:
      return "LFP 2";
    case 0x100:
      return "EFP 7";
    case 0x200:
      return "EFP 8";
    default:
      return "";
  }
}

bool IsInternal(const ChildDevice& child) {
  return (child.device_type & kInternal) != 0;
}

bool HasHotplug(const ChildDevice& child) {
  return (child.device_type & kHotplug) != 0;
}

}  // namespace oriel::capture::igd
