#include "capture/discovery/uevent_source.h"

#include <gtest/gtest.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "base/unique_fd.h"

namespace oriel::capture {
namespace {

using namespace std::string_literals;  // NOLINT: texts with zeros in them

// From this process to the socket `to`, as only a privileged one may. False:
// this one may not.
bool Send(int to, const std::string& text) {
  sockaddr_nl address{};
  socklen_t size = sizeof(address);
  EXPECT_EQ(getsockname(to, reinterpret_cast<sockaddr*>(&address), &size), 0);
  address.nl_groups = 0;
  const UniqueFd fd(
      socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT));
  return sendto(fd.get(), text.data(), text.size(), 0,
                reinterpret_cast<const sockaddr*>(&address),
                sizeof(address)) == static_cast<ssize_t>(text.size());
}

TEST(ListenToKernelTest, HearsNoProcess) {
  const auto source = ListenToKernel();
  if (!source.ok()) GTEST_SKIP() << source.status();
  while (true) {
    const auto earlier = (*source)->Receive();
    ASSERT_TRUE(earlier.ok()) << earlier.status();
    if (!earlier->has_value()) break;
  }
  if (!Send((*source)->fd(),
            "add@/oriel-test\0ACTION=add\0DEVPATH=/oriel-test\0"s)) {
    GTEST_SKIP() << "sending needs CAP_NET_ADMIN: " << strerror(errno);
  }
  pollfd event = {.fd = (*source)->fd(), .events = POLLIN, .revents = 0};
  ASSERT_EQ(poll(&event, 1, 20'000), 1) << "it was sent";
  // The real kernel may say something meanwhile.
  while (true) {
    const auto received = (*source)->Receive();
    ASSERT_TRUE(received.ok()) << received.status();
    if (!received->has_value()) break;
    EXPECT_NE((*received)->path, "/oriel-test");
  }
}

}  // namespace
}  // namespace oriel::capture
