#include "service/rpc/server.h"

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <thread>

#include "base/unique_fd.h"
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

// A client that takes whatever a server may send, and reads none of it.
class FrozenClient {
 public:
  explicit FrozenClient(const std::string& path)
      : socket_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    EXPECT_EQ(connect(socket_.get(), reinterpret_cast<sockaddr*>(&address),
                      sizeof(address)),
              0);
    // The greeting; windows of 2 GiB for each stream and for all together.
    Send(std::string("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
    Send(Frame(4, 0, 0, std::string("\0\4\x7f\xff\xff\xff", 6)));
    Send(Frame(8, 0, 0, std::string("\x7f\xff\0\0", 4)));
  }

  void Call(const std::string& path, const std::string& request) {
    // RFC 7541: POST and http by their numbers, the others as literals.
    std::string headers = "\x83\x86";
    headers += "\x01" + Text("localhost");  // the authority
    headers += std::string("\0", 1) + Text(":path") + Text(path);
    headers +=
        std::string("\0", 1) + Text("content-type") + Text("application/grpc");
    headers += std::string("\0", 1) + Text("te") + Text("trailers");
    Send(Frame(1, 4, 1, headers));
    std::string message(5, '\0');
    message[4] = static_cast<char>(request.size());
    Send(Frame(0, 1, 1, message + request));
  }

  // What fits into the socket was sent, and more is to come.
  bool IsFull() const {
    int before = 0;
    int now = 0;
    ioctl(socket_.get(), FIONREAD, &before);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    ioctl(socket_.get(), FIONREAD, &now);
    return now > kMuch && now == before;
  }
  void ReadToTheEnd() {
    char bytes[4096];
    while (recv(socket_.get(), bytes, sizeof(bytes), 0) > 0) {
    }
  }

 private:
  static constexpr int kMuch = 100'000;

  static std::string Text(const std::string& text) {
    return static_cast<char>(text.size()) + text;
  }
  static std::string Frame(char type, char flags, char stream,
                           const std::string& payload) {
    const size_t size = payload.size();
    return std::string{static_cast<char>(size >> 16),
                       static_cast<char>(size >> 8),
                       static_cast<char>(size),
                       type,
                       flags,
                       0,
                       0,
                       0,
                       stream} +
           payload;
  }
  void Send(const std::string& bytes) {
    EXPECT_EQ(send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }

  const UniqueFd socket_;
};

// Without its connections being cut, gRPC's keepalive would end it in a minute.
TEST_F(ServerTest, AClientThatStandsStillDoesNotHoldUpTheEnd) {
  FrozenClient idle(SocketPath());
  FrozenClient client(SocketPath());
  client.Call("/oriel.v1.StreamService/StreamFrames",
              RequestFor("vm").SerializeAsString());
  const auto viewer = registry_.AwaitViewer(0);
  viewer->Send(UpdateOf(1, 8 << 20));
  while (!client.IsFull()) {
  }
  viewer->Close(absl::UnavailableError("the daemon stops"));
  server_->Stop(Duration::zero());
  server_.reset();
  client.ReadToTheEnd();
  idle.ReadToTheEnd();
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
