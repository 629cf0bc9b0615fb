#include "capture/device/vfio_user_device.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
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
// Long enough for a loaded machine.
constexpr auto kPatience = std::chrono::seconds(60);
constexpr uint32_t kMappable =
    VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_MMAP;

using OpenedDevice = absl::StatusOr<std::unique_ptr<VfioUserDevice>>;

OpenedDevice Open(ScriptedVfioUserServer& server) {
  return VfioUserDevice::Open(
      vfio_user::Socket(server.TakeClientEnd(), "the peer"), kPatience);
}

std::string MessageOf(const absl::Status& status) {
  return std::string(status.message());
}

TEST(VfioUserDeviceTest, RegionsAreListedAndMappedFromTheirFd) {
  FakeMemory memory(4 * kPage);
  memory.bytes()[2 * kPage + 3] = 77;
  const std::vector<uint8_t> reply = RegionReply(5, kMappable, 2 * kPage, kPage)
                                         .AddSparse({{kPage, kPage}})
                                         .bytes();
  ScriptedVfioUserServer server(
      [&](ScriptedPeer& peer) { peer.ServeRegion(reply, memory.fd()); });
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
      [&](ScriptedPeer& peer) { peer.ServeRegion(reply, memory.fd()); });
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
      [&](ScriptedPeer& peer) { peer.ServeRegion(reply, -1); });
  const OpenedDevice device = Open(server);
  ASSERT_TRUE(device.ok()) << device.status();
  const auto region = QueryRegion(**device, 0);
  ASSERT_TRUE(region.ok()) << region.status();
  const auto mapped = ForeignMemory::Map(**device, *region, 0, kPage);
  EXPECT_TRUE(absl::IsFailedPrecondition(mapped.status()));
  EXPECT_THAT(MessageOf(mapped.status()), HasSubstr("sent no fd"));
}

TEST(VfioUserDeviceTest, MemoryCutOffAfterMappingIsNoticed) {
  FakeMemory memory(kPage);
  const std::vector<uint8_t> reply = RegionReply(0, kMappable, kPage).bytes();
  ScriptedVfioUserServer server(
      [&](ScriptedPeer& peer) { peer.ServeRegion(reply, memory.fd()); });
  const OpenedDevice device = Open(server);
  ASSERT_TRUE(device.ok()) << device.status();
  const auto region = QueryRegion(**device, 0);
  ASSERT_TRUE(region.ok()) << region.status();
  const auto mapped = ForeignMemory::Map(**device, *region, 0, kPage);
  ASSERT_TRUE(mapped.ok()) << mapped.status();
  memory.Truncate(0);
  std::vector<uint8_t> copy;
  EXPECT_TRUE(absl::IsAborted(
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

// The peer says nothing, for longer than anybody wants to wait for it.
TEST(VfioUserDeviceTest, AnInterruptEndsWaitingForASilentPeer) {
  ScriptedVfioUserServer server([](ScriptedPeer& peer) {
    peer.Handshake();
    peer.AwaitEnd();
  });
  const auto interrupt =
      std::make_shared<const UniqueFd>(eventfd(0, EFD_CLOEXEC));
  const OpenedDevice device = VfioUserDevice::Open(
      vfio_user::Socket(server.TakeClientEnd(), "the peer", interrupt),
      std::chrono::hours(24));
  ASSERT_TRUE(device.ok()) << device.status();
  std::thread stopper([&] { eventfd_write(interrupt->get(), 1); });
  const auto info = (*device)->GetInfo();
  EXPECT_TRUE(absl::IsUnavailable(info.status())) << info.status();
  EXPECT_THAT(MessageOf(info.status()), HasSubstr("asked nothing any more"));
  stopper.join();
}

TEST(VfioUserDeviceTest, AnInterruptEndsAnOpening) {
  ScriptedVfioUserServer server([](ScriptedPeer& peer) { peer.AwaitEnd(); });
  const auto interrupt =
      std::make_shared<const UniqueFd>(eventfd(1, EFD_CLOEXEC));
  const OpenedDevice device = VfioUserDevice::Open(
      vfio_user::Socket(server.TakeClientEnd(), "the peer", interrupt),
      std::chrono::hours(24));
  EXPECT_TRUE(absl::IsUnavailable(device.status())) << device.status();
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
