#include "clients/lib/connection.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <thread>

#include "clients/lib/fake_orield.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace oriel::clients {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string Message(const absl::Status& status) {
  return std::string(status.message());
}

TEST(ConnectionTest, AMissingSocketIsNamedWithTheWayOut) {
  const auto connection = Connection::Open("unix:/tmp/oriel-no-such.sock");
  ASSERT_FALSE(connection.ok());
  EXPECT_EQ(connection.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Message(connection.status()),
            "cannot reach orield at unix:/tmp/oriel-no-such.sock: no such "
            "file; is the daemon running? (systemctl status oriel) or give "
            "--server");
}

TEST(ConnectionTest, ASocketThatNobodyServesIsToldFromAMissingOne) {
  const std::string path = "/tmp/oriel-stale-" + std::to_string(getpid());
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)),
            0);
  close(fd);
  const auto connection = Connection::Open(path);
  unlink(path.c_str());
  ASSERT_FALSE(connection.ok());
  EXPECT_THAT(Message(connection.status()),
              HasSubstr("nobody listens on the socket"));
}

TEST(ConnectionTest, ATunnelWithNobodyAtItsEndIsThoughtOf) {
  // It takes every connection and closes it.
  const std::string path = "/tmp/oriel-tunnel-" + std::to_string(getpid());
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)),
            0);
  ASSERT_EQ(listen(fd, 8), 0);
  std::thread closer([fd] {
    for (int peer = accept(fd, nullptr, nullptr); peer >= 0;
         peer = accept(fd, nullptr, nullptr)) {
      close(peer);
    }
  });
  const auto connection = Connection::Open(path);
  shutdown(fd, SHUT_RDWR);
  closer.join();
  close(fd);
  unlink(path.c_str());
  ASSERT_FALSE(connection.ok());
  EXPECT_THAT(Message(connection.status()),
              HasSubstr("does not answer as orield; if it is an ssh tunnel"));
}

TEST(ConnectionTest, AClosedTcpPortIsRefused) {
  const auto connection = Connection::Open("127.0.0.1:1");
  ASSERT_FALSE(connection.ok());
  EXPECT_THAT(Message(connection.status()),
              AllOf(HasSubstr("127.0.0.1:1"), HasSubstr("refused")));
}

TEST(ConnectionTest, ABadAddressIsNotTried) {
  const auto connection = Connection::Open("nonsense");
  EXPECT_EQ(connection.status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(ConnectionTest, ReadsAllPagesOfTheList) {
  FakeOrield server;
  for (const char* name : {"a", "b", "c", "d", "e"}) {
    server.displays.push_back(ReadyDisplay(name));
  }
  server.page_size = 2;
  const auto connection = Connection::Open(server.address());
  ASSERT_TRUE(connection.ok()) << connection.status();
  const auto displays = (*connection)->ListDisplays();
  ASSERT_TRUE(displays.ok()) << displays.status();
  ASSERT_EQ(displays->size(), 5u);
  EXPECT_EQ(displays->back().name(), "e");
}

TEST(ConnectionTest, TheOnlyDisplayNeedsNoName) {
  FakeOrield server;
  const auto connection = Connection::Open(server.address());
  ASSERT_TRUE(connection.ok());
  EXPECT_EQ((*connection)->ResolveDisplay("").status().code(),
            absl::StatusCode::kNotFound);
  server.displays.push_back(ReadyDisplay("one"));
  const auto only = (*connection)->ResolveDisplay("");
  ASSERT_TRUE(only.ok());
  EXPECT_EQ(*only, "one");
  server.displays.push_back(ReadyDisplay("two"));
  const auto several = (*connection)->ResolveDisplay("");
  EXPECT_EQ(several.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(Message(several.status()), HasSubstr("one, two"));
  const auto named = (*connection)->ResolveDisplay("two");
  ASSERT_TRUE(named.ok());
  EXPECT_EQ(*named, "two");
}

TEST(ConnectionTest, PassesTheServersReasonOn) {
  FakeOrield server;
  const auto connection = Connection::Open(server.address());
  ASSERT_TRUE(connection.ok());
  const auto display = (*connection)->GetDisplay("x");
  EXPECT_EQ(display.status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Message(display.status()), "no display is named 'x'");

  server.displays.push_back(ReadyDisplay("x"));
  server.snapshot_status =
      grpc::Status(grpc::StatusCode::UNAVAILABLE, "the device has gone");
  const auto snapshot = (*connection)->TakeSnapshot({});
  EXPECT_EQ(snapshot.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Message(snapshot.status()), "the device has gone");
}

TEST(ConnectionTest, AsksForDevicesByTheirDisplay) {
  FakeOrield server;
  server.displays.push_back(ReadyDisplay("x"));
  server.devices.emplace_back().set_name("0000:00:02.0");
  server.device.set_description("a fake");
  server.edid.set_link(v1::MONITOR_LINK_UP);
  server.op_region.set_vbt("$VBT");
  server.set_edid = [](const v1::SetEdidRequest& request,
                       v1::SetEdidResponse* response) {
    response->set_edid(request.edid());
    return grpc::Status::OK;
  };
  const auto connection = Connection::Open(server.address());
  ASSERT_TRUE(connection.ok());
  const auto devices = (*connection)->ListDevices();
  ASSERT_TRUE(devices.ok()) << devices.status();
  ASSERT_EQ(devices->devices_size(), 1);
  EXPECT_EQ(devices->devices(0).name(), "0000:00:02.0");
  EXPECT_EQ((*connection)->GetDevice("x")->description(), "a fake");
  EXPECT_EQ((*connection)->GetEdid("x")->link(), v1::MONITOR_LINK_UP);
  EXPECT_EQ((*connection)->GetOpRegion("x")->vbt(), "$VBT");
  v1::SetEdidRequest request;
  request.set_display("x");
  request.set_edid("bytes");
  EXPECT_EQ((*connection)->SetEdid(request)->edid(), "bytes");
  for (const absl::Status& status :
       {(*connection)->GetDevice("y").status(),
        (*connection)->GetEdid("y").status(),
        (*connection)->SetEdid({}).status(),
        (*connection)->GetOpRegion("y").status()}) {
    EXPECT_EQ(status.code(), absl::StatusCode::kNotFound) << status;
  }
}

TEST(ConnectionTest, AnOlderServerIsToldWithoutEmptyBrackets) {
  FakeOrield server(FakeOrield::Age::kBeforeDeviceService);
  const auto connection = Connection::Open(server.address());
  ASSERT_TRUE(connection.ok());
  const auto devices = (*connection)->ListDevices();
  EXPECT_EQ(devices.status().code(), absl::StatusCode::kUnimplemented);
  EXPECT_EQ(Message(devices.status()),
            "orield at " + server.address() +
                " cannot do this; is it an older version?");
}

TEST(ConnectionTest, AServerThatStoppedIsNamed) {
  FakeOrield server;
  const auto connection = Connection::Open(server.address());
  ASSERT_TRUE(connection.ok());
  server.Stop();
  const auto displays = (*connection)->ListDisplays();
  EXPECT_EQ(displays.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(Message(displays.status()), HasSubstr(server.address()));
}

}  // namespace
}  // namespace oriel::clients
