#include "capture/borrow/process.h"

#include <string>

#include "absl/status/status.h"
#include "capture/borrow/scripted_host.h"
#include "gtest/gtest.h"

namespace oriel::capture {
namespace {

std::string StatOf(const std::string& name, uint64_t flags) {
  return "7 (" + name + ") S 1 1 1 0 -1 " + std::to_string(flags) +
         " 1 2 3 4 5 6 7 8 20 0 1 0 4242 1000 10\n";
}

TEST(ProcessStat, IsReadBehindTheLastParenthesis) {
  for (const std::string name :
       {"qemu-system-x86", "a b", ") S 1 (", "(((", "x) R 0 0\n0 (y", ""}) {
    const auto stat = ParseProcessStat(StatOf(name, 4194304));
    ASSERT_TRUE(stat.ok()) << name << stat.status();
    EXPECT_EQ(stat->command, name);
    EXPECT_EQ(stat->start_time_ticks, 4242u);
    EXPECT_FALSE(stat->kernel_thread);
    EXPECT_FALSE(stat->exiting);
  }
}

TEST(ProcessStat, TellsKernelThreadsAndExitingOnesByTheirFlags) {
  EXPECT_TRUE(ParseProcessStat(StatOf("x", 0x00208040))->kernel_thread);
  EXPECT_TRUE(ParseProcessStat(StatOf("x", 0x00400004))->exiting);
}

TEST(ProcessStat, IsRefusedWhenPartsAreMissing) {
  const std::string whole = StatOf("x", 0);
  for (const std::string& text :
       {std::string(), std::string("7"), std::string("7 )x("),
        whole.substr(0, 20), std::string("7 (x) S 1 1 1 0 -1 y"),
        whole.substr(0, whole.find("4242"))}) {
    EXPECT_EQ(ParseProcessStat(text).status().code(),
              absl::StatusCode::kInvalidArgument)
        << text;
  }
}

TEST(VfioFds, AreFoundByTheirLinks) {
  ScriptedHost host;
  host.AddProcess(7, "qemu");
  host.OpenFile(7, 0, {.link = "/dev/null"});
  host.OpenFile(7, 3, {.link = "/dev/vfio/vfio"});
  host.OpenFile(7, 4, {.link = "/dev/vfio/12"});
  host.OpenFile(7, 5, {});
  host.OpenFile(7, 6, {.link = "/dev/vfio/devices/vfio0"});
  host.OpenFile(7, 7, {.link = "anon_inode:[eventfd]"});
  host.OpenFile(7, 8, {.link = "/tmp/anon_inode:[vfio-device]"});
  const auto fds = ListVfioFds(host, 7);
  ASSERT_TRUE(fds.ok()) << fds.status();
  EXPECT_EQ(fds->devices,
            (std::vector<VfioFd>{{5, "anon_inode:[vfio-device]"},
                                 {6, "/dev/vfio/devices/vfio0"}}));
  EXPECT_EQ(fds->others,
            (std::vector<VfioFd>{{3, "/dev/vfio/vfio"}, {4, "/dev/vfio/12"}}));
}

TEST(VfioFds, ADeniedLinkIsAnError) {
  ScriptedHost host;
  host.AddProcess(7, "qemu");
  host.OpenFile(7, 5, {});
  host.denied = {7};
  EXPECT_TRUE(absl::IsPermissionDenied(ListVfioFds(host, 7).status()));
  EXPECT_TRUE(absl::IsNotFound(ListVfioFds(host, 8).status()));
}

}  // namespace
}  // namespace oriel::capture
