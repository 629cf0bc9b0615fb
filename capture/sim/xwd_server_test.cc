// What clients of oriel-sim are shown when the screen file's X server ends.
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>

#include "absl/strings/str_format.h"
#include "capture/sim/listener.h"
#include "capture/sim/server.h"
#include "capture/sim/test_client.h"
#include "capture/sim/virtual_device.h"
#include "capture/sim/xwd_framebuffer.h"
#include "capture/sim/xwd_test_file.h"
#include "gtest/gtest.h"

namespace oriel::capture::sim {
namespace {

UniqueFd ConnectTo(const std::string& path) {
  sockaddr_un address = {.sun_family = AF_UNIX};
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(connect(fd.get(), reinterpret_cast<const sockaddr*>(&address),
                    sizeof(address)),
            0);
  return fd;
}

// A server of a screen file behind a listening socket.
class XwdServerTest : public testing::Test {
 protected:
  void SetUp() override {
    auto framebuffer = OpenXwdFramebuffer(path_);
    ASSERT_TRUE(framebuffer.ok()) << framebuffer.status();
    device_.emplace(*std::move(framebuffer), VirtualDeviceOptions{});
    auto listener = Listener::Open(socket_path_);
    ASSERT_TRUE(listener.ok()) << listener.status();
    listener_.emplace(*std::move(listener));
    thread_ = std::thread([this] {
      Server server(*device_, &*listener_);
      status_ = server.Run(stop_.get());
    });
  }

  void TearDown() override {
    const uint64_t one = 1;
    ASSERT_EQ(write(stop_.get(), &one, sizeof(one)), ssize_t{sizeof(one)});
    if (thread_.joinable()) thread_.join();
    std::filesystem::remove(path_);
    std::filesystem::remove(socket_path_);
  }

  TestClient Connect() { return TestClient(ConnectTo(socket_path_)); }

  const std::string path_ = WriteScreenFile(
      testing::UnitTest::GetInstance()->current_test_info()->name(), 100, 50);
  // Bazel's folder has a longer name than a socket's path may be.
  const std::string socket_path_ =
      absl::StrFormat("/tmp/oriel-xwd-%d.sock", getpid());
  std::optional<VirtualDevice> device_;
  std::optional<Listener> listener_;
  UniqueFd stop_{eventfd(0, EFD_CLOEXEC)};
  absl::Status status_;  // once the thread has ended
  std::thread thread_;
};

TEST_F(XwdServerTest, ThereIsNoDeviceWhileItsFileIsGone) {
  TestClient client = Connect();
  ASSERT_TRUE(client.Negotiate().arrived);
  const std::string aside = path_ + ".aside";
  ASSERT_EQ(std::rename(path_.c_str(), aside.c_str()), 0);
  EXPECT_TRUE(client.IsDropped());
  EXPECT_TRUE(Connect().IsDropped());
  ASSERT_EQ(std::rename(aside.c_str(), path_.c_str()), 0);
  EXPECT_TRUE(Connect().Negotiate().arrived);
}

TEST_F(XwdServerTest, ClientsAreLetGoWhenAnotherScreenStandsThere) {
  TestClient client = Connect();
  ASSERT_TRUE(client.Negotiate().arrived);
  const std::string next = WriteScreenFile("next", 120, 60);
  ASSERT_EQ(std::rename(next.c_str(), path_.c_str()), 0);
  EXPECT_TRUE(client.IsDropped());
  thread_.join();
  EXPECT_EQ(status_.code(), absl::StatusCode::kAborted);
  EXPECT_NE(std::string(status_.message()).find(path_), std::string::npos);
}

}  // namespace
}  // namespace oriel::capture::sim
