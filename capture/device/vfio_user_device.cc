#include "capture/device/vfio_user_device.h"

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "capture/device/driver_error.h"
#include "capture/device/map_file.h"
#include "capture/device/open_device.h"

namespace oriel::capture {
namespace {

namespace abi_vu = abi::vfio_user;
using abi_vu::Command;
using vfio_user::BytesOf;
using vfio_user::Message;
using vfio_user::RegionAccess;

constexpr Duration kTimeout = std::chrono::seconds(5);
// A VERSION's JSON is a few hundred bytes.
constexpr size_t kMaxVersionBytes = 16 * 1024;
// A region's fd is kept for Map; a peer does not fill our table with them.
constexpr size_t kMaxKnownRegions = 64;

const char* NameOf(Command command) {
  switch (command) {
    case Command::kVersion:
      return "VERSION";
    case Command::kDeviceGetInfo:
      return "DEVICE_GET_INFO";
    case Command::kDeviceGetRegionInfo:
      return "DEVICE_GET_REGION_INFO";
    case Command::kRegionRead:
      return "REGION_READ";
    case Command::kRegionWrite:
      return "REGION_WRITE";
    case Command::kDeviceReset:
      return "DEVICE_RESET";
    case Command::kOrielQueryGfxPlane:
      return "QUERY_GFX_PLANE";
    default:
      return "a command";
  }
}

// A mapping of huge pages cannot be replaced from a small page on, which is
// how a SIGBUS is survived when the peer cuts the file off later. One of FUSE
// waits in the page fault for as long as the peer likes, and Revoke with it.
absl::Status CheckFileSystem(int fd, const std::string& what) {
  struct statfs info {};
  if (fstatfs(fd, &info) != 0)
    return absl::ErrnoToStatus(errno, "look at the memory of " + what);
  if (info.f_type != HUGETLBFS_MAGIC && info.f_type != FUSE_SUPER_MAGIC)
    return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrFormat(
      "map %s: the peer sent memory %s, which can be taken away from the "
      "reader; let the vfio-user server use an ordinary memfd",
      what,
      info.f_type == HUGETLBFS_MAGIC ? "of huge pages" : "of a FUSE file"));
}

// Whether `fd` has [offset, offset + size), so that touching it is no SIGBUS.
absl::Status CheckFileSize(int fd, uint64_t offset, uint64_t size_bytes,
                           const std::string& what) {
  struct stat info {};
  if (fstat(fd, &info) != 0)
    return absl::ErrnoToStatus(errno, "look at the memory of " + what);
  if (!S_ISREG(info.st_mode)) return absl::OkStatus();
  const auto page = static_cast<uint64_t>(getpagesize());
  const uint64_t there =
      (static_cast<uint64_t>(info.st_size) + page - 1) / page * page;
  if (offset > there || size_bytes > there - offset) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "map %#x bytes at %#x of %s: the file that the peer sent ends at %#x",
        size_bytes, offset, what, info.st_size));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<OwnedDevice>> ConnectVfioUser(
    const std::string& socket_path, std::shared_ptr<const UniqueFd> interrupt) {
  ASSIGN_OR_RETURN(
      vfio_user::Socket socket,
      vfio_user::Socket::Connect(socket_path, std::move(interrupt)));
  return VfioUserDevice::Open(std::move(socket), kTimeout);
}

absl::StatusOr<std::unique_ptr<VfioUserDevice>> VfioUserDevice::Open(
    vfio_user::Socket socket, Duration timeout) {
  std::unique_ptr<VfioUserDevice> device(
      new VfioUserDevice(std::move(socket), timeout));
  ASSIGN_OR_RETURN(const Message reply,
                   device->Call(Command::kVersion, vfio_user::VersionRequest(),
                                kMaxVersionBytes, device->Deadline()));
  ASSIGN_OR_RETURN(device->limits_,
                   vfio_user::ParseVersionReply(reply.payload));
  return device;
}

VfioUserDevice::VfioUserDevice(vfio_user::Socket socket, Duration timeout)
    : socket_(std::move(socket)), timeout_(timeout) {}

std::string VfioUserDevice::description() const {
  return "vfio-user " + socket_.name();
}

std::string VfioUserDevice::Doing(Command command) const {
  return absl::StrFormat("%s of %s", NameOf(command), description());
}

absl::Status VfioUserDevice::GiveUp(const absl::Status& reason) {
  socket_.ShutDown();
  given_up_ = absl::UnavailableError(
      absl::StrFormat("the connection to %s was given up: %s", description(),
                      std::string(reason.message())));
  return reason;
}

absl::Status VfioUserDevice::RefuseCommand(const abi_vu::Header& header,
                                           Time deadline) {
  if ((header.flags & abi_vu::kFlagNoReply) != 0) return absl::OkStatus();
  abi_vu::Header refusal{};
  refusal.message_id = header.message_id;
  refusal.command = header.command;
  refusal.message_size = sizeof(refusal);
  refusal.flags = abi_vu::kTypeReply | abi_vu::kFlagError;
  refusal.error_number = EOPNOTSUPP;
  return socket_.Send(refusal, {}, deadline);
}

absl::StatusOr<Message> VfioUserDevice::AwaitReply(uint16_t id, Command command,
                                                   size_t max_reply_payload,
                                                   Time deadline) {
  while (true) {
    ASSIGN_OR_RETURN(Message message,
                     socket_.Receive(max_reply_payload, deadline));
    if (!vfio_user::IsReply(message.header)) {
      // Looked at here too: a peer that always has one more never makes
      // Receive wait.
      if (Clock::now() >= deadline) {
        return absl::UnavailableError(absl::StrFormat(
            "%s: only commands of its own came, no reply", Doing(command)));
      }
      RETURN_IF_ERROR(RefuseCommand(message.header, deadline));
      continue;
    }
    if (message.header.message_id != id ||
        message.header.command != static_cast<uint16_t>(command)) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "%s: message %d was sent, and the reply is to command %#x, message "
          "%d",
          Doing(command), id, message.header.command,
          message.header.message_id));
    }
    return message;
  }
}

absl::StatusOr<Message> VfioUserDevice::Call(Command command,
                                             std::span<const uint8_t> payload,
                                             size_t max_reply_payload,
                                             Time deadline) {
  RETURN_IF_ERROR(given_up_);
  abi_vu::Header header{};
  header.message_id = next_id_++;
  header.command = static_cast<uint16_t>(command);
  header.message_size = static_cast<uint32_t>(sizeof(header) + payload.size());
  header.flags = abi_vu::kTypeCommand;
  if (absl::Status sent = socket_.Send(header, payload, deadline); !sent.ok())
    return GiveUp(sent);
  absl::StatusOr<Message> reply =
      AwaitReply(header.message_id, command, max_reply_payload, deadline);
  if (!reply.ok()) return GiveUp(reply.status());
  if ((reply->header.flags & abi_vu::kFlagError) == 0) return reply;
  if (reply->header.error_number == 0) {
    return absl::UnknownError(Doing(command) +
                              ": the peer refused and gave no reason");
  }
  return DriverError(static_cast<int>(reply->header.error_number),
                     Doing(command));
}

absl::StatusOr<DeviceInfo> VfioUserDevice::GetInfo() {
  abi_vu::DeviceInfo request{};
  request.argsz = sizeof(request);
  ASSIGN_OR_RETURN(const Message reply,
                   Call(Command::kDeviceGetInfo, BytesOf(request),
                        sizeof(request), Deadline()));
  return vfio_user::ParseDeviceInfoReply(reply.payload);
}

absl::Status VfioUserDevice::GetRegionInfo(uint32_t index,
                                           std::span<uint8_t> reply) {
  vfio_region_info request{};
  request.argsz = static_cast<uint32_t>(reply.size());
  request.index = index;
  absl::StatusOr<Message> answer =
      Call(Command::kDeviceGetRegionInfo, BytesOf(request), reply.size(),
           Deadline());
  // A peer that keeps the protocol says EINVAL to an index it does not know.
  if (absl::IsInvalidArgument(answer.status()) && given_up_.ok())
    return absl::NotFoundError(std::string(answer.status().message()));
  RETURN_IF_ERROR(answer.status());
  ASSIGN_OR_RETURN(
      const vfio_region_info info,
      vfio_user::ParseRegionInfoReply(answer->payload, index, reply));
  if (regions_.size() >= kMaxKnownRegions && !regions_.contains(index))
    return absl::OkStatus();
  KnownRegion& known = regions_[index];
  known.size_bytes = info.size;
  if (!answer->fds.empty()) {
    known.fd = std::move(answer->fds.front());
  } else if ((info.flags & VFIO_REGION_INFO_FLAG_MMAP) == 0) {
    known.fd.reset();
  }
  return absl::OkStatus();
}

absl::StatusOr<size_t> VfioUserDevice::Read(const RegionAddress& region,
                                            uint64_t offset,
                                            std::span<uint8_t> out) {
  // A vfio-user peer refuses to read over the end, where the kernel reads up
  // to it.
  if (const auto known = regions_.find(region.index); known != regions_.end()) {
    const uint64_t size = known->second.size_bytes;
    const uint64_t left = offset < size ? size - offset : 0;
    out = out.first(std::min<uint64_t>(out.size(), left));
  }
  const Time deadline = Deadline();
  size_t done = 0;
  while (done < out.size()) {
    const std::span<uint8_t> part = out.subspan(
        done, std::min<size_t>(out.size() - done, limits_.max_data_bytes));
    const RegionAccess asked{offset + done, region.index,
                             static_cast<uint32_t>(part.size())};
    ASSIGN_OR_RETURN(const Message reply,
                     Call(Command::kRegionRead, BytesOf(asked),
                          sizeof(asked) + part.size(), deadline));
    ASSIGN_OR_RETURN(const size_t got,
                     vfio_user::ParseReadReply(reply.payload, asked, part));
    done += got;
    if (got < part.size()) break;
  }
  return done;
}

absl::StatusOr<Mapping> VfioUserDevice::Map(const RegionAddress& region,
                                            uint64_t offset,
                                            size_t size_bytes) {
  const std::string what =
      absl::StrFormat("region %d of %s", region.index, description());
  RETURN_IF_ERROR(given_up_);
  const auto known = regions_.find(region.index);
  if (known == regions_.end() || !known->second.fd.valid()) {
    return absl::FailedPreconditionError(
        absl::StrFormat("map %s: the peer sent no fd for it", what));
  }
  if (offset > ~uint64_t{0} - region.file_offset) {
    return absl::InvalidArgumentError(
        absl::StrFormat("map %s: offset %#x wraps around", what, offset));
  }
  const int fd = known->second.fd.get();
  const uint64_t file_offset = region.file_offset + offset;
  RETURN_IF_ERROR(CheckFileSystem(fd, what));
  RETURN_IF_ERROR(CheckFileSize(fd, file_offset, size_bytes, what));
  return MapFile(fd, file_offset, size_bytes, what);
}

absl::StatusOr<vfio_device_gfx_plane_info> VfioUserDevice::QueryPlane(
    uint32_t flags, uint32_t drm_plane_type) {
  if (!limits_.has_plane_query) {
    return absl::UnimplementedError(absl::StrFormat(
        "%s does not know Oriel's plane query (capability %s); name the "
        "framebuffer's region in the configuration",
        description(), abi_vu::kPlaneQueryCapability));
  }
  vfio_device_gfx_plane_info request{};
  request.argsz = sizeof(request);
  request.flags = flags;
  request.drm_plane_type = drm_plane_type;
  ASSIGN_OR_RETURN(const Message reply,
                   Call(Command::kOrielQueryGfxPlane, BytesOf(request),
                        sizeof(request), Deadline()));
  return vfio_user::ParsePlaneReply(reply.payload);
}

absl::Status VfioUserDevice::Write(const RegionAddress& region, uint64_t offset,
                                   std::span<const uint8_t> bytes) {
  const Time deadline = Deadline();
  while (!bytes.empty()) {
    const std::span<const uint8_t> part =
        bytes.first(std::min<size_t>(bytes.size(), limits_.max_data_bytes));
    const RegionAccess asked{offset, region.index,
                             static_cast<uint32_t>(part.size())};
    std::vector<uint8_t> payload = BytesOf(asked);
    payload.insert(payload.end(), part.begin(), part.end());
    ASSIGN_OR_RETURN(const Message reply, Call(Command::kRegionWrite, payload,
                                               sizeof(asked), deadline));
    RETURN_IF_ERROR(vfio_user::ParseWriteReply(reply.payload, asked));
    offset += part.size();
    bytes = bytes.subspan(part.size());
  }
  return absl::OkStatus();
}

absl::Status VfioUserDevice::Reset() {
  return Call(Command::kDeviceReset, {}, 0, Deadline()).status();
}

}  // namespace oriel::capture
