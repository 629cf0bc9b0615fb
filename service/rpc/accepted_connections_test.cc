#include "service/rpc/accepted_connections.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>

#include "base/unique_fd.h"
#include "gtest/gtest.h"

namespace oriel::rpc {
namespace {

class AcceptedConnectionsTest : public testing::Test {
 protected:
  AcceptedConnectionsTest() {
    char name[] = "/tmp/oriel-accepted-XXXXXX";
    directory_ = mkdtemp(name);
  }
  ~AcceptedConnectionsTest() override {
    std::filesystem::remove_all(directory_);
  }

  struct Connection {
    UniqueFd listener;
    UniqueFd client;
    UniqueFd accepted;
  };

  template <typename Address>
  static Connection Connect(Address address) {
    auto* const general = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof(address);
    Connection made;
    made.listener.reset(
        socket(general->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    made.client.reset(
        socket(general->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(bind(made.listener.get(), general, size), 0);
    EXPECT_EQ(listen(made.listener.get(), 1), 0);
    EXPECT_EQ(getsockname(made.listener.get(), general, &size), 0);
    EXPECT_EQ(connect(made.client.get(), general, size), 0);
    made.accepted.reset(
        accept4(made.listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    EXPECT_TRUE(made.accepted.valid());
    return made;
  }
  Connection ConnectUnix(const std::string& name) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, Path(name).c_str(),
                 sizeof(address.sun_path) - 1);
    return Connect(address);
  }
  std::string Path(const std::string& name) const {
    return directory_ + "/" + name;
  }
  static bool IsCut(const Connection& connection) {
    char byte;
    return recv(connection.client.get(), &byte, 1, MSG_DONTWAIT) == 0;
  }
  static int PortOf(const Connection& connection) {
    sockaddr_storage address = {};
    socklen_t size = sizeof(address);
    getsockname(connection.listener.get(),
                reinterpret_cast<sockaddr*>(&address), &size);
    return ntohs(reinterpret_cast<sockaddr_in*>(&address)->sin_port);
  }

  std::string directory_;
};

TEST_F(AcceptedConnectionsTest, OnlyWhatWasAcceptedThereIsCut) {
  const Connection served = ConnectUnix("served");
  const Connection other = ConnectUnix("other");
  EXPECT_EQ(CutConnections({.unix_paths = {Path("served")}}), 1u);
  EXPECT_TRUE(IsCut(served));
  EXPECT_FALSE(IsCut(other));
}

TEST_F(AcceptedConnectionsTest, AClientThatReadsNothingIsCutAsWell) {
  const Connection served = ConnectUnix("served");
  const std::string bytes(1 << 16, 'x');
  while (send(served.accepted.get(), bytes.data(), bytes.size(), MSG_DONTWAIT) >
         0) {
  }
  EXPECT_EQ(CutConnections({.unix_paths = {Path("served")}}), 1u);
  EXPECT_LT(send(served.accepted.get(), "x", 1, MSG_NOSIGNAL), 0);
  EXPECT_EQ(errno, EPIPE);
}

TEST_F(AcceptedConnectionsTest, PortsOfBothFamiliesAreKnown) {
  sockaddr_in v4 = {};
  v4.sin_family = AF_INET;
  v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const Connection served = Connect(v4);
  const Connection other = Connect(v4);
  sockaddr_in6 v6 = {};
  v6.sin6_family = AF_INET6;
  v6.sin6_addr = in6addr_any;  // as gRPC binds, for both families
  const Connection served_too = Connect(v6);
  EXPECT_EQ(CutConnections({.tcp_ports = {PortOf(served), PortOf(served_too)}}),
            2u);
  EXPECT_TRUE(IsCut(served));
  EXPECT_TRUE(IsCut(served_too));
  EXPECT_FALSE(IsCut(other));
}

TEST_F(AcceptedConnectionsTest, AListenerGoesOn) {
  const Connection served = ConnectUnix("served");
  CutConnections({.unix_paths = {Path("served")}});
  const UniqueFd next(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, Path("served").c_str(),
               sizeof(address.sun_path) - 1);
  EXPECT_EQ(connect(next.get(), reinterpret_cast<sockaddr*>(&address),
                    sizeof(address)),
            0);
}

}  // namespace
}  // namespace oriel::rpc
