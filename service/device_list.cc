#include "service/device_list.h"

#include <map>
#include <string>

#include "capture/discovery/find_group.h"
#include "service/wire/enums.h"

namespace oriel::service {
namespace {

v1::DeviceKind ToProto(capture::HostDeviceKind kind) {
  switch (kind) {
    case capture::HostDeviceKind::kMdev:
      return v1::DEVICE_KIND_MDEV;
    case capture::HostDeviceKind::kPci:
      return v1::DEVICE_KIND_PCI;
    case capture::HostDeviceKind::kSriovVgpu:
      return v1::DEVICE_KIND_SRIOV_VGPU;
  }
  return v1::DEVICE_KIND_UNSPECIFIED;
}

v1::HostDevice ToProto(const capture::HostDevice& device) {
  v1::HostDevice out;
  out.set_kind(ToProto(device.kind));
  out.set_name(device.name);
  out.set_driver(device.driver);
  out.set_iommu_group(device.iommu_group);
  out.set_pci_id(device.pci_id);
  out.set_pci_class(device.pci_class);
  out.set_mdev_type(device.mdev_type);
  out.set_mdev_type_name(device.mdev_type_name);
  out.set_vgpu_type(device.vgpu_type);
  out.set_parent(device.parent);
  out.set_parent_driver(device.parent_driver);
  for (const capture::Holder& holder : device.holders.holders) {
    v1::DeviceHolder* const to = out.add_holders();
    to->set_pid(holder.pid);
    to->set_command(holder.command);
  }
  out.set_holders_incomplete(!device.holders.complete);
  return out;
}

void AddLoan(const offers::LentDevice& lent, v1::HostDevice* device) {
  v1::DeviceLoan* const loan = device->mutable_loan();
  loan->set_vm(lent.offer.vm);
  loan->set_vmm_pid(lent.offer.vmm_pid);
  loan->set_vmm_command(lent.offer.command);
  loan->set_evidence(lent.offer.evidence);
  if (!lent.display.empty()) device->set_display(lent.display);
}

// As the kernel writes it; as it is where it is no device's name.
std::string Canonical(const std::string& name) {
  const absl::StatusOr<std::string> canonical =
      capture::CanonicalDeviceName(name);
  return canonical.ok() ? *canonical : name;
}

void AddUnlisted(const config::v1::Config& config,
                 v1::ListDevicesResponse* response) {
  for (const config::v1::Display& display : config.display()) {
    if (!display.has_vfio_user() && !display.has_inherited_fd()) continue;
    v1::HostDevice* const device = response->add_devices();
    device->set_display(display.name());
    if (display.has_vfio_user()) {
      device->set_kind(v1::DEVICE_KIND_VFIO_USER);
      device->set_name(display.vfio_user().socket());
    } else {
      device->set_kind(v1::DEVICE_KIND_UNATTRIBUTED);
    }
  }
}

}  // namespace

v1::VideoEncoder ToProto(const encoder::EncoderProbe& probe) {
  v1::VideoEncoder out;
  out.set_name(probe.name);
  out.set_codec(wire::ToProto(probe.codec));
  out.set_hardware(probe.hardware);
  out.set_usable(probe.usable);
  out.set_reason(probe.reason);
  return out;
}

v1::ListDevicesResponse MakeDeviceList(
    const std::vector<capture::HostDevice>& host,
    const std::vector<offers::LentDevice>& lent,
    const std::vector<session::DisplayStatus>& displays,
    const config::v1::Config& config) {
  v1::ListDevicesResponse response;
  std::map<std::string, v1::HostDevice*> by_name;
  for (const capture::HostDevice& device : host) {
    v1::HostDevice* const added = response.add_devices();
    *added = ToProto(device);
    by_name[device.name] = added;
  }
  for (const session::DisplayStatus& display : displays) {
    const auto found = by_name.find(Canonical(display.device_name));
    if (found != by_name.end()) found->second->set_display(display.name);
  }
  for (const offers::LentDevice& device : lent) {
    const auto found = by_name.find(device.offer.device);
    if (found != by_name.end()) {
      AddLoan(device, found->second);
      continue;
    }
    v1::HostDevice* const added = response.add_devices();
    added->set_kind(v1::DEVICE_KIND_UNATTRIBUTED);
    // One that was proven, and is no longer in sysfs.
    added->set_name(device.offer.device);
    AddLoan(device, added);
  }
  AddUnlisted(config, &response);
  return response;
}

}  // namespace oriel::service
