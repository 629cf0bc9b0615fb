#include "capture/device/group_device.h"

#include <linux/vfio.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "capture/device/driver_error.h"
#include "capture/device/file_access.h"
#include "capture/device/kernel_file.h"
#include "capture/device/open_device.h"

namespace oriel::capture {
namespace {

// The device's file as Device or OwnedDevice shows it.
template <typename Interface>
class KernelDevice : public Interface {
 public:
  explicit KernelDevice(KernelFile file) : file_(std::move(file)) {}

  std::string description() const override { return file_.what(); }
  absl::StatusOr<DeviceInfo> GetInfo() override { return file_.GetInfo(); }
  absl::Status GetRegionInfo(uint32_t index,
                             std::span<uint8_t> reply) override {
    return file_.GetRegionInfo(index, reply);
  }
  absl::StatusOr<size_t> Read(const RegionAddress& region, uint64_t offset,
                              std::span<uint8_t> out) override {
    return file_.Read(region, offset, out);
  }
  absl::StatusOr<Mapping> Map(const RegionAddress& region, uint64_t offset,
                              size_t size_bytes) override {
    return file_.Map(region, offset, size_bytes);
  }
  absl::StatusOr<vfio_device_gfx_plane_info> QueryPlane(
      uint32_t flags, uint32_t drm_plane_type) override {
    return file_.QueryPlane(flags, drm_plane_type);
  }
  absl::StatusOr<std::unique_ptr<DmaBuf>> GetPlaneDmaBuf(uint32_t id) override {
    return file_.GetPlaneDmaBuf(id);
  }

 protected:
  KernelFile& file() { return file_; }

 private:
  KernelFile file_;
};

class GroupDevice : public KernelDevice<OwnedDevice> {
 public:
  GroupDevice(UniqueFd container, UniqueFd group,
              std::shared_ptr<HangupEvent> hangup, KernelFile file)
      : KernelDevice(std::move(file)),
        hangup_(std::move(hangup)),
        container_(std::move(container)),
        group_(std::move(group)) {}

  absl::Status Write(const RegionAddress& region, uint64_t offset,
                     std::span<const uint8_t> bytes) override {
    return file().Write(region, offset, bytes);
  }
  absl::Status Reset() override { return file().Reset(); }
  int hangup_fd() const override { return hangup_->fd(); }
  std::string hangup_reason() const override { return hangup_->reason(); }

 private:
  const std::shared_ptr<HangupEvent> hangup_;
  // Held for as long as the device is open.
  UniqueFd container_;
  UniqueFd group_;
};

// Handed over by a process that drives it, and whose EDID may be set all the
// same.
class AdoptedDevice : public KernelDevice<Device>, public RegionWriter {
 public:
  using KernelDevice::KernelDevice;

  RegionWriter* AsEdidWriter() override { return this; }
  absl::Status Write(const RegionAddress& region, uint64_t offset,
                     std::span<const uint8_t> bytes) override {
    return file().Write(region, offset, bytes);
  }
};

// The steps from the group's file to the device's, in the one order that the
// kernel accepts.
class GroupOpener {
 public:
  GroupOpener(KernelCalls& calls, std::string group_path, std::string name)
      : calls_(calls),
        group_path_(std::move(group_path)),
        name_(std::move(name)) {}

  absl::StatusOr<std::unique_ptr<OwnedDevice>> Open(
      std::shared_ptr<HangupEvent> hangup, const std::string& container_path);

 private:
  absl::Status OpenContainer(const std::string& path);
  absl::Status OpenGroup();
  absl::Status CheckViable();
  absl::Status Join();
  absl::StatusOr<UniqueFd> OpenDevice();
  std::string Tried(const char* step) const {
    return absl::StrFormat("open device %s: %s %s", name_, step, group_path_);
  }
  // A group without an IOMMU: its name says so, and everything needs
  // CAP_SYS_RAWIO.
  bool is_noiommu() const {
    return group_path_.find("/noiommu-") != std::string::npos;
  }

  KernelCalls& calls_;
  const std::string group_path_;
  const std::string name_;
  UniqueFd container_;
  UniqueFd group_;
};

absl::Status GroupOpener::OpenContainer(const std::string& path) {
  container_ = calls_.Open(path);
  if (container_.valid()) return absl::OkStatus();
  const int error = errno;
  const std::string tried =
      absl::StrFormat("open device %s: open %s", name_, path);
  if (error == EACCES || error == EPERM) return AccessDenied(tried, path);
  if (error == ENOENT || error == ENODEV) {
    return absl::FailedPreconditionError(
        absl::StrFormat("%s: %s; load the kernel's VFIO modules (modprobe vfio "
                        "vfio_iommu_type1)",
                        tried, strerror(error)));
  }
  return DriverError(error, tried);
}

absl::Status GroupOpener::OpenGroup() {
  group_ = calls_.Open(group_path_);
  if (group_.valid()) return absl::OkStatus();
  const int error = errno;
  const std::string tried = Tried("open");
  switch (error) {
    case EBUSY:
      return absl::UnavailableError(absl::StrFormat(
          "%s: %s; another process, such as its VM, has it open", tried,
          strerror(error)));
    case EPERM:
      if (is_noiommu()) {
        return absl::PermissionDeniedError(
            tried + ": a group without an IOMMU needs CAP_SYS_RAWIO");
      }
      return AccessDenied(tried, group_path_);
    case EACCES:
      return AccessDenied(tried, group_path_);
    case ENOENT:
    case ENODEV:
      return absl::FailedPreconditionError(absl::StrFormat(
          "%s: %s; is the device still there, and bound to a VFIO driver?",
          tried, strerror(error)));
    default:
      return DriverError(error, tried);
  }
}

absl::Status GroupOpener::CheckViable() {
  vfio_group_status status{};
  status.argsz = sizeof(status);
  const std::string tried = Tried("ask the state of group");
  if (calls_.Ioctl(group_.get(), VFIO_GROUP_GET_STATUS, &status) != 0) {
    if (errno == ENOTTY)
      return absl::InvalidArgumentError(tried + ": that is no VFIO group");
    return DriverError(errno, tried);
  }
  if ((status.flags & VFIO_GROUP_FLAGS_VIABLE) == 0) {
    return absl::FailedPreconditionError(
        tried +
        ": other devices of the group are used by the host; bind them all to "
        "vfio-pci or to no driver");
  }
  return absl::OkStatus();
}

// Only a group in a container that has an IOMMU type gives out its devices.
absl::Status GroupOpener::Join() {
  int container = container_.get();
  if (calls_.Ioctl(group_.get(), VFIO_GROUP_SET_CONTAINER, &container) != 0) {
    return DriverError(errno,
                       Tried(is_noiommu() ? "put into a container (needs "
                                            "CAP_SYS_RAWIO) group"
                                          : "put into a container group"));
  }
  // The ioctl's argument is the number itself.
  const unsigned long type =
      is_noiommu() ? VFIO_NOIOMMU_IOMMU : VFIO_TYPE1v2_IOMMU;
  // SAFETY: the kernel takes this "pointer" as a number.
  void* argument = reinterpret_cast<void*>(type);
  if (calls_.Ioctl(container_.get(), VFIO_SET_IOMMU, argument) == 0)
    return absl::OkStatus();
  const int error = errno;
  const char* hint = "";
  if (error == ENODEV || error == EINVAL) {
    hint = is_noiommu() ? "; is vfio's enable_unsafe_noiommu_mode set?"
                        : "; is the module vfio_iommu_type1 loaded?";
  } else if (error == EPERM) {
    hint =
        "; the platform's interrupts are not remapped (see vfio_iommu_type1's "
        "allow_unsafe_interrupts)";
  }
  const absl::Status status =
      DriverError(error, Tried("choose the IOMMU of group"));
  return absl::Status(status.code(), std::string(status.message()) + hint);
}

absl::StatusOr<UniqueFd> GroupOpener::OpenDevice() {
  std::string name = name_;
  UniqueFd device(
      calls_.Ioctl(group_.get(), VFIO_GROUP_GET_DEVICE_FD, name.data()));
  if (device.valid()) return device;
  const int error = errno;
  const std::string tried = Tried("get it from group");
  switch (error) {
    case ENODEV:
      return absl::NotFoundError(
          absl::StrFormat("%s: %s; that group has no device of this name",
                          tried, strerror(error)));
    case ESRCH:
      return absl::FailedPreconditionError(
          tried +
          ": this vGPU (Intel GVT-g) opens for its VM's process only; take it "
          "over from the running VM instead");
    default:
      return DriverError(error, tried);
  }
}

absl::StatusOr<std::unique_ptr<OwnedDevice>> GroupOpener::Open(
    std::shared_ptr<HangupEvent> hangup, const std::string& container_path) {
  // The kernel reads a string's bytes up to its zero.
  if (name_.empty() || name_.find('\0') != std::string::npos)
    return absl::InvalidArgumentError("open a device: it has no name");
  RETURN_IF_ERROR(OpenContainer(container_path));
  RETURN_IF_ERROR(OpenGroup());
  RETURN_IF_ERROR(CheckViable());
  RETURN_IF_ERROR(Join());
  ASSIGN_OR_RETURN(UniqueFd device, OpenDevice());
  KernelFile file(std::move(device),
                  absl::StrFormat("device %s (%s)", name_, group_path_),
                  calls_);
  // mdpy answers no other question before this one.
  RETURN_IF_ERROR(file.GetInfo().status());
  // Where the driver cannot ask, who opens the device watches its link.
  const absl::Status asks = file.SetRequestEventFd(hangup->fd());
  if (!asks.ok() && !absl::IsUnimplemented(asks)) return asks;
  return std::make_unique<GroupDevice>(std::move(container_), std::move(group_),
                                       std::move(hangup), std::move(file));
}

}  // namespace

absl::StatusOr<std::unique_ptr<OwnedDevice>> OpenGroupDeviceWith(
    KernelCalls& calls, const std::string& group_path, const std::string& name,
    std::shared_ptr<HangupEvent> hangup, const std::string& container_path) {
  return GroupOpener(calls, group_path, name)
      .Open(std::move(hangup), container_path);
}

absl::StatusOr<std::unique_ptr<Device>> AdoptDeviceFdWith(
    KernelCalls& calls, UniqueFd fd, const std::string& what,
    const AdoptOptions& options) {
  if (!fd.valid()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("take over %s: no fd came", what));
  }
  KernelFile file(std::move(fd), what, calls);
  const absl::StatusOr<DeviceInfo> info = file.GetInfo();
  if (absl::IsUnimplemented(info.status())) {
    return absl::InvalidArgumentError(
        absl::StrFormat("take over %s: the fd is no VFIO device", what));
  }
  if (absl::IsInvalidArgument(info.status())) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "take over %s: the fd is no VFIO device, or one that its opener has "
        "not bound to an iommufd yet",
        what));
  }
  RETURN_IF_ERROR(info.status());
  if (options.edid_writes_allowed)
    return std::make_unique<AdoptedDevice>(std::move(file));
  return std::make_unique<KernelDevice<Device>>(std::move(file));
}

absl::StatusOr<std::unique_ptr<OwnedDevice>> OpenGroupDevice(
    const std::string& group_path, const std::string& name,
    std::shared_ptr<HangupEvent> hangup, const std::string& container_path) {
  return OpenGroupDeviceWith(KernelCalls::Real(), group_path, name,
                             std::move(hangup), container_path);
}

absl::StatusOr<std::unique_ptr<Device>> AdoptDeviceFd(
    UniqueFd fd, const std::string& what, const AdoptOptions& options) {
  return AdoptDeviceFdWith(KernelCalls::Real(), std::move(fd), what, options);
}

}  // namespace oriel::capture
