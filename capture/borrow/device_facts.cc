#include "capture/borrow/device_facts.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <optional>

#include "absl/strings/str_format.h"
#include "capture/abi/vfio.h"

namespace oriel::capture {
namespace {

// PCI Local Bus Specification, 6.1: the header of type 0 without what a device
// changes by itself (status) or a guest at any time (command).
constexpr size_t kHeaderBytes = 64;
constexpr size_t kBaseClassOffset = 0x0B;
constexpr uint8_t kDisplayClass = 0x03;
struct Span {
  size_t begin;
  size_t end;
};
constexpr Span kLasting[] = {
    {0x00, 0x04},  // vendor, device
    {0x08, 0x0C},  // revision, class
    {0x0E, 0x0F},  // header type
    {0x10, 0x28},  // base addresses
    {0x2C, 0x30},  // subsystem
};
// Drivers report nine, and a few more with regions of their own.
constexpr uint32_t kMaxRegions = 64;

using Header = std::array<uint8_t, kHeaderBytes>;

// Where the device has one.
std::optional<Header> ReadHeader(int fd) {
  vfio_region_info info = {};
  info.argsz = sizeof(info);
  info.index = VFIO_PCI_CONFIG_REGION_INDEX;
  Header bytes;
  if (ioctl(fd, VFIO_DEVICE_GET_REGION_INFO, &info) != 0 ||
      info.size < bytes.size() || info.offset > LONG_MAX) {
    return std::nullopt;
  }
  const ssize_t count =
      pread(fd, bytes.data(), bytes.size(), static_cast<off_t>(info.offset));
  if (count != static_cast<ssize_t>(bytes.size())) return std::nullopt;
  return bytes;
}

std::string RegionsAsText(int fd, uint32_t count) {
  std::string text;
  for (uint32_t index = 0; index < std::min(count, kMaxRegions); ++index) {
    vfio_region_info info = {};
    info.argsz = sizeof(info);
    info.index = index;
    if (ioctl(fd, VFIO_DEVICE_GET_REGION_INFO, &info) != 0) continue;
    // argsz: what its capabilities need.
    text += absl::StrFormat(" %u:%x,%u,%x", index, info.flags, info.argsz,
                            info.size);
  }
  return text;
}

// The kinds of planes that it has, as bits; 0: no plane query.
uint32_t PlaneKinds(int fd) {
  uint32_t kinds = 0;
  for (const uint32_t kind :
       {VFIO_GFX_PLANE_TYPE_DMABUF, VFIO_GFX_PLANE_TYPE_REGION}) {
    vfio_device_gfx_plane_info info = {};
    info.argsz = sizeof(info);
    info.flags = VFIO_GFX_PLANE_TYPE_PROBE | kind;
    if (ioctl(fd, VFIO_DEVICE_QUERY_GFX_PLANE, &info) == 0) kinds |= kind;
  }
  return kinds;
}

uint16_t Word(const Header& header, size_t offset) {
  return static_cast<uint16_t>(header[offset] | header[offset + 1] << 8);
}

}  // namespace

absl::StatusOr<DeviceFacts> ReadDeviceFacts(int fd) {
  vfio_device_info info = {};
  // Up to num_irqs: drivers need not know what came later.
  info.argsz = 16;
  if (ioctl(fd, VFIO_DEVICE_GET_INFO, &info) != 0) {
    return absl::ErrnoToStatus(errno, "VFIO_DEVICE_GET_INFO of the copy");
  }
  const uint32_t planes = PlaneKinds(fd);
  DeviceFacts facts;
  facts.likeness =
      absl::StrFormat("%x %u %u %x", info.flags & ~VFIO_DEVICE_FLAGS_CAPS,
                      info.num_regions, info.num_irqs, planes) +
      RegionsAsText(fd, info.num_regions);
  if ((info.flags & VFIO_DEVICE_FLAGS_PCI) == 0) {
    facts.may_be_display = planes != 0;
    return facts;
  }
  const std::optional<Header> header = ReadHeader(fd);
  if (!header.has_value()) return facts;
  facts.ids = PciIds{Word(*header, 0), Word(*header, 2)};
  facts.may_be_display =
      (*header)[kBaseClassOffset] == kDisplayClass || planes != 0;
  for (const Span& span : kLasting) {
    facts.likeness.append(header->begin() + static_cast<long>(span.begin),
                          header->begin() + static_cast<long>(span.end));
  }
  return facts;
}

}  // namespace oriel::capture
