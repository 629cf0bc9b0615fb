#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace oriel::capture {

// Where the kernel shows itself; other folders in tests.
struct HostPaths {
  std::string sysfs = "/sys";
  std::string proc = "/proc";
  std::string dev_vfio = "/dev/vfio";
};

// `name` as the kernel writes it: an mdev's UUID in small letters, a PCI
// address with its domain ("00:02.0" is 0000:00:02.0). kInvalidArgument: it is
// neither.
absl::StatusOr<std::string> CanonicalDeviceName(const std::string& name);

// The file of the VFIO group that `name` belongs to, such as /dev/vfio/7 or
// /dev/vfio/noiommu-0. kNotFound: there is no such device;
// kFailedPrecondition: it is there, but no VFIO driver has it. Both say what
// to check.
absl::StatusOr<std::string> FindGroupPath(const std::string& name,
                                          const HostPaths& host = {});

// The UUIDs of the mdevs that exist, sorted; none when the kernel's mdev
// module is not loaded.
std::vector<std::string> ListMdevs(const HostPaths& host = {});

}  // namespace oriel::capture
