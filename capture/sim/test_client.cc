#include "capture/sim/test_client.h"

#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "capture/abi/vfio.h"

namespace oriel::capture::sim {
namespace {

namespace wire = abi::vfio_user;

std::span<const uint8_t> Bytes(const void* data, size_t size_bytes) {
  return {static_cast<const uint8_t*>(data), size_bytes};
}

std::vector<uint8_t> Joined(std::span<const uint8_t> first,
                            std::span<const uint8_t> second) {
  std::vector<uint8_t> all(first.size() + second.size());
  std::copy(first.begin(), first.end(), all.begin());
  std::copy(second.begin(), second.end(),
            all.begin() + static_cast<std::ptrdiff_t>(first.size()));
  return all;
}

}  // namespace

void TestClient::Answer::CopyTo(void* out, size_t size_bytes,
                                size_t offset) const {
  if (offset >= payload.size()) return;
  std::memcpy(out, payload.data() + offset,
              std::min(size_bytes, payload.size() - offset));
}

TestClient::TestClient(UniqueFd socket) : socket_(std::move(socket)) {
  const timeval patience = {.tv_sec = 10};
  setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience,
             sizeof(patience));
  setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience,
             sizeof(patience));
}

std::vector<uint8_t> TestClient::Message(wire::Command command,
                                         std::span<const uint8_t> payload) {
  const wire::Header header = {
      .message_id = 0x5151,
      .command = static_cast<uint16_t>(command),
      .message_size = static_cast<uint32_t>(sizeof(header) + payload.size())};
  return Joined(Bytes(&header, sizeof(header)), payload);
}

TestClient::Answer TestClient::Call(wire::Command command,
                                    std::span<const uint8_t> payload) {
  std::vector<uint8_t> message = Message(command, payload);
  const uint16_t id = next_id_++;
  std::memcpy(message.data(), &id, sizeof(id));
  if (!SendRaw(message)) return {};
  Answer answer = Receive();
  if (answer.header.message_id != id) answer.arrived = false;
  return answer;
}

TestClient::Answer TestClient::Negotiate(const std::string& json) {
  const wire::Version version = {wire::kMajorVersion, wire::kMinorVersion};
  // With its NUL.
  const size_t text_bytes = json.empty() ? 0 : json.size() + 1;
  return Call(wire::Command::kVersion, Joined(Bytes(&version, sizeof(version)),
                                              Bytes(json.c_str(), text_bytes)));
}

TestClient::Answer TestClient::Negotiate() {
  return Negotiate(
      R"({"capabilities":{"max_msg_fds":8,"oriel_query_gfx_plane":true}})");
}

TestClient::Answer TestClient::GetRegionInfo(uint32_t index, uint32_t argsz) {
  return Call(wire::Command::kDeviceGetRegionInfo,
              vfio_region_info{.argsz = argsz, .index = index});
}

TestClient::Answer TestClient::Read(uint32_t region, uint64_t offset,
                                    uint32_t count) {
  return Call(wire::Command::kRegionRead,
              wire::RegionAccess{offset, region, count});
}

TestClient::Answer TestClient::Write(uint32_t region, uint64_t offset,
                                     std::span<const uint8_t> bytes) {
  const wire::RegionAccess access = {offset, region,
                                     static_cast<uint32_t>(bytes.size())};
  return Call(wire::Command::kRegionWrite,
              Joined(Bytes(&access, sizeof(access)), bytes));
}

TestClient::Answer TestClient::WriteWord(uint32_t region, uint64_t offset,
                                         uint32_t value) {
  return Write(region, offset, Bytes(&value, sizeof(value)));
}

TestClient::Answer TestClient::QueryPlane(uint32_t flags, uint32_t plane_type) {
  return Call(
      wire::Command::kOrielQueryGfxPlane,
      vfio_device_gfx_plane_info{.argsz = sizeof(vfio_device_gfx_plane_info),
                                 .flags = flags,
                                 .drm_plane_type = plane_type});
}

bool TestClient::SendRaw(std::span<const uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t count =
        send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return false;
    bytes = bytes.subspan(static_cast<size_t>(count));
  }
  return true;
}

bool TestClient::SendFd(int fd) {
  char byte = 0;
  iovec part = {&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message = {.msg_iov = &part,
                    .msg_iovlen = 1,
                    .msg_control = control,
                    .msg_controllen = sizeof(control)};
  cmsghdr* rights = CMSG_FIRSTHDR(&message);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(rights), &fd, sizeof(fd));
  return sendmsg(socket_.get(), &message, MSG_NOSIGNAL) == 1;
}

bool TestClient::ReceiveAll(void* out, size_t size_bytes, UniqueFd* fd) {
  auto* at = static_cast<char*>(out);
  while (size_bytes > 0) {
    iovec part = {at, size_bytes};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr message = {.msg_iov = &part,
                      .msg_iovlen = 1,
                      .msg_control = control,
                      .msg_controllen = sizeof(control)};
    const ssize_t count = recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC);
    if (count <= 0) return false;
    const cmsghdr* rights = CMSG_FIRSTHDR(&message);
    if (rights != nullptr && rights->cmsg_type == SCM_RIGHTS) {
      int received = -1;
      std::memcpy(&received, CMSG_DATA(rights), sizeof(received));
      UniqueFd taken(received);
      if (fd != nullptr) *fd = std::move(taken);
    }
    at += count;
    size_bytes -= static_cast<size_t>(count);
  }
  return true;
}

TestClient::Answer TestClient::Receive() {
  Answer answer;
  if (!ReceiveAll(&answer.header, sizeof(answer.header), &answer.fd)) {
    return answer;
  }
  answer.payload.resize(answer.header.message_size - sizeof(answer.header));
  answer.arrived =
      ReceiveAll(answer.payload.data(), answer.payload.size(), nullptr);
  return answer;
}

bool TestClient::IsDropped() {
  char byte = 0;
  ssize_t count = 0;
  do {
    count = recv(socket_.get(), &byte, 1, 0);
  } while (count > 0);
  return count == 0 || errno == ECONNRESET;
}

}  // namespace oriel::capture::sim
