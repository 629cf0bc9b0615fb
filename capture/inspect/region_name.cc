#include <linux/vfio.h>

#include "absl/strings/str_format.h"
#include "capture/abi/vfio.h"
#include "capture/inspect/device_report.h"

namespace oriel::capture {
namespace {

constexpr uint32_t VendorType(uint32_t pci_vendor) {
  return static_cast<uint32_t>(VFIO_REGION_TYPE_PCI_VENDOR_TYPE) | pci_vendor;
}

struct TypeName {
  RegionType type;
  const char* name;
};

constexpr TypeName kTypeNames[] = {
    {{abi::kIntelRegionType, VFIO_REGION_SUBTYPE_INTEL_IGD_OPREGION},
     "IGD OpRegion"},
    {{abi::kIntelRegionType, VFIO_REGION_SUBTYPE_INTEL_IGD_HOST_CFG},
     "config space of the host bridge"},
    {{abi::kIntelRegionType, VFIO_REGION_SUBTYPE_INTEL_IGD_LPC_CFG},
     "config space of the LPC bridge"},
    {{VFIO_REGION_TYPE_GFX, VFIO_REGION_SUBTYPE_GFX_EDID}, "EDID"},
    {{VFIO_REGION_TYPE_CCW, VFIO_REGION_SUBTYPE_CCW_ASYNC_CMD},
     "CCW asynchronous commands"},
    {{VFIO_REGION_TYPE_CCW, VFIO_REGION_SUBTYPE_CCW_SCHIB}, "CCW SCHIB"},
    {{VFIO_REGION_TYPE_CCW, VFIO_REGION_SUBTYPE_CCW_CRW}, "CCW CRW"},
    // VFIO_REGION_TYPE_MIGRATION_DEPRECATED and the NVLink regions, which
    // kernels before 6.1 had.
    {{3, 1}, "migration state (version 1)"},
    {{VendorType(0x10de), 1}, "NVLink2 memory"},
    {{VendorType(0x1014), 1}, "NVLink2 ATSD"},
};

std::string PciName(uint32_t index) {
  if (index <= VFIO_PCI_BAR5_REGION_INDEX)
    return absl::StrFormat("BAR %d", index);
  switch (index) {
    case VFIO_PCI_ROM_REGION_INDEX:
      return "expansion ROM";
    case VFIO_PCI_CONFIG_REGION_INDEX:
      return "config space";
    case VFIO_PCI_VGA_REGION_INDEX:
      return "VGA";
    default:
      return "";
  }
}

}  // namespace

std::string RegionName(const Region& region, uint32_t device_flags) {
  if (region.type.has_value()) {
    for (const TypeName& known : kTypeNames) {
      if (known.type == *region.type) return known.name;
    }
    return "";
  }
  return (device_flags & VFIO_DEVICE_FLAGS_PCI) != 0
             ? PciName(region.address.index)
             : "";
}

}  // namespace oriel::capture
