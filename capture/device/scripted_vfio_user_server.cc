#include "capture/device/scripted_vfio_user_server.h"

#include <linux/vfio.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace oriel::capture {
namespace {

namespace abi_vu = abi::vfio_user;

bool ReceiveAll(int fd, void* into, size_t size) {
  return size == 0 ||
         recv(fd, into, size, MSG_WAITALL) == static_cast<ssize_t>(size);
}

std::vector<uint8_t> BytesOf(const void* value, size_t size) {
  std::vector<uint8_t> bytes(size);
  std::memcpy(bytes.data(), value, size);
  return bytes;
}

}  // namespace

std::optional<ScriptedPeer::Request> ScriptedPeer::Receive() {
  Request request;
  if (!ReceiveAll(fd_, &request.header, sizeof(request.header)))
    return std::nullopt;
  request.payload.resize(request.header.message_size - sizeof(request.header));
  if (!ReceiveAll(fd_, request.payload.data(), request.payload.size()))
    return std::nullopt;
  return request;
}

void ScriptedPeer::SendBytes(std::span<const uint8_t> bytes,
                             const std::vector<int>& fds) {
  iovec part{const_cast<uint8_t*>(bytes.data()), bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  std::vector<char> control(CMSG_SPACE(fds.size() * sizeof(int)));
  if (!fds.empty()) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(fds.size() * sizeof(int));
    std::memcpy(CMSG_DATA(header), fds.data(), fds.size() * sizeof(int));
  }
  // A client that gave up has closed; scripts need not care.
  if (sendmsg(fd_, &message, MSG_NOSIGNAL) < 0) return;
}

void ScriptedPeer::SendHeader(const abi_vu::Header& header,
                              std::span<const uint8_t> payload,
                              const std::vector<int>& fds) {
  std::vector<uint8_t> bytes(sizeof(header) + payload.size());
  std::memcpy(bytes.data(), &header, sizeof(header));
  std::copy(payload.begin(), payload.end(), bytes.begin() + sizeof(header));
  SendBytes(bytes, fds);
}

void ScriptedPeer::Reply(const Request& request,
                         std::span<const uint8_t> payload,
                         const std::vector<int>& fds) {
  abi_vu::Header header = request.header;
  header.flags = abi_vu::kTypeReply;
  header.message_size = static_cast<uint32_t>(sizeof(header) + payload.size());
  SendHeader(header, payload, fds);
}

void ScriptedPeer::ReplyError(const Request& request, uint32_t error_number) {
  abi_vu::Header header = request.header;
  header.flags = abi_vu::kTypeReply | abi_vu::kFlagError;
  header.error_number = error_number;
  header.message_size = sizeof(header);
  SendHeader(header);
}

void ScriptedPeer::Handshake(const std::string& json) {
  const std::optional<Request> request = Receive();
  if (!request.has_value()) return;
  std::vector<uint8_t> payload(sizeof(abi_vu::Version));
  const abi_vu::Version version{abi_vu::kMajorVersion, abi_vu::kMinorVersion};
  std::memcpy(payload.data(), &version, sizeof(version));
  const std::string text =
      json.empty() ? R"({"capabilities":{"oriel_query_gfx_plane":true}})"
                   : json;
  payload.insert(payload.end(), text.begin(), text.end());
  payload.push_back(0);
  Reply(*request, payload);
}

void ScriptedPeer::ServeRegion(const std::vector<uint8_t>& reply, int fd) {
  Handshake();
  while (const auto request = Receive()) {
    const auto command = static_cast<abi_vu::Command>(request->header.command);
    if (command == abi_vu::Command::kDeviceGetInfo) {
      const abi_vu::DeviceInfo info{sizeof(info), VFIO_DEVICE_FLAGS_PCI, 9, 5};
      Reply(*request, BytesOf(&info, sizeof(info)));
      continue;
    }
    vfio_region_info asked{};
    std::memcpy(&asked, request->payload.data(), sizeof(asked));
    vfio_region_info known{};
    std::memcpy(&known, reply.data(), sizeof(known));
    if (command != abi_vu::Command::kDeviceGetRegionInfo ||
        asked.index != known.index) {
      ReplyError(*request, EINVAL);
    } else if (asked.argsz < reply.size()) {
      // As libvfio-user: no flag, no capabilities, no fd.
      known.flags &= ~uint32_t{VFIO_REGION_INFO_FLAG_CAPS};
      known.cap_offset = 0;
      Reply(*request, BytesOf(&known, sizeof(known)));
    } else {
      Reply(*request, reply,
            fd < 0 ? std::vector<int>{} : std::vector<int>{fd});
    }
  }
}

void ScriptedPeer::AwaitEnd() {
  while (Receive().has_value()) {
  }
}

ScriptedVfioUserServer::ScriptedVfioUserServer(
    std::function<void(ScriptedPeer&)> script) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    std::abort();
  client_end_.reset(ends[0]);
  server_end_.reset(ends[1]);
  thread_ = std::thread([this, script = std::move(script)] {
    ScriptedPeer peer(server_end_.get());
    script(peer);
    shutdown(server_end_.get(), SHUT_RDWR);
  });
}

ScriptedVfioUserServer::~ScriptedVfioUserServer() {
  client_end_.reset();
  thread_.join();
}

}  // namespace oriel::capture
