#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/memfd.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/unique_fd.h"
#include "capture/device/fake_device.h"
#include "capture/device/scripted_vfio_user_server.h"
#include "capture/device/vfio_user_device.h"
#include "capture/region/region_info.h"

// vfio-user servers that break the protocol.
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

// Cutting them off would be a SIGBUS that no guard survives.
TEST(HostilePeerTest, HugePagesAreNotMapped) {
  constexpr size_t kHugePage = 2 * 1024 * 1024;
  const UniqueFd memory(
      memfd_create("oriel-huge", MFD_CLOEXEC | MFD_HUGETLB | MFD_HUGE_2MB));
  if (!memory.valid()) GTEST_SKIP() << "this kernel has no huge pages";
  ASSERT_EQ(ftruncate(memory.get(), kHugePage), 0);
  ScriptedVfioUserServer server([&](ScriptedPeer& peer) {
    peer.ServeRegion(RegionReply(0, kMappable, kHugePage).bytes(),
                     memory.get());
  });
  const OpenedDevice device = Open(server);
  ASSERT_TRUE(device.ok()) << device.status();
  const auto region = QueryRegion(**device, 0);
  ASSERT_TRUE(region.ok()) << region.status();
  const auto mapping = (*device)->Map(region->address, 0, kPage);
  EXPECT_TRUE(absl::IsFailedPrecondition(mapping.status()));
  EXPECT_THAT(MessageOf(mapping.status()), HasSubstr("huge pages"));
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
    peer.ServeRegion(RegionReply(0, kMappable, kPage).bytes(), memory.fd());
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
      [&](ScriptedPeer& peer) { peer.ServeRegion(reply, -1); });
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

}  // namespace
}  // namespace oriel::capture
