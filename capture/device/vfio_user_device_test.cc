#include "capture/device/vfio_user_device.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "capture/device/fake_device.h"
#include "capture/device/open_device.h"
#include "capture/device/scripted_vfio_user_server.h"
#include "capture/region/foreign_memory.h"
#include "capture/region/region_info.h"

namespace oriel::capture {
namespace {

namespace abi_vu = abi::vfio_user;
using abi_vu::Command;
using ::testing::HasSubstr;
using vfio_user::BytesOf;

const size_t kPage = static_cast<size_t>(getpagesize());
// Long enough for a loaded machine; only tests of silence wait it out.
constexpr auto kPatience = std::chrono::seconds(60);
constexpr auto kImpatience = std::chrono::milliseconds(50);
constexpr uint32_t kMappable =
    VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_MMAP;

using OpenedDevice = absl::StatusOr<std::unique_ptr<VfioUserDevice>>;

OpenedDevice Open(ScriptedVfioUserServer& server,
                  Duration timeout = kPatience) {
  return VfioUserDevice::Open(
      vfio_user::Socket(server.TakeClientEnd(), "the peer"), timeout);
}

std::string MessageOf(const absl::Status& status) {
  return std::string(status.message());
}

bool HasHungUp(const Device& device) {
  pollfd waited{device.hangup_fd(), POLLRDHUP, 0};
  return poll(&waited, 1, 0) == 1 &&
         (waited.revents & (POLLHUP | POLLRDHUP)) != 0;
}

size_t OpenFds() {
  const std::filesystem::directory_iterator fds("/proc/self/fd");
  return static_cast<size_t>(
      std::distance(begin(fds), std::filesystem::directory_iterator()));
}

// Plays a device with the region `reply` (and `fd`, once argsz suffices) to
// everything that is asked.
void ServeRegion(ScriptedPeer& peer, const std::vector<uint8_t>& reply,
                 int fd) {
  peer.Handshake();
  while (const auto request = peer.Receive()) {
    const auto command = static_cast<Command>(request->header.command);
    if (command == Command::kDeviceGetInfo) {
      peer.Reply(*request, BytesOf(abi_vu::DeviceInfo{16, 2, 9, 5}));
      continue;
    }
    vfio_region_info asked{};
    std::memcpy(&asked, request->payload.data(), sizeof(asked));
    vfio_region_info known{};
    std::memcpy(&known, reply.data(), sizeof(known));
    if (command != Command::kDeviceGetRegionInfo ||
        asked.index != known.index) {
      peer.ReplyError(*request, EINVAL);
    } else if (asked.argsz < reply.size()) {
      // As libvfio-user: no flag, no capabilities, no fd.
      known.flags &= ~uint32_t{VFIO_REGION_INFO_FLAG_CAPS};
      known.cap_offset = 0;
      peer.Reply(*request, BytesOf(known));
    } else {
      peer.Reply(*request, reply,
                 fd < 0 ? std::vector<int>{} : std::vector<int>{fd});
    }
  }
}

TEST(VfioUserDeviceTest, RegionsAreListedAndMappedFromTheirFd) {
  FakeMemory memory(4 * kPage);
  memory.bytes()[2 * kPage + 3] = 77;
  const std::vector<uint8_t> reply = RegionReply(5, kMappable, 2 * kPage, kPage)
                                         .AddSparse({{kPage, kPage}})
                                         .bytes();
  ScriptedVfioUserServer server(
      [&](ScriptedPeer& peer) { ServeRegion(peer, reply, memory.fd()); });
  const OpenedDevice device = Open(server);
  ASSERT_TRUE(device.ok()) << device.status();
  EXPECT_EQ((*device)->description(), "vfio-user the peer");
  const auto regions = ListRegions(**device);
  ASSERT_TRUE(regions.ok()) << regions.status();
  ASSERT_EQ(regions->size(), 1u);
  const auto mapped = ForeignMemory::Map(**device, regions->front(), kPage, 8);
  ASSERT_TRUE(mapped.ok()) << mapped.status();
  uint8_t seen = 0;
  ASSERT_TRUE(
      (*mapped)
          ->Visit(3, 1,
                  [&](std::span<const uint8_t> bytes) { seen = bytes[0]; })
          .ok());
  EXPECT_EQ(seen, 77);
}

TEST(VfioUserDeviceTest, FileShorterThanTheRegionIsNotMapped) {
  FakeMemory memory(kPage);
  const std::vector<uint8_t> reply =
      RegionReply(0, kMappable, 64 * kPage).bytes();
  ScriptedVfioUserServer server(
      [&](ScriptedPeer& peer) { ServeRegion(peer, reply, memory.fd()); });
  const OpenedDevice device = Open(server);
  ASSERT_TRUE(device.ok()) << device.status();
  const auto region = QueryRegion(**device, 0);
  ASSERT_TRUE(region.ok()) << region.status();
  const auto mapped =
      ForeignMemory::Map(**device, *region, 0, region->size_bytes);
  EXPECT_TRUE(absl::IsFailedPrecondition(mapped.status()));
  EXPECT_THAT(MessageOf(mapped.status()), HasSubstr("ends at"));
  EXPECT_TRUE(ForeignMemory::Map(**device, *region, 0, kPage).ok());
}

TEST(VfioUserDeviceTest, MappableRegionWithoutFdIsNotMapped) {
  const std::vector<uint8_t> reply = RegionReply(0, kMappable, kPage).bytes();
  ScriptedVfioUserServer server(
      [&](ScriptedPeer& peer) { ServeRegion(peer, reply, -1); });
  const OpenedDevice device = Open(server);
  ASSERT_TRUE(device.ok()) << device.status();
  const auto region = QueryRegion(**device, 0);
  ASSERT_TRUE(region.ok()) << region.status();
  const auto mapped = ForeignMemory::Map(**device, *region, 0, kPage);
  EXPECT_TRUE(absl::IsFailedPrecondition(mapped.status()));
  EXPECT_THAT(MessageOf(mapped.status()), HasSubstr("sent no fd"));
}

TEST(VfioUserDeviceTest, MemoryCutOffAfterMappingIsUnavailable) {
  FakeMemory memory(kPage);
  const std::vector<uint8_t> reply = RegionReply(0, kMappable, kPage).bytes();
  ScriptedVfioUserServer server(
      [&](ScriptedPeer& peer) { ServeRegion(peer, reply, memory.fd()); });
  const OpenedDevice device = Open(server);
  ASSERT_TRUE(device.ok()) << device.status();
  const auto region = QueryRegion(**device, 0);
  ASSERT_TRUE(region.ok()) << region.status();
  const auto mapped = ForeignMemory::Map(**device, *region, 0, kPage);
  ASSERT_TRUE(mapped.ok()) << mapped.status();
  memory.Truncate(0);
  std::vector<uint8_t> copy;
  EXPECT_TRUE(absl::IsUnavailable(
      (*mapped)->Visit(0, kPage, [&](std::span<const uint8_t> bytes) {
        copy.assign(bytes.begin(), bytes.end());
      })));
}

TEST(VfioUserDeviceTest, ReadsAndWritesAreSplitByThePeersLimit) {
  std::vector<uint8_t> stored(100);
  for (size_t i = 0; i < stored.size(); ++i)
    stored[i] = static_cast<uint8_t>(i);
  std::vector<uint32_t> counts;
  ScriptedVfioUserServer server([&](ScriptedPeer& peer) {
    peer.Handshake(R"({"capabilities":{"max_data_xfer_size":16}})");
    while (const auto request = peer.Receive()) {
      vfio_user::RegionAccess access{};
      std::memcpy(&access, request->payload.data(), sizeof(access));
      counts.push_back(access.count);
      std::vector<uint8_t> payload = BytesOf(access);
      const auto at = stored.begin() + static_cast<long>(access.offset);
      if (static_cast<Command>(request->header.command) ==
          Command::kRegionRead) {
        payload.insert(payload.end(), at, at + access.count);
      } else {
        std::copy(request->payload.begin() + sizeof(access),
                  request->payload.end(), at);
      }
      peer.Reply(*request, payload);
    }
  });
  {
    const OpenedDevice device = Open(server);
    ASSERT_TRUE(device.ok()) << device.status();
    std::vector<uint8_t> bytes(40);
    const auto got = (*device)->Read({3, 0}, 2, bytes);
    ASSERT_TRUE(got.ok()) << got.status();
    EXPECT_EQ(*got, 40u);
    EXPECT_EQ(bytes,
              std::vector<uint8_t>(stored.begin() + 2, stored.begin() + 42));
    ASSERT_TRUE((*device)->Write({3, 0}, 50, std::vector<uint8_t>(20, 9)).ok());
  }
  EXPECT_THAT(counts, ::testing::ElementsAre(16, 16, 8, 16, 4));
  EXPECT_EQ(std::vector<uint8_t>(stored.begin() + 50, stored.begin() + 70),
            std::vector<uint8_t>(20, 9));
}

TEST(VfioUserDeviceTest, ReadEndsAtTheRegionsEnd) {
  const std::vector<uint8_t> reply =
      RegionReply(4, VFIO_REGION_INFO_FLAG_READ, 10).bytes();
  ScriptedVfioUserServer server([&](ScriptedPeer& peer) {
    peer.Handshake();
    auto request = peer.Receive();
    peer.Reply(*request, reply);
    request = peer.Receive();
    vfio_user::RegionAccess access{};
    std::memcpy(&access, request->payload.data(), sizeof(access));
    EXPECT_EQ(access.count, 4u);
    std::vector<uint8_t> payload = BytesOf(access);
    payload.resize(payload.size() + 4);
    peer.Reply(*request, payload);
    EXPECT_FALSE(peer.Receive().has_value());
  });
  const OpenedDevice device = Open(server);
  ASSERT_TRUE(device.ok()) << device.status();
  ASSERT_TRUE(QueryRegion(**device, 4).ok());
  std::vector<uint8_t> bytes(64);
  const auto got = (*device)->Read({4, 0}, 6, bytes);
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(*got, 4u);
  const auto beyond = (*device)->Read({4, 0}, 11, bytes);
  ASSERT_TRUE(beyond.ok()) << beyond.status();
  EXPECT_EQ(*beyond, 0u);
}

TEST(VfioUserDeviceTest, PlaneIsAskedForWhereBothSidesKnowHow) {
  ScriptedVfioUserServer server([](ScriptedPeer& peer) {
    peer.Handshake();
    const auto request = peer.Receive();
    EXPECT_EQ(request->header.command, 0xF001);
    vfio_device_gfx_plane_info plane{};
    std::memcpy(&plane, request->payload.data(), sizeof(plane));
    EXPECT_EQ(plane.argsz, sizeof(plane));
    EXPECT_EQ(plane.flags, uint32_t{VFIO_GFX_PLANE_TYPE_REGION});
    EXPECT_EQ(plane.width, 0u);
    plane.width = 640;
    plane.region_index = 16;
    peer.Reply(*request, BytesOf(plane));
    peer.AwaitEnd();
  });
  const OpenedDevice device = Open(server);
  ASSERT_TRUE(device.ok()) << device.status();
  const auto plane = (*device)->QueryPlane(VFIO_GFX_PLANE_TYPE_REGION, 1);
  ASSERT_TRUE(plane.ok()) << plane.status();
  EXPECT_EQ(plane->width, 640u);
  EXPECT_EQ(plane->region_index, 16u);
}

TEST(VfioUserDeviceTest, PeerWithoutThePlaneQueryIsNotAsked) {
  ScriptedVfioUserServer server([](ScriptedPeer& peer) {
    peer.Handshake(R"({"capabilities":{"max_msg_fds":8}})");
    EXPECT_FALSE(peer.Receive().has_value());
  });
  const OpenedDevice device = Open(server);
  ASSERT_TRUE(device.ok()) << device.status();
  EXPECT_TRUE(absl::IsUnimplemented(
      (*device)->QueryPlane(VFIO_GFX_PLANE_TYPE_REGION, 1).status()));
}

TEST(VfioUserDeviceTest, ResetAndMissingRequestInterrupt) {
  ScriptedVfioUserServer server([](ScriptedPeer& peer) {
    peer.Handshake();
    const auto request = peer.Receive();
    EXPECT_EQ(request->header.command, 13);
    peer.Reply(*request, {});
    peer.AwaitEnd();
  });
  const OpenedDevice device = Open(server);
  ASSERT_TRUE(device.ok()) << device.status();
  EXPECT_TRUE((*device)->Reset().ok());
  EXPECT_TRUE(absl::IsUnimplemented((*device)->SetRequestEventFd(1)));
}

TEST(VfioUserDeviceTest, CommandsOfThePeerAreRefusedBetweenTheReplies) {
  ScriptedVfioUserServer server([](ScriptedPeer& peer) {
    peer.Handshake();
    const auto request = peer.Receive();
    abi_vu::Header dma{};
    dma.message_id = request->header.message_id;
    dma.command = static_cast<uint16_t>(Command::kDmaRead);
    dma.message_size = sizeof(dma) + 16;
    peer.SendHeader(dma, std::vector<uint8_t>(16));
    const auto refusal = peer.Receive();
    EXPECT_EQ(refusal->header.command, dma.command);
    EXPECT_EQ(refusal->header.flags, abi_vu::kTypeReply | abi_vu::kFlagError);
    EXPECT_EQ(refusal->header.error_number, uint32_t{EOPNOTSUPP});
    dma.flags = abi_vu::kFlagNoReply;
    peer.SendHeader(dma, std::vector<uint8_t>(16));
    peer.Reply(*request, BytesOf(abi_vu::DeviceInfo{16, 0, 9, 0}));
    EXPECT_FALSE(peer.Receive().has_value()) << "no reply was wanted";
  });
  const OpenedDevice device = Open(server);
  ASSERT_TRUE(device.ok()) << device.status();
  const auto info = (*device)->GetInfo();
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_EQ(info->region_count, 9u);
}

TEST(HostilePeerTest, SilenceIsUnavailableAndHangsUp) {
  ScriptedVfioUserServer server([](ScriptedPeer& peer) {
    peer.Handshake();
    peer.AwaitEnd();
  });
  const OpenedDevice device = Open(server, kImpatience);
  ASSERT_TRUE(device.ok()) << device.status();
  EXPECT_FALSE(HasHungUp(**device));
  const auto info = (*device)->GetInfo();
  EXPECT_TRUE(absl::IsUnavailable(info.status()));
  EXPECT_THAT(MessageOf(info.status()), HasSubstr("no answer in time"));
  EXPECT_TRUE(HasHungUp(**device));
  const auto again = (*device)->GetInfo();
  EXPECT_TRUE(absl::IsUnavailable(again.status()));
  EXPECT_THAT(MessageOf(again.status()), HasSubstr("given up"));
}

TEST(HostilePeerTest, SilenceInTheHandshakeIsUnavailable) {
  ScriptedVfioUserServer server([](ScriptedPeer& peer) { peer.AwaitEnd(); });
  EXPECT_TRUE(absl::IsUnavailable(Open(server, kImpatience).status()));
}

TEST(HostilePeerTest, CommandsWithoutEndAreGivenUpInTime) {
  ScriptedVfioUserServer server([](ScriptedPeer& peer) {
    peer.Handshake();
    peer.Receive();
    abi_vu::Header command{};
    command.command = static_cast<uint16_t>(Command::kDmaRead);
    command.message_size = sizeof(command);
    // Asks until it is hung up on.
    do {
      peer.SendHeader(command);
    } while (peer.Receive().has_value());
  });
  const OpenedDevice device = Open(server, kImpatience);
  ASSERT_TRUE(device.ok()) << device.status();
  EXPECT_TRUE(absl::IsUnavailable((*device)->GetInfo().status()));
}

TEST(HostilePeerTest, ClosingInsteadOfAnsweringIsUnavailable) {
  ScriptedVfioUserServer server([](ScriptedPeer& peer) {
    peer.Handshake();
    peer.Receive();
  });
  const OpenedDevice device = Open(server);
  ASSERT_TRUE(device.ok()) << device.status();
  const auto info = (*device)->GetInfo();
  EXPECT_TRUE(absl::IsUnavailable(info.status())) << info.status();
  EXPECT_TRUE(HasHungUp(**device));
}

TEST(HostilePeerTest, ClosingInTheMiddleOfAMessageIsUnavailable) {
  for (const size_t sent : {1u, 15u, 16u, 31u}) {
    ScriptedVfioUserServer server([sent](ScriptedPeer& peer) {
      peer.Handshake();
      const auto request = peer.Receive();
      abi_vu::Header header = request->header;
      header.flags = abi_vu::kTypeReply;
      header.message_size = 32;
      std::vector<uint8_t> bytes = BytesOf(header);
      bytes.resize(sent);
      peer.SendBytes(bytes);
    });
    const OpenedDevice device = Open(server);
    ASSERT_TRUE(device.ok()) << device.status();
    EXPECT_TRUE(absl::IsUnavailable((*device)->GetInfo().status())) << sent;
  }
}

// A reply to GetInfo that breaks the protocol: refused, and the connection
// with it.
void ExpectGivenUp(
    const std::function<void(ScriptedPeer&, const ScriptedPeer::Request&)>&
        reply,
    const std::string& why) {
  ScriptedVfioUserServer server([&reply](ScriptedPeer& peer) {
    peer.Handshake();
    const auto request = peer.Receive();
    reply(peer, *request);
    peer.AwaitEnd();
  });
  const OpenedDevice device = Open(server);
  ASSERT_TRUE(device.ok()) << device.status();
  const auto info = (*device)->GetInfo();
  EXPECT_TRUE(absl::IsInvalidArgument(info.status())) << info.status();
  EXPECT_THAT(MessageOf(info.status()), HasSubstr(why));
  EXPECT_TRUE(HasHungUp(**device));
  EXPECT_TRUE(absl::IsUnavailable((*device)->GetInfo().status()));
}

TEST(HostilePeerTest, ReplyWithAnotherIdIsRefused) {
  ExpectGivenUp(
      [](ScriptedPeer& peer, ScriptedPeer::Request request) {
        ++request.header.message_id;
        peer.Reply(request, BytesOf(abi_vu::DeviceInfo{}));
      },
      "message 2 was sent, and the reply is to command 0x4, message 3");
}

TEST(HostilePeerTest, ReplyToAnotherCommandIsRefused) {
  ExpectGivenUp(
      [](ScriptedPeer& peer, ScriptedPeer::Request request) {
        request.header.command = 9;
        peer.Reply(request, BytesOf(abi_vu::DeviceInfo{}));
      },
      "the reply is to command 0x9");
}

TEST(HostilePeerTest, MessageShorterThanItsHeaderIsRefused) {
  ExpectGivenUp(
      [](ScriptedPeer& peer, ScriptedPeer::Request request) {
        request.header.flags = abi_vu::kTypeReply;
        request.header.message_size = 15;
        peer.SendHeader(request.header);
      },
      "shorter than its header");
}

TEST(HostilePeerTest, ReplyLargerThanAllowedIsRefusedUnread) {
  ExpectGivenUp(
      [](ScriptedPeer& peer, ScriptedPeer::Request request) {
        request.header.flags = abi_vu::kTypeReply;
        request.header.message_size = 0xfffffff0;
        peer.SendHeader(request.header);
      },
      "at most 32 are allowed");
}

TEST(HostilePeerTest, ManyFdsWithOneMessageAreRefusedAndClosed) {
  const size_t before = OpenFds();
  ExpectGivenUp(
      [](ScriptedPeer& peer, const ScriptedPeer::Request& request) {
        peer.Reply(request, BytesOf(abi_vu::DeviceInfo{16, 0, 9, 0}),
                   std::vector<int>(100, 0));
      },
      "more than 8 fds");
  EXPECT_EQ(OpenFds(), before);
}

TEST(HostilePeerTest, SurplusFdsAreClosed) {
  FakeMemory memory(kPage);
  ScriptedVfioUserServer server([&](ScriptedPeer& peer) {
    peer.Handshake();
    while (const auto request = peer.Receive()) {
      const std::vector<int> fds(5, memory.fd());
      if (static_cast<Command>(request->header.command) ==
          Command::kDeviceGetInfo) {
        peer.Reply(*request, BytesOf(abi_vu::DeviceInfo{16, 0, 9, 0}), fds);
      } else {
        peer.Reply(*request, RegionReply(0, kMappable, kPage).bytes(), fds);
      }
    }
  });
  const OpenedDevice device = Open(server);
  ASSERT_TRUE(device.ok()) << device.status();
  const size_t before = OpenFds();
  EXPECT_TRUE((*device)->GetInfo().ok());
  EXPECT_EQ(OpenFds(), before);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(QueryRegion(**device, 0).ok());
  EXPECT_EQ(OpenFds(), before + 1) << "the region's own is kept";
}

TEST(HostilePeerTest, FdsThatArriveAreNotInheritedByPrograms) {
  FakeMemory memory(kPage);
  ScriptedVfioUserServer server([&](ScriptedPeer& peer) {
    ServeRegion(peer, RegionReply(0, kMappable, kPage).bytes(), memory.fd());
  });
  const OpenedDevice device = Open(server);
  ASSERT_TRUE(device.ok()) << device.status();
  ASSERT_TRUE(QueryRegion(**device, 0).ok());
  int found = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code error;
    const auto target = std::filesystem::read_symlink(entry, error);
    if (target.string().find("oriel-fake-memory") == std::string::npos)
      continue;
    ++found;
    const int fd = std::stoi(entry.path().filename());
    EXPECT_NE(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
  }
  EXPECT_EQ(found, 2) << "the server's and the one that arrived";
}

TEST(HostilePeerTest, ErrorRepliesBecomeTheirErrno) {
  const std::vector<std::pair<uint32_t, absl::StatusCode>> expected = {
      {0, absl::StatusCode::kUnknown},
      {EINVAL, absl::StatusCode::kInvalidArgument},
      {EBUSY, absl::StatusCode::kUnavailable},
      {EACCES, absl::StatusCode::kPermissionDenied},
      {0xffffffff, absl::StatusCode::kUnknown}};
  ScriptedVfioUserServer server([&](ScriptedPeer& peer) {
    peer.Handshake();
    for (const auto& [error, code] : expected)
      peer.ReplyError(*peer.Receive(), error);
    peer.Reply(*peer.Receive(), BytesOf(abi_vu::DeviceInfo{16, 0, 9, 0}));
    peer.AwaitEnd();
  });
  const OpenedDevice device = Open(server);
  ASSERT_TRUE(device.ok()) << device.status();
  for (const auto& [error, code] : expected)
    EXPECT_EQ((*device)->GetInfo().status().code(), code) << error;
  EXPECT_TRUE((*device)->GetInfo().ok()) << "an error reply ends nothing";
}

TEST(HostilePeerTest, RegionThatThePeerRefusesIsNotFound) {
  ScriptedVfioUserServer server([](ScriptedPeer& peer) {
    peer.Handshake();
    while (const auto request = peer.Receive())
      peer.ReplyError(*request, EINVAL);
  });
  const OpenedDevice device = Open(server);
  ASSERT_TRUE(device.ok()) << device.status();
  EXPECT_TRUE(absl::IsNotFound(QueryRegion(**device, 0).status()));
}

TEST(HostilePeerTest, LoopingCapabilitiesAreRefused) {
  const std::vector<uint8_t> reply =
      RegionReply(0, kMappable, kPage).AddType(1, 1).Poke32(36, 32).bytes();
  ScriptedVfioUserServer server(
      [&](ScriptedPeer& peer) { ServeRegion(peer, reply, -1); });
  const OpenedDevice device = Open(server);
  ASSERT_TRUE(device.ok()) << device.status();
  std::vector<std::string> problems;
  const auto regions = ListRegions(**device, &problems);
  ASSERT_TRUE(regions.ok()) << regions.status();
  EXPECT_THAT(*regions, ::testing::IsEmpty());
  EXPECT_THAT(problems, ::testing::ElementsAre(HasSubstr("behind it")));
}

TEST(HostilePeerTest, RegionInfoShorterThanItClaimsIsRefused) {
  ScriptedVfioUserServer server([](ScriptedPeer& peer) {
    peer.Handshake();
    while (const auto request = peer.Receive()) {
      peer.Reply(*request,
                 RegionReply(0, kMappable, kPage).Poke32(0, 48).bytes());
    }
  });
  const OpenedDevice device = Open(server);
  ASSERT_TRUE(device.ok()) << device.status();
  const auto region = QueryRegion(**device, 0);
  EXPECT_TRUE(absl::IsInvalidArgument(region.status())) << region.status();
}

TEST(HostilePeerTest, BrokenVersionsAreRefused) {
  for (const char* json : {"{", "[]", R"({"capabilities":7})"}) {
    ScriptedVfioUserServer server([json](ScriptedPeer& peer) {
      peer.Handshake(json);
      peer.AwaitEnd();
    });
    EXPECT_TRUE(absl::IsInvalidArgument(Open(server).status())) << json;
  }
}

class ConnectVfioUserTest : public ::testing::Test {
 protected:
  // Relative, since a socket's path has 107 bytes at most.
  ConnectVfioUserTest() {
    std::filesystem::current_path(::testing::TempDir());
    std::filesystem::remove("socket");
  }
};

TEST_F(ConnectVfioUserTest, MissingSocketIsUnavailableAndSaysWhatToCheck) {
  const auto device = ConnectVfioUser("socket");
  EXPECT_TRUE(absl::IsUnavailable(device.status()));
  EXPECT_THAT(MessageOf(device.status()), HasSubstr("oriel-sim"));
}

TEST_F(ConnectVfioUserTest, PathTooLongForASocketIsRefused) {
  EXPECT_TRUE(
      absl::IsInvalidArgument(ConnectVfioUser(std::string(108, 'x')).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(ConnectVfioUser("").status()));
}

TEST_F(ConnectVfioUserTest, ListenerIsGreeted) {
  const UniqueFd listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, "socket");
  // SAFETY: the sockets interface takes every address as a sockaddr.
  ASSERT_EQ(bind(listener.get(), reinterpret_cast<sockaddr*>(&address),
                 sizeof(address)),
            0);
  ASSERT_EQ(listen(listener.get(), 1), 0);
  std::thread server([&] {
    const UniqueFd connection(accept(listener.get(), nullptr, nullptr));
    ScriptedPeer peer(connection.get());
    peer.Handshake();
    peer.AwaitEnd();
  });
  {
    const auto device = ConnectVfioUser("socket");
    EXPECT_TRUE(device.ok()) << device.status();
  }
  server.join();
}

}  // namespace
}  // namespace oriel::capture
