#include "capture/sim/server.h"

#include <gtest/gtest.h>
#include <libdrm/drm_fourcc.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>
#include <thread>

#include "capture/edid/edid.h"
#include "capture/igd/op_region.h"
#include "capture/sim/mapped_plane.h"
#include "capture/sim/pattern.h"
#include "capture/sim/picture_scenes.h"
#include "capture/sim/scene_framebuffer.h"
#include "capture/sim/test_client.h"

namespace oriel::capture::sim {
namespace {

using abi::vfio_user::Command;
using abi::vfio_user::Header;
using abi::vfio_user::RegionAccess;

constexpr uint32_t kProbe = VFIO_GFX_PLANE_TYPE_PROBE;
constexpr uint32_t kInRegion = VFIO_GFX_PLANE_TYPE_REGION;
constexpr uint32_t kInDmabuf = VFIO_GFX_PLANE_TYPE_DMABUF;
constexpr Size kMode = {200, 100};

// In a folder of its own with a short name: Bazel's sandbox has longer ones
// than a socket's path may be.
std::string SocketPath(const char* name) {
  char folder[] = "/tmp/oriel-sim-XXXXXX";
  EXPECT_NE(mkdtemp(folder), nullptr);
  return std::string(folder) + "/" + name;
}

UniqueFd ConnectTo(const std::string& path) {
  sockaddr_un address = {.sun_family = AF_UNIX};
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address),
              sizeof(address)) != 0) {
    return UniqueFd();
  }
  return fd;
}

// A server with the pattern, on a thread of its own behind a real socket.
class ServerTest : public testing::Test {
 protected:
  void Start(bool hide_plane_query = false) {
    auto framebuffer = MakeSceneFramebuffer(
        MakePatternScene(kMode), *FindPixelWriter(DRM_FORMAT_XRGB8888));
    ASSERT_TRUE(framebuffer.ok()) << framebuffer.status();
    device_.emplace(*std::move(framebuffer),
                    VirtualDeviceOptions{.hide_plane_query = hide_plane_query});
    auto listener = Listener::Open(path_);
    ASSERT_TRUE(listener.ok()) << listener.status();
    listener_.emplace(*std::move(listener));
    stop_.reset(eventfd(0, EFD_CLOEXEC));
    thread_ = std::thread([this] {
      Server server(*device_, &*listener_);
      const absl::Status status = server.Run(stop_.get());
      EXPECT_TRUE(status.ok()) << status;
    });
  }

  void TearDown() override {
    const uint64_t one = 1;
    ASSERT_EQ(write(stop_.get(), &one, sizeof(one)), ssize_t{sizeof(one)});
    thread_.join();
    listener_.reset();
    std::filesystem::remove_all(std::filesystem::path(path_).parent_path());
  }

  TestClient Connect() { return TestClient(ConnectTo(path_)); }
  TestClient ConnectNegotiated() {
    TestClient client = Connect();
    EXPECT_TRUE(client.Negotiate().arrived);
    return client;
  }

  const std::string path_ = SocketPath("server_test.sock");
  std::optional<VirtualDevice> device_;
  std::optional<Listener> listener_;
  UniqueFd stop_;
  std::thread thread_;
};

std::string JsonOf(const TestClient::Answer& answer) {
  return std::string(answer.payload.begin() + 4, answer.payload.end() - 1);
}

TEST_F(ServerTest, VersionNamesThePlaneQueryOnlyToThoseWhoAsk) {
  Start();
  TestClient asks = Connect();
  EXPECT_NE(JsonOf(asks.Negotiate()).find("oriel_query_gfx_plane"),
            std::string::npos);
  EXPECT_EQ(asks.QueryPlane(kInRegion).error(), 0u);
  TestClient plain = Connect();
  EXPECT_EQ(JsonOf(plain.Negotiate("")).find("oriel_query_gfx_plane"),
            std::string::npos);
  EXPECT_EQ(plain.QueryPlane(kInRegion).error(), uint32_t{EOPNOTSUPP});
}

TEST_F(ServerTest, AHiddenPlaneQueryIsNotThere) {
  Start(/*hide_plane_query=*/true);
  TestClient client = Connect();
  EXPECT_EQ(JsonOf(client.Negotiate()).find("oriel_query_gfx_plane"),
            std::string::npos);
  EXPECT_EQ(client.QueryPlane(kProbe | kInRegion).error(),
            uint32_t{EOPNOTSUPP});
}

TEST_F(ServerTest, DeviceInfoCountsTheRegionsBeyondPcis) {
  Start();
  TestClient client = ConnectNegotiated();
  const auto answer = client.Call(Command::kDeviceGetInfo,
                                  abi::vfio_user::DeviceInfo{.argsz = 16});
  const auto info = answer.As<abi::vfio_user::DeviceInfo>();
  EXPECT_EQ(info.num_regions, 12u);
  EXPECT_EQ(info.flags & VFIO_DEVICE_FLAGS_PCI,
            uint32_t{VFIO_DEVICE_FLAGS_PCI});
}

TEST_F(ServerTest, AShortArgszIsToldWhatIsNeededAndGetsNoFd) {
  Start();
  TestClient client = ConnectNegotiated();
  for (uint32_t argsz : {32u, 40u, 47u}) {
    const auto answer = client.GetRegionInfo(kFramebufferRegion, argsz);
    const auto info = answer.As<vfio_region_info>();
    EXPECT_EQ(info.argsz, 48u);
    EXPECT_EQ(info.cap_offset, 0u);
    EXPECT_TRUE(info.flags & VFIO_REGION_INFO_FLAG_CAPS);
    EXPECT_EQ(answer.payload.size(), 32u);
    EXPECT_FALSE(answer.fd.valid());
  }
  EXPECT_EQ(client.GetRegionInfo(kFramebufferRegion, 31).error(),
            uint32_t{EINVAL});
}

TEST_F(ServerTest, RegionsCarryTheirTypes) {
  Start();
  TestClient client = ConnectNegotiated();
  const struct {
    uint32_t index, type, subtype, flags;
  } kRegions[] = {
      {kFramebufferRegion, 0x80001d1d, 1,
       VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_MMAP |
           VFIO_REGION_INFO_FLAG_CAPS},
      {kEdidRegion, VFIO_REGION_TYPE_GFX, VFIO_REGION_SUBTYPE_GFX_EDID,
       VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE |
           VFIO_REGION_INFO_FLAG_CAPS},
      {kOpRegionRegion, 0x80008086, 1,
       VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_CAPS}};
  for (const auto& region : kRegions) {
    const auto answer = client.GetRegionInfo(region.index, 48);
    const auto info = answer.As<vfio_region_info>();
    const auto type = answer.As<vfio_region_info_cap_type>(info.cap_offset);
    EXPECT_EQ(info.flags, region.flags) << region.index;
    EXPECT_EQ(type.header.id, VFIO_REGION_INFO_CAP_TYPE);
    EXPECT_EQ(type.header.next, 0u);
    EXPECT_EQ(type.type, region.type);
    EXPECT_EQ(type.subtype, region.subtype);
    EXPECT_EQ(answer.fd.valid(), region.index == kFramebufferRegion);
  }
}

TEST_F(ServerTest, BarsAreEmptyAndRegionsBeyondTheLastAreRefused) {
  Start();
  TestClient client = ConnectNegotiated();
  for (uint32_t index : {0u, 5u, 6u, 8u}) {
    const auto info = client.GetRegionInfo(index, 32).As<vfio_region_info>();
    EXPECT_EQ(info.size, 0u);
    EXPECT_EQ(info.flags, 0u);
    EXPECT_EQ(client.Read(index, 0, 1).error(), uint32_t{EINVAL});
  }
  EXPECT_EQ(client.GetRegionInfo(12, 32).error(), uint32_t{EINVAL});
  EXPECT_EQ(client.GetRegionInfo(0xFFFFFFFF, 32).error(), uint32_t{EINVAL});
}

TEST_F(ServerTest, ConfigSpaceIsADisplays) {
  Start();
  TestClient client = ConnectNegotiated();
  const auto answer = client.Read(VFIO_PCI_CONFIG_REGION_INDEX, 0, 256);
  ASSERT_EQ(answer.payload.size(), sizeof(RegionAccess) + 256);
  EXPECT_EQ(answer.As<uint16_t>(sizeof(RegionAccess)), kPciVendor);
  EXPECT_EQ(answer.payload[sizeof(RegionAccess) + 0x0B], 0x03);
}

void ExpectPattern(const MappedPlane& mapped,
                   const vfio_device_gfx_plane_info& plane) {
  for (uint32_t y = 0; y < plane.height; ++y) {
    for (uint32_t x = 0; x < plane.width; ++x) {
      ASSERT_EQ(mapped.Pixel(plane, x, y), PatternPixel(x, y) & 0xFFFFFF)
          << x << "," << y;
    }
  }
}

TEST_F(ServerTest, TheMappedPlaneShowsThePatternAndCannotBeHarmed) {
  Start();
  TestClient client = ConnectNegotiated();
  const MappedPlane mapped(client);
  ASSERT_TRUE(mapped.ok());
  EXPECT_FALSE(mapped.writable());
  EXPECT_FALSE(mapped.can_shrink());
  const auto plane =
      client.QueryPlane(kInRegion).As<vfio_device_gfx_plane_info>();
  EXPECT_EQ(plane.drm_format, uint32_t{DRM_FORMAT_XRGB8888});
  EXPECT_EQ(plane.width, 200u);
  EXPECT_EQ(plane.height, 100u);
  EXPECT_EQ(plane.region_index, kFramebufferRegion);
  EXPECT_GE(plane.stride, 800u);
  ExpectPattern(mapped, plane);
}

TEST_F(ServerTest, ReadingTheRegionGivesTheMappedBytes) {
  Start();
  TestClient client = ConnectNegotiated();
  const MappedPlane mapped(client);
  const auto plane =
      client.QueryPlane(kInRegion).As<vfio_device_gfx_plane_info>();
  const auto answer = client.Read(kFramebufferRegion, plane.stride + 40, 4);
  EXPECT_EQ(answer.As<uint32_t>(sizeof(RegionAccess)),
            mapped.Pixel(plane, 10, 1));
  const uint32_t megabyte = 1024 * 1024;
  EXPECT_EQ(client.Read(kFramebufferRegion, 0, megabyte).payload.size(),
            sizeof(RegionAccess) + megabyte);
  EXPECT_EQ(client.Read(kFramebufferRegion, 0, megabyte + 1).error(),
            uint32_t{EINVAL});
  EXPECT_EQ(client.Read(kFramebufferRegion, mapped.size() - 3, 4).error(),
            uint32_t{EINVAL});
  EXPECT_EQ(client.Read(kFramebufferRegion, UINT64_MAX, 2).error(),
            uint32_t{EINVAL});
  EXPECT_EQ(client.Read(kFramebufferRegion, 0, 0).error(), 0u);
}

TEST_F(ServerTest, APlaneIsProbedAsTheKernelSays) {
  Start();
  TestClient client = ConnectNegotiated();
  EXPECT_EQ(client.QueryPlane(kProbe | kInRegion).error(), 0u);
  for (uint32_t flags :
       {0u, kProbe, kProbe | kInDmabuf, kInDmabuf, kInRegion | kInDmabuf,
        kProbe | kInRegion | kInDmabuf, 8u | kInRegion}) {
    EXPECT_EQ(client.QueryPlane(flags).error(), uint32_t{EINVAL}) << flags;
  }
}

TEST_F(ServerTest, CursorAndOverlayAreOff) {
  Start();
  TestClient client = ConnectNegotiated();
  for (uint32_t type : {0u, 2u}) {
    const auto answer = client.QueryPlane(kInRegion, type);
    EXPECT_EQ(answer.error(), 0u);
    const auto plane = answer.As<vfio_device_gfx_plane_info>();
    EXPECT_EQ(plane.drm_format, 0u);
    EXPECT_EQ(plane.size, 0u);
    EXPECT_EQ(plane.width, 0u);
  }
}

TEST_F(ServerTest, AnEdidChangesTheModeForEveryClientAndTheOldMapping) {
  Start();
  TestClient client = ConnectNegotiated();
  TestClient other = ConnectNegotiated();
  const MappedPlane mapped(other);
  const auto blob = edid::BuildEdid({.preferred = {640, 480}});
  ASSERT_TRUE(blob.ok());
  const auto registers = client.Read(kEdidRegion, 0, 24)
                             .As<vfio_region_gfx_edid>(sizeof(RegionAccess));
  EXPECT_EQ(registers.max_xres, 3840u);
  EXPECT_EQ(client.WriteWord(kEdidRegion, 20, 2).error(), 0u);
  EXPECT_EQ(
      other.QueryPlane(kInRegion).As<vfio_device_gfx_plane_info>().drm_format,
      0u);
  EXPECT_EQ(client.WriteWord(kEdidRegion, 8, 128).error(), 0u);
  EXPECT_EQ(client.Write(kEdidRegion, registers.edid_offset, *blob).error(),
            0u);
  EXPECT_EQ(client.WriteWord(kEdidRegion, 20, 1).error(), 0u);
  const auto plane =
      other.QueryPlane(kInRegion).As<vfio_device_gfx_plane_info>();
  EXPECT_EQ(plane.width, 640u);
  EXPECT_EQ(plane.height, 480u);
  ExpectPattern(mapped, plane);
  const auto back = other.Read(kEdidRegion, registers.edid_offset, 128);
  EXPECT_TRUE(std::equal(blob->begin(), blob->end(),
                         back.payload.begin() + sizeof(RegionAccess)));
  EXPECT_EQ(
      client.Call(Command::kDeviceReset, std::span<const uint8_t>()).error(),
      0u);
  EXPECT_EQ(other.QueryPlane(kInRegion).As<vfio_device_gfx_plane_info>().width,
            200u);
}

TEST_F(ServerTest, TheOpRegionHoldsAVbt) {
  Start();
  TestClient client = ConnectNegotiated();
  const auto answer = client.Read(kOpRegionRegion, 0, igd::kOpRegionBytes);
  const auto bytes = std::span(answer.payload).subspan(sizeof(RegionAccess));
  const auto vbt = igd::LocateVbt(bytes);
  ASSERT_TRUE(vbt.ok()) << vbt.status();
  EXPECT_EQ(igd::ParseVbt(*vbt)->children.size(), 3u);
  EXPECT_EQ(client.WriteWord(kOpRegionRegion, 0, 1).error(), uint32_t{EINVAL});
}

TEST_F(ServerTest, AClientThatTakesNoFdsGetsNoneAndNoMmapFlag) {
  Start();
  TestClient client = Connect();
  client.Negotiate(R"({"capabilities":{"max_msg_fds":0}})");
  const auto answer = client.GetRegionInfo(kFramebufferRegion, 48);
  EXPECT_FALSE(answer.fd.valid());
  EXPECT_FALSE(answer.As<vfio_region_info>().flags &
               VFIO_REGION_INFO_FLAG_MMAP);
}

TEST_F(ServerTest, InterruptsAreThereButHaveNoVectors) {
  Start();
  TestClient client = ConnectNegotiated();
  const auto answer = client.Call(Command::kDeviceGetIrqInfo,
                                  vfio_irq_info{.argsz = 16, .index = 4});
  EXPECT_EQ(answer.error(), 0u);
  EXPECT_EQ(answer.As<vfio_irq_info>().count, 0u);
  EXPECT_EQ(client
                .Call(Command::kDeviceGetIrqInfo,
                      vfio_irq_info{.argsz = 16, .index = 5})
                .error(),
            uint32_t{EINVAL});
}

TEST_F(ServerTest, UnknownCommandsAndWrongPayloadsAreErrorsOnly) {
  Start();
  TestClient client = ConnectNegotiated();
  EXPECT_EQ(client.Call(static_cast<Command>(999), uint32_t{0}).error(),
            uint32_t{EOPNOTSUPP});
  EXPECT_EQ(client.Call(Command::kDmaMap, uint64_t{0}).error(),
            uint32_t{EOPNOTSUPP});
  for (Command command :
       {Command::kDeviceGetInfo, Command::kDeviceGetRegionInfo,
        Command::kDeviceGetIrqInfo, Command::kRegionRead, Command::kRegionWrite,
        Command::kDeviceReset, Command::kOrielQueryGfxPlane}) {
    EXPECT_EQ(client.Call(command, uint8_t{1}).error(), uint32_t{EINVAL})
        << static_cast<int>(command);
  }
  // A count that is not what follows.
  EXPECT_EQ(
      client
          .Call(Command::kRegionWrite, RegionAccess{0, kEdidRegion, 0xFFFFFFFF})
          .error(),
      uint32_t{EINVAL});
  EXPECT_TRUE(client.QueryPlane(kInRegion).arrived);
}

TEST_F(ServerTest, NoReplyIsWantedThenNoneIsSent) {
  Start();
  TestClient client = ConnectNegotiated();
  auto silent = TestClient::Message(Command::kDeviceReset, {});
  Header header;
  std::memcpy(&header, silent.data(), sizeof(header));
  header.flags = abi::vfio_user::kFlagNoReply;
  std::memcpy(silent.data(), &header, sizeof(header));
  ASSERT_TRUE(client.SendRaw(silent));
  // The next answer is the next question's: Call compares the ids.
  EXPECT_TRUE(client.QueryPlane(kInRegion).arrived);
}

TEST_F(ServerTest, MessagesMayComeInPiecesOrTogether) {
  Start();
  TestClient client = ConnectNegotiated();
  const RegionAccess access = {0, VFIO_PCI_CONFIG_REGION_INDEX, 4};
  const auto message = TestClient::Message(
      Command::kRegionRead,
      std::span(reinterpret_cast<const uint8_t*>(&access), sizeof(access)));
  for (uint8_t byte : message) {
    ASSERT_TRUE(client.SendRaw(std::span(&byte, 1)));
  }
  EXPECT_TRUE(client.Receive().arrived);
  std::vector<uint8_t> many;
  for (int i = 0; i < 500; ++i) {
    many.insert(many.end(), message.begin(), message.end());
  }
  ASSERT_TRUE(client.SendRaw(many));
  for (int i = 0; i < 500; ++i) {
    const auto answer = client.Receive();
    ASSERT_TRUE(answer.arrived) << i;
    EXPECT_EQ(answer.As<uint16_t>(sizeof(RegionAccess)), kPciVendor);
  }
}

TEST_F(ServerTest, HostileClientsAreDroppedAndTheOthersServed) {
  Start();
  TestClient good = ConnectNegotiated();
  const auto header = [](Header value) {
    std::vector<uint8_t> bytes(sizeof(value));
    std::memcpy(bytes.data(), &value, sizeof(value));
    return bytes;
  };
  const std::vector<std::vector<uint8_t>> kBeforeVersion = {
      TestClient::Message(Command::kDeviceGetInfo, {}),
      TestClient::Message(Command::kVersion, {}),
      header({.command = 1, .message_size = 15}),
      header({.command = 1, .message_size = 0xFFFFFFFF}),
      header({.command = 1, .message_size = 20, .flags = 1}),
      header({.command = 1, .message_size = 20, .flags = 0x40}),
      std::vector<uint8_t>(4096, 0xFF)};
  for (const auto& bytes : kBeforeVersion) {
    TestClient bad = Connect();
    bad.SendRaw(bytes);
    EXPECT_TRUE(bad.IsDropped());
    EXPECT_TRUE(good.QueryPlane(kInRegion).arrived);
  }
}

TEST_F(ServerTest, AVersionThatMakesNoSenseDropsTheClient) {
  Start();
  for (const char* json : {"{", "[]", "7", R"({"capabilities":3})",
                           R"({"capabilities":{"max_msg_fds":"many"}})",
                           R"({"capabilities":{"max_msg_fds":-1}})"}) {
    TestClient bad = Connect();
    EXPECT_FALSE(bad.Negotiate(json).arrived) << json;
  }
  TestClient wordy = Connect();
  EXPECT_FALSE(wordy.Negotiate(std::string(5000, ' ')).arrived);
  TestClient twice = ConnectNegotiated();
  EXPECT_FALSE(twice.Negotiate().arrived);
  TestClient newer = Connect();
  const uint16_t version[] = {1, 0};
  EXPECT_FALSE(newer
                   .Call(Command::kVersion,
                         std::span(reinterpret_cast<const uint8_t*>(version),
                                   sizeof(version)))
                   .arrived);
}

TEST_F(ServerTest, AClientThatSendsFdsIsDropped) {
  Start();
  TestClient bad = ConnectNegotiated();
  ASSERT_TRUE(bad.SendFd(stop_.get()));
  EXPECT_TRUE(bad.IsDropped());
}

TEST_F(ServerTest, AClientThatNeverReadsHoldsNobodyUp) {
  Start();
  TestClient lazy = ConnectNegotiated();
  const RegionAccess access = {0, kFramebufferRegion, 1024 * 1024};
  for (int i = 0; i < 8; ++i) {
    ASSERT_TRUE(lazy.SendRaw(TestClient::Message(
        Command::kRegionRead,
        std::span(reinterpret_cast<const uint8_t*>(&access), sizeof(access)))));
  }
  TestClient good = ConnectNegotiated();
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(good.QueryPlane(kInRegion).arrived);
  }
  // And in the end it gets all it asked for.
  for (int i = 0; i < 8; ++i) {
    EXPECT_EQ(lazy.Receive().payload.size(),
              sizeof(RegionAccess) + access.count);
  }
}

TEST_F(ServerTest, ClientsBeyondTheLimitAreTurnedAway) {
  Start();
  std::vector<TestClient> clients;
  for (size_t i = 0; i < Server::kMaxClients; ++i) {
    clients.push_back(ConnectNegotiated());
  }
  TestClient one_more = Connect();
  EXPECT_TRUE(one_more.IsDropped());
  EXPECT_TRUE(clients.back().QueryPlane(kInRegion).arrived);
}

}  // namespace
}  // namespace oriel::capture::sim
