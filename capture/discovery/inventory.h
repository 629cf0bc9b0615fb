#pragma once

#include <string>
#include <vector>

#include "capture/discovery/find_group.h"
#include "capture/discovery/holders.h"

namespace oriel::capture {

enum class HostDeviceKind {
  kMdev,       // a mediated device
  kPci,        // a PCI function that a VFIO driver has
  kSriovVgpu,  // an NVIDIA virtual function: a vGPU without an mdev
};

// A device of this host that a VM may use, as sysfs tells it. A field is empty
// where this kernel or driver does not have it.
struct HostDevice {
  HostDeviceKind kind = HostDeviceKind::kMdev;
  std::string name;            // mdev UUID, or PCI address
  std::string driver;          // "vfio_mdev", "vfio-pci", "nvidia"
  std::string iommu_group;     // "7", "noiommu-0"
  std::string pci_id;          // "8086:5912"; of an mdev empty
  std::string pci_class;       // "030000"; of an mdev empty
  std::string mdev_type;       // "i915-GVTg_V5_4"
  std::string mdev_type_name;  // for people
  std::string vgpu_type;       // of an SR-IOV vGPU, as its driver numbers it
  std::string parent;          // the mdev's parent, the VF's physical function
  std::string parent_driver;
  HolderSearch holders;  // of the group's file, and of the device's own
};

// By kind, then name. What vanishes while it is read is left out.
std::vector<HostDevice> ListHostDevices(const HostPaths& host = {});

}  // namespace oriel::capture
