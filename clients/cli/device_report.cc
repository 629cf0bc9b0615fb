#include "clients/cli/device_report.h"

#include <linux/vfio.h>

#include <cstdint>

#include "absl/strings/str_format.h"
#include "clients/cli/edid_report.h"
#include "clients/cli/quantities.h"

namespace oriel::clients {
namespace {

// What is mapped cached is read at some GB/s, what is not at some ten MB/s.
constexpr uint64_t kUncachedBelowBytesPerSecond = 500'000'000;

void Append(std::string& text, const std::string& more, const char* separator) {
  if (!more.empty()) text += (text.empty() ? "" : separator) + more;
}

std::string FlagNames(uint32_t flags) {
  constexpr struct {
    uint32_t flag;
    const char* name;
  } kNames[] = {
      {VFIO_DEVICE_FLAGS_PCI, "PCI"},
      {VFIO_DEVICE_FLAGS_PLATFORM, "platform"},
      {VFIO_DEVICE_FLAGS_AMBA, "AMBA"},
      {VFIO_DEVICE_FLAGS_CCW, "CCW"},
      {VFIO_DEVICE_FLAGS_AP, "AP"},
      {VFIO_DEVICE_FLAGS_FSL_MC, "FSL-MC"},
      {VFIO_DEVICE_FLAGS_RESET, "reset"},
      {VFIO_DEVICE_FLAGS_CAPS, "caps"},
  };
  std::string text;
  for (const auto& [flag, name] : kNames) {
    if (flags & flag) Append(text, name, ", ");
    flags &= ~flag;
  }
  if (flags != 0) Append(text, absl::StrFormat("0x%x", flags), ", ");
  return text;
}

std::string CapabilityName(uint32_t capability) {
  switch (capability) {
    case VFIO_REGION_INFO_CAP_SPARSE_MMAP:
      return "sparse-mmap";
    case VFIO_REGION_INFO_CAP_TYPE:
      return "type";
    case VFIO_REGION_INFO_CAP_MSIX_MAPPABLE:
      return "msix-mappable";
    case VFIO_REGION_INFO_CAP_NVLINK2_SSATGT:
      return "nvlink2-ssatgt";
    case VFIO_REGION_INFO_CAP_NVLINK2_LNKSPD:
      return "nvlink2-lnkspd";
    default:
      return absl::StrFormat("%d", capability);
  }
}

// "r w mmap", and how much where not all of it can be mapped.
std::string AccessText(const v1::DeviceRegion& region) {
  std::string text;
  if (region.readable()) Append(text, "r", " ");
  if (region.writable()) Append(text, "w", " ");
  if (region.mappable_areas().empty()) return text;
  Append(text, "mmap", " ");
  uint64_t mappable_bytes = 0;
  for (const v1::MappableArea& area : region.mappable_areas()) {
    mappable_bytes += area.size_bytes();
  }
  if (mappable_bytes == region.size_bytes()) return text;
  return text + " " + FormatMemory(mappable_bytes);
}

// "VBT and OpRegion (vendor 8086, subtype 1)"
std::string RegionName(const v1::DeviceRegion& region) {
  if (region.type() == 0 && region.subtype() == 0) return region.name();
  const uint32_t vendor = region.type() & VFIO_REGION_TYPE_PCI_VENDOR_MASK;
  const std::string type = region.type() & VFIO_REGION_TYPE_PCI_VENDOR_TYPE
                               ? absl::StrFormat("vendor %04x", vendor)
                               : absl::StrFormat("type %d", region.type());
  const std::string text =
      absl::StrFormat("%s, subtype %d", type, region.subtype());
  return region.name().empty() ? text : region.name() + " (" + text + ")";
}

std::string CapabilityNames(const v1::DeviceRegion& region) {
  std::string text;
  for (const uint32_t capability : region.capabilities()) {
    Append(text, CapabilityName(capability), ", ");
  }
  return text;
}

std::string RegionTable(const v1::GetDeviceResponse& device, bool coloured) {
  std::vector<TableRow> rows = {
      TitleRow({"REGION", "SIZE", "ACCESS", "NAME", "CAPABILITIES"}, coloured)};
  int empty_count = 0;
  for (const v1::DeviceRegion& region : device.regions()) {
    if (region.size_bytes() == 0 && region.capabilities().empty()) {
      ++empty_count;
      continue;
    }
    rows.push_back({absl::StrFormat("%d", region.index()),
                    FormatMemory(region.size_bytes()),
                    OrDash(AccessText(region)), OrDash(RegionName(region)),
                    OrDash(CapabilityNames(region))});
  }
  std::string text = rows.size() > 1 ? FormatTable(rows) : "";
  if (empty_count > 0) {
    text += absl::StrFormat("%d %sregion%s without content\n", empty_count,
                            rows.size() > 1 ? "other " : "",
                            empty_count == 1 ? "" : "s");
  }
  return text.empty() ? "No regions.\n" : text;
}

NotedRow PlaneRow(const v1::DevicePlane& plane) {
  if (plane.width_px() == 0) {
    return {{OrDash(plane.kind()), "off", "-", "-", "-", OrDash(plane.place())},
            plane.problem()};
  }
  std::string format = OrDash(plane.fourcc());
  if (plane.modifier() != 0) {
    format += absl::StrFormat(" modifier 0x%x", plane.modifier());
  }
  return {{OrDash(plane.kind()),
           absl::StrFormat("%dx%d", plane.width_px(), plane.height_px()),
           format, absl::StrFormat("%d", plane.stride_bytes()),
           absl::StrFormat("%d,%d", plane.x_px(), plane.y_px()),
           OrDash(plane.place())},
          plane.problem()};
}

std::string PlaneTable(const v1::GetDeviceResponse& device, bool coloured) {
  if (device.planes().empty()) return "No planes.\n";
  std::vector<NotedRow> rows = {{TitleRow(
      {"PLANE", "SIZE", "FORMAT", "STRIDE", "AT", "PLACE"}, coloured)}};
  for (const v1::DevicePlane& plane : device.planes()) {
    rows.push_back(PlaneRow(plane));
  }
  return FormatTable(rows);
}

std::string ReadSpeedText(uint64_t bytes_per_second) {
  if (bytes_per_second == 0) return "not measured: nothing is mapped yet";
  return FormatBytes(bytes_per_second) + "/s" +
         (bytes_per_second < kUncachedBelowBytesPerSecond
              ? ", so the memory is uncached"
              : "");
}

nlohmann::json RegionJson(const v1::DeviceRegion& region) {
  nlohmann::json areas = nlohmann::json::array();
  for (const v1::MappableArea& area : region.mappable_areas()) {
    areas.push_back({{"offset_bytes", area.offset_bytes()},
                     {"size_bytes", area.size_bytes()}});
  }
  nlohmann::json capabilities = nlohmann::json::array();
  for (const uint32_t capability : region.capabilities()) {
    capabilities.push_back(capability);
  }
  return {{"index", region.index()},       {"size_bytes", region.size_bytes()},
          {"readable", region.readable()}, {"writable", region.writable()},
          {"mappable_areas", areas},       {"type", region.type()},
          {"subtype", region.subtype()},   {"name", region.name()},
          {"capabilities", capabilities}};
}

nlohmann::json PlaneJson(const v1::DevicePlane& plane) {
  return {
      {"kind", plane.kind()},           {"place", plane.place()},
      {"problem", plane.problem()},     {"width_px", plane.width_px()},
      {"height_px", plane.height_px()}, {"stride_bytes", plane.stride_bytes()},
      {"fourcc", plane.fourcc()},       {"modifier", plane.modifier()},
      {"x_px", plane.x_px()},           {"y_px", plane.y_px()}};
}

}  // namespace

std::vector<TableRow> DeviceRows(const v1::GetDeviceResponse& device) {
  return {{"flags:", OrDash(FlagNames(device.flags()))},
          {"read speed:", ReadSpeedText(device.read_bytes_per_second())},
          {"EDID:", device.has_edid() ? EdidLimitsText(device.edid())
                                      : "the device has no region for it"},
          {"OpRegion:", device.has_op_region() ? "yes" : "no"}};
}

std::string DeviceTables(const v1::GetDeviceResponse& device, bool coloured) {
  std::string text = "\n" + RegionTable(device, coloured) + "\n" +
                     PlaneTable(device, coloured);
  if (!device.problems().empty()) text += "\nProblems:\n";
  for (const std::string& problem : device.problems()) {
    text += "  " + Printable(problem) + "\n";
  }
  return text;
}

nlohmann::json DeviceJson(const v1::GetDeviceResponse& device) {
  nlohmann::json regions = nlohmann::json::array();
  for (const v1::DeviceRegion& region : device.regions()) {
    regions.push_back(RegionJson(region));
  }
  nlohmann::json planes = nlohmann::json::array();
  for (const v1::DevicePlane& plane : device.planes()) {
    planes.push_back(PlaneJson(plane));
  }
  nlohmann::json problems = nlohmann::json::array();
  for (const std::string& problem : device.problems()) {
    problems.push_back(problem);
  }
  return {{"description", device.description()},
          {"flags", device.flags()},
          {"regions", regions},
          {"planes", planes},
          {"read_bytes_per_second", device.read_bytes_per_second()},
          {"edid", device.has_edid() ? EdidLimitsJson(device.edid())
                                     : nlohmann::json()},
          {"has_op_region", device.has_op_region()},
          {"problems", problems}};
}

}  // namespace oriel::clients
