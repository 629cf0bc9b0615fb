#include "capture/borrow/access.h"

#include <string>

#include "absl/status/status.h"
#include "capture/borrow/scripted_host.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace oriel::capture {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(MissingAccess, IsEmptyWithAllThatIsNeeded) {
  ScriptedHost host;
  EXPECT_EQ(MissingAccess(host), "");
  host.SetFile("/proc/sys/kernel/yama/ptrace_scope", "2\n");
  EXPECT_EQ(MissingAccess(host), "");
}

TEST(MissingAccess, NamesTheCapabilities) {
  ScriptedHost host;
  host.SetFile("/proc/self/status", "Name:\tx\nCapEff:\t0000000000000000\n");
  EXPECT_THAT(MissingAccess(host),
              HasSubstr("lacks CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH"));
  host.SetFile("/proc/self/status", "Name:\tx\nCapEff:\t0000000000080000\n");
  EXPECT_THAT(MissingAccess(host), AllOf(HasSubstr("lacks CAP_DAC_READ_SEARCH"),
                                         HasSubstr("AmbientCapabilities")));
  host.SetFile("/proc/self/status", "Name:\tx\nCapEff:\t0000000000080004\n");
  EXPECT_EQ(MissingAccess(host), "");
}

TEST(MissingAccess, TellsTheKernelFromAFilter) {
  ScriptedHost host;
  host.copy_error = absl::UnimplementedError("ENOSYS");
  EXPECT_THAT(MissingAccess(host), HasSubstr("Linux 5.6"));
  host.copy_error = absl::PermissionDeniedError("EPERM");
  EXPECT_THAT(MissingAccess(host), HasSubstr("SystemCallFilter"));
  host.copy_error = absl::OkStatus();
  host.kcmp_error = absl::UnimplementedError("ENOSYS");
  EXPECT_THAT(MissingAccess(host), HasSubstr("CONFIG_KCMP"));
}

TEST(MissingAccess, SeesUserNamespacesAndYama) {
  ScriptedHost host;
  host.SetFile("/proc/sys/kernel/yama/ptrace_scope", "3\n");
  EXPECT_THAT(MissingAccess(host), HasSubstr("ptrace_scope is 3"));
  host.SetFile("/proc/self/uid_map", "0 100000 65536\n");
  EXPECT_THAT(MissingAccess(host), HasSubstr("PrivateUsers"));
}

TEST(ExplainDenial, NamesTheProfiles) {
  ScriptedHost host;
  host.AddProcess(7, "qemu-system-x86");
  const absl::Status denied =
      absl::PermissionDeniedError("pidfd_getfd: EACCES");
  host.SetFile("/proc/self/attr/current", "oriel-borrow (enforce)\n");
  host.SetFile("/proc/7/attr/current", "libvirt-83b8f4f2 (enforce)\n");
  EXPECT_THAT(ExplainDenial(host, 7, denied),
              AllOf(HasSubstr("AppArmor"), HasSubstr("oriel-borrow (enforce)"),
                    HasSubstr("libvirt-83b8f4f2 (enforce)"),
                    HasSubstr("qemu-system-x86 (pid 7)"), HasSubstr("EACCES")));
  host.SetFile("/proc/self/attr/current",
               std::string("system_u:system_r:oriel_t:s0\0", 29));
  host.SetFile("/proc/7/attr/current", "system_u:system_r:svirt_t:s0:c1,c2");
  EXPECT_THAT(ExplainDenial(host, 7, denied),
              AllOf(HasSubstr("SELinux"), HasSubstr("svirt_t")));
  host.Remove("/proc/self/attr");
  EXPECT_THAT(ExplainDenial(host, 7, denied),
              AllOf(Not(HasSubstr("SELinux")), Not(HasSubstr("AppArmor")),
                    HasSubstr("svirt_t")));
}

TEST(LooksLikeVmm, GoesByCommandOrCommandLine) {
  ScriptedHost host;
  host.AddProcess(7, "qemu-system-x86");
  host.AddProcess(8, "x", "x|--vfio|/sys/bus/pci/devices/0000:01:00.0");
  host.AddProcess(9, "bash");
  EXPECT_TRUE(LooksLikeVmm(host, 7));
  EXPECT_TRUE(LooksLikeVmm(host, 8));
  EXPECT_FALSE(LooksLikeVmm(host, 9));
  EXPECT_FALSE(LooksLikeVmm(host, 10));
}

}  // namespace
}  // namespace oriel::capture
