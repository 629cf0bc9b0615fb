#include "service/inherited_fds.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace oriel::service {
namespace {

using testing::HasSubstr;

// In a process of its own: fd 3 and the environment are the whole process's.
[[noreturn]] void InheritOnePipe() {
  int fds[2];
  if (pipe(fds) != 0 || dup2(fds[0], 3) < 0) _exit(10);
  setenv("LISTEN_PID", std::to_string(getpid()).c_str(), 1);
  setenv("LISTEN_FDS", "1", 1);
  setenv("LISTEN_FDNAMES", "vgpu", 1);
  const InheritedFds inherited = InheritedFds::FromEnvironment();
  if (getenv("LISTEN_FDS") != nullptr) _exit(11);
  const auto first = inherited.Duplicate("vgpu");
  const auto second = inherited.Duplicate("vgpu");
  if (!first.ok() || !second.ok()) _exit(12);
  struct stat original, copy;
  fstat(3, &original);
  fstat(second->get(), &copy);
  if (original.st_ino != copy.st_ino || first->get() == second->get()) {
    _exit(13);
  }
  if ((fcntl(second->get(), F_GETFD) & FD_CLOEXEC) == 0) _exit(14);
  const auto other = inherited.Duplicate("other");
  if (std::string(other.status().message()).find("has vgpu") ==
      std::string::npos) {
    _exit(15);
  }
  _exit(0);
}

TEST(InheritedFdsDeathTest, AnFdCanBeOpenedAgainAndAgainByItsName) {
  EXPECT_EXIT(InheritOnePipe(), testing::ExitedWithCode(0), "");
}

TEST(InheritedFdsTest, WithoutAnyTheErrorSaysSo) {
  unsetenv("LISTEN_FDS");
  const auto fd = InheritedFds::FromEnvironment().Duplicate("vgpu");
  EXPECT_EQ(fd.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(fd.status().message()),
              HasSubstr("LISTEN_FDNAMES has none"));
}

}  // namespace
}  // namespace oriel::service
