#include "service/rpc/server.h"

#include <sys/stat.h>

#include <filesystem>

#include "gmock/gmock.h"
#include "service/rpc/server_fixture.h"

namespace oriel::rpc {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class ServerTest : public ServerFixture {
 protected:
  std::string ErrorOf(const std::vector<Address>& addresses) {
    const auto server = Server::Start(&registry_, addresses);
    return server.ok() ? "started" : std::string(server.status().message());
  }
};

TEST_F(ServerTest, TheSocketHasTheModeAskedFor) {
  struct stat status;
  ASSERT_EQ(stat(SocketPath().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600u);
  EXPECT_THAT(server_->addresses(), ElementsAre("unix:" + SocketPath()));
}

TEST_F(ServerTest, TheSocketGoesWithTheServer) {
  server_.reset();
  EXPECT_FALSE(std::filesystem::exists(SocketPath()));
  EXPECT_TRUE(std::filesystem::is_empty(directory_));
}

TEST_F(ServerTest, AnyFreePortIsToldAndServes) {
  const auto server = Server::Start(
      &registry_,
      {TcpAddress{"127.0.0.1", 0}, UnixAddress{directory_ + "/two", 0600}});
  ASSERT_TRUE(server.ok()) << server.status();
  ASSERT_EQ((*server)->addresses().size(), 2u);
  for (const std::string& address : (*server)->addresses()) {
    EXPECT_THAT(address, testing::Not(testing::EndsWith(":0")));
    const auto stub = v1::DisplayService::NewStub(
        grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
    grpc::ClientContext context;
    v1::ListDisplaysResponse response;
    EXPECT_TRUE(stub->ListDisplays(&context, {}, &response).ok()) << address;
    EXPECT_EQ(response.displays_size(), 1);
  }
}

TEST_F(ServerTest, ABusyPortIsAnError) {
  const auto server = Server::Start(&registry_, {TcpAddress{"127.0.0.1", 0}});
  ASSERT_TRUE(server.ok()) << server.status();
  const std::string address = (*server)->addresses().front();
  const int port = std::stoi(address.substr(address.rfind(':') + 1));
  EXPECT_THAT(ErrorOf({TcpAddress{"127.0.0.1", port}}),
              HasSubstr("cannot listen on " + address +
                        ": another server listens there"));
}

TEST_F(ServerTest, ABusySocketIsAnErrorAndStays) {
  EXPECT_THAT(ErrorOf({UnixAddress{SocketPath(), 0600}}),
              HasSubstr("another server listens there"));
  grpc::ClientContext context;
  v1::ListDisplaysResponse response;
  EXPECT_TRUE(displays_->ListDisplays(&context, {}, &response).ok());
}

TEST_F(ServerTest, AddressesBeyondLoopbackAreRefused) {
  for (const std::string host :
       {"0.0.0.0", "::", "192.168.1.1", "example.org", "", "127.0.0.1.nip"}) {
    EXPECT_THAT(ErrorOf({TcpAddress{host, 0}}),
                HasSubstr("no loopback address, and this version has no TLS"))
        << host;
  }
}

}  // namespace
}  // namespace oriel::rpc
