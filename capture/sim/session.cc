#include "capture/sim/session.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "capture/abi/vfio.h"
#include "nlohmann/json.hpp"

namespace oriel::capture::sim {
namespace {

namespace wire = abi::vfio_user;
using Reply = Session::Reply;

// Far more than any known client says of itself.
constexpr size_t kMaxVersionBytes = 4096;
// docs/interop/vfio-user.rst: what holds when a client names no other.
constexpr int64_t kDefaultMaxFds = 1;

Reply Error(int error_number) { return {.error_number = error_number}; }

Reply ErrorOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
      return Error(EINVAL);
    case absl::StatusCode::kPermissionDenied:
      return Error(EPERM);
    default:
      return Error(EIO);
  }
}

template <typename T>
T Load(std::span<const uint8_t> bytes) {
  T value{};
  std::memcpy(&value, bytes.data(), std::min(sizeof(value), bytes.size()));
  return value;
}

template <typename T>
void Append(std::vector<uint8_t>& out, const T& value) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(&value);
  out.insert(out.end(), bytes, bytes + sizeof(value));
}

template <typename T>
Reply Answer(const T& value) {
  Reply reply;
  Append(reply.payload, value);
  return reply;
}

struct ClientCapabilities {
  int64_t max_fds = kDefaultMaxFds;
  bool plane_query = false;
};

// `json` is what follows the version numbers: nothing, or text ended by NUL.
absl::StatusOr<ClientCapabilities> ParseCapabilities(
    std::span<const uint8_t> json) {
  ClientCapabilities capabilities;
  if (json.empty()) return capabilities;
  if (json.back() != 0) {
    return absl::InvalidArgumentError("VERSION's JSON does not end with NUL");
  }
  const auto root = nlohmann::json::parse(json.begin(), json.end() - 1,
                                          /*cb=*/nullptr,
                                          /*allow_exceptions=*/false);
  if (!root.is_object()) {
    return absl::InvalidArgumentError("VERSION's text is no JSON object");
  }
  const auto found = root.find("capabilities");
  if (found == root.end()) return capabilities;
  if (!found->is_object()) {
    return absl::InvalidArgumentError("VERSION's capabilities are no object");
  }
  if (const auto fds = found->find("max_msg_fds"); fds != found->end()) {
    if (!fds->is_number_unsigned()) {
      return absl::InvalidArgumentError("VERSION's max_msg_fds is no number");
    }
    capabilities.max_fds = fds->get<uint64_t>() > 0 ? 1 : 0;
  }
  if (const auto query = found->find(wire::kPlaneQueryCapability);
      query != found->end()) {
    capabilities.plane_query = query->is_boolean() && query->get<bool>();
  }
  return capabilities;
}

}  // namespace

absl::Status Session::CheckHeader(const wire::Header& header) {
  if ((header.flags & ~wire::kFlagNoReply) != wire::kTypeCommand) {
    return absl::InvalidArgumentError(
        absl::StrFormat("message %u has flags 0x%x; commands have 0 or 0x10",
                        header.message_id, header.flags));
  }
  if (header.message_size < sizeof(header) ||
      header.message_size > wire::kMaxMessageBytes) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "message %u of %u bytes; %d to %d are allowed", header.message_id,
        header.message_size, sizeof(header), wire::kMaxMessageBytes));
  }
  return absl::OkStatus();
}

absl::StatusOr<Reply> Session::Handle(const wire::Header& header,
                                      Payload payload) {
  const auto command = static_cast<wire::Command>(header.command);
  if (!negotiated_) {
    if (command != wire::Command::kVersion) {
      return absl::InvalidArgumentError(
          absl::StrFormat("command %u came before VERSION", header.command));
    }
    return Negotiate(payload);
  }
  switch (command) {
    case wire::Command::kVersion:
      return absl::InvalidArgumentError("VERSION came a second time");
    case wire::Command::kDeviceGetInfo:
      return GetInfo(payload);
    case wire::Command::kDeviceGetRegionInfo:
      return GetRegionInfo(payload);
    case wire::Command::kDeviceGetIrqInfo:
      return GetIrqInfo(payload);
    case wire::Command::kRegionRead:
      return ReadRegion(payload);
    case wire::Command::kRegionWrite:
      return WriteRegion(payload);
    case wire::Command::kDeviceReset:
      return Reset(payload);
    case wire::Command::kOrielQueryGfxPlane:
      return QueryPlane(payload);
    default:
      // DMA_MAP among them: a device without DMA needs nobody's memory.
      return Error(EOPNOTSUPP);
  }
}

absl::StatusOr<Reply> Session::Negotiate(Payload payload) {
  if (payload.size() < sizeof(wire::Version) ||
      payload.size() > kMaxVersionBytes) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "VERSION of %d bytes; %d to %d are allowed", payload.size(),
        sizeof(wire::Version), kMaxVersionBytes));
  }
  const auto asked = Load<wire::Version>(payload);
  if (asked.major != wire::kMajorVersion) {
    return absl::InvalidArgumentError(
        absl::StrFormat("version %u.%u; %u.%u is spoken here", asked.major,
                        asked.minor, wire::kMajorVersion, wire::kMinorVersion));
  }
  ASSIGN_OR_RETURN(const ClientCapabilities client,
                   ParseCapabilities(payload.subspan(sizeof(asked))));
  negotiated_ = true;
  takes_fds_ = client.max_fds > 0;
  plane_query_ = client.plane_query && device_.has_plane_query();
  nlohmann::json capabilities = {
      {"max_msg_fds", 1},
      {"max_data_xfer_size", wire::kDefaultMaxDataTransferBytes}};
  if (plane_query_) capabilities[wire::kPlaneQueryCapability] = true;
  const std::string text =
      nlohmann::json({{"capabilities", capabilities}}).dump();
  Reply reply = Answer(wire::Version{
      wire::kMajorVersion, std::min(asked.minor, wire::kMinorVersion)});
  reply.payload.insert(reply.payload.end(), text.begin(), text.end());
  reply.payload.push_back(0);
  return reply;
}

Reply Session::GetInfo(Payload payload) const {
  if (payload.size() != sizeof(wire::DeviceInfo) ||
      Load<wire::DeviceInfo>(payload).argsz < sizeof(wire::DeviceInfo)) {
    return Error(EINVAL);
  }
  return Answer(
      wire::DeviceInfo{.argsz = sizeof(wire::DeviceInfo),
                       .flags = VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET,
                       .num_regions = device_.region_count(),
                       .num_irqs = VFIO_PCI_NUM_IRQS});
}

Reply Session::GetRegionInfo(Payload payload) const {
  if (payload.size() != sizeof(vfio_region_info)) return Error(EINVAL);
  const auto asked = Load<vfio_region_info>(payload);
  const auto region = device_.DescribeRegion(asked.index);
  if (!region.ok()) return ErrorOf(region.status());
  if (asked.argsz < sizeof(asked)) return Error(EINVAL);
  vfio_region_info info = {.argsz = sizeof(info),
                           .flags = region->flags,
                           .index = asked.index,
                           .size = region->size_bytes};
  if (region->fd >= 0 && !takes_fds_) {
    info.flags &= ~uint32_t{VFIO_REGION_INFO_FLAG_MMAP};
  }
  if (!region->type.has_value()) return Answer(info);
  const vfio_region_info_cap_type type = {
      .header = {.id = VFIO_REGION_INFO_CAP_TYPE, .version = 1},
      .type = region->type->type,
      .subtype = region->type->subtype};
  info.argsz = sizeof(info) + sizeof(type);
  info.flags |= VFIO_REGION_INFO_FLAG_CAPS;
  // As in the kernel: too little room shows as cap_offset 0.
  if (asked.argsz < info.argsz) return Answer(info);
  info.cap_offset = sizeof(info);
  Reply reply = Answer(info);
  Append(reply.payload, type);
  if (takes_fds_) reply.fd = region->fd;
  return reply;
}

Reply Session::GetIrqInfo(Payload payload) const {
  if (payload.size() != sizeof(vfio_irq_info)) return Error(EINVAL);
  const auto asked = Load<vfio_irq_info>(payload);
  if (asked.argsz < sizeof(asked) || asked.index >= VFIO_PCI_NUM_IRQS) {
    return Error(EINVAL);
  }
  return Answer(
      vfio_irq_info{.argsz = sizeof(vfio_irq_info), .index = asked.index});
}

Reply Session::ReadRegion(Payload payload) const {
  if (payload.size() != sizeof(wire::RegionAccess)) return Error(EINVAL);
  const auto access = Load<wire::RegionAccess>(payload);
  if (access.count > wire::kDefaultMaxDataTransferBytes) return Error(EINVAL);
  // Before memory is taken for it.
  const auto region = device_.DescribeRegion(access.region);
  if (!region.ok()) return ErrorOf(region.status());
  if (access.count > region->size_bytes) return Error(EINVAL);
  Reply reply = Answer(access);
  reply.payload.resize(sizeof(access) + access.count);
  const absl::Status read =
      device_.ReadRegion(access.region, access.offset,
                         std::span(reply.payload).subspan(sizeof(access)));
  return read.ok() ? reply : ErrorOf(read);
}

Reply Session::WriteRegion(Payload payload) {
  if (payload.size() < sizeof(wire::RegionAccess)) return Error(EINVAL);
  const auto access = Load<wire::RegionAccess>(payload);
  const Payload data = payload.subspan(sizeof(access));
  if (data.size() != access.count) return Error(EINVAL);
  const absl::Status written =
      device_.WriteRegion(access.region, access.offset, data);
  return written.ok() ? Answer(access) : ErrorOf(written);
}

Reply Session::Reset(Payload payload) {
  if (!payload.empty()) return Error(EINVAL);
  const absl::Status reset = device_.Reset();
  return reset.ok() ? Reply() : ErrorOf(reset);
}

Reply Session::QueryPlane(Payload payload) const {
  if (!plane_query_) return Error(EOPNOTSUPP);
  if (payload.size() < abi::kPlaneInfoMinBytes ||
      payload.size() > sizeof(vfio_device_gfx_plane_info)) {
    return Error(EINVAL);
  }
  auto info = Load<vfio_device_gfx_plane_info>(payload);
  if (info.argsz < abi::kPlaneInfoMinBytes) return Error(EINVAL);
  const absl::Status queried = device_.QueryPlane(info);
  if (!queried.ok()) return ErrorOf(queried);
  Reply reply = Answer(info);
  reply.payload.resize(payload.size());
  return reply;
}

}  // namespace oriel::capture::sim
