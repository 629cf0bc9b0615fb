#include "capture/borrow/proc_folder.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace oriel::capture {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::Ge;

constexpr size_t kMax = 1 << 22;

class Children {
 public:
  explicit Children(int count) {
    for (int i = 0; i < count; ++i) {
      const pid_t pid = fork();
      if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        while (true) pause();
      }
      pids.push_back(pid);
    }
  }
  ~Children() {
    for (const pid_t pid : pids) {
      kill(pid, SIGKILL);
      waitpid(pid, nullptr, 0);
    }
  }
  std::vector<pid_t> pids;
};

TEST(ProcFolder, ListsProcessesFromAnyIdOn) {
  const Children children(5);
  ProcFolder folder;
  const auto all = folder.List(1, kMax);
  ASSERT_TRUE(all.ok()) << all.status();
  EXPECT_TRUE(std::is_sorted(all->begin(), all->end()));
  EXPECT_THAT(*all, Contains(getpid()));
  // Of a process that is there, behind it, and in a gap.
  for (const pid_t from : children.pids) {
    const auto pids = folder.List(from, kMax);
    ASSERT_TRUE(pids.ok());
    EXPECT_THAT(*pids, Each(Ge(from)));
    for (const pid_t pid : children.pids) {
      if (pid < from) continue;
      EXPECT_THAT(*pids, Contains(pid));
    }
  }
  const auto none = folder.List(kMax, kMax);
  ASSERT_TRUE(none.ok());
  EXPECT_TRUE(none->empty());
}

TEST(ProcFolder, ListsFromAnIdOnWithoutHavingListedAll) {
  const Children children(1);
  const auto pids = ProcFolder().List(children.pids[0], kMax);
  ASSERT_TRUE(pids.ok());
  EXPECT_THAT(*pids, Contains(children.pids[0]));
  EXPECT_THAT(*pids, Each(Ge(children.pids[0])));
}

}  // namespace
}  // namespace oriel::capture
