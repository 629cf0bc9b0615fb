#include "capture/borrow/host_watch.h"

#include <unistd.h>

#include "capture/borrow/scripted_host.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace oriel::capture {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using Files = HostNews::Files;

class HostWatchTest : public ::testing::Test {
 protected:
  HostWatchTest() {
    host_.EndProcess(getpid());
    for (const pid_t pid : {1, 2, 1000}) host_.AddProcess(pid, "x");
    Look();
    Look();
    Look();
  }
  HostNews Look() { return watch_.Look(now_ += milliseconds(200)); }

  ScriptedHost host_;
  HostWatch watch_{&host_};
  Time now_ = Time() + std::chrono::hours(1);
};

TEST_F(HostWatchTest, TellsAllAtFirst) {
  HostWatch watch(&host_);
  const HostNews news = watch.Look(now_);
  EXPECT_TRUE(news.complete);
  EXPECT_THAT(news.pids, ElementsAre(1, 2, 1000));
}

TEST_F(HostWatchTest, ListsNothingWhereNothingIsNew) {
  const int listed = host_.processes_listed;
  for (int i = 0; i < 100; ++i) {
    const HostNews news = Look();
    EXPECT_THAT(news.pids, IsEmpty());
    EXPECT_FALSE(news.complete);
    EXPECT_EQ(news.files, Files::kSame);
  }
  EXPECT_EQ(host_.processes_listed, listed);
}

TEST_F(HostWatchTest, ListsOnlyWhatIsNewAndTwice) {
  host_.AddProcess(1001, "x");
  EXPECT_THAT(Look().pids, ElementsAre(1001));
  // Its id was taken before, and now it is there.
  host_.AddProcess(1001, "y");
  EXPECT_THAT(Look().pids, ElementsAre(1001));
  EXPECT_THAT(Look().pids, IsEmpty());
}

TEST_F(HostWatchTest, SeesIdsThatBeganAnew) {
  host_.AddProcess(1003, "x");
  host_.AddProcess(300, "x");
  EXPECT_THAT(Look().pids, UnorderedElementsAre(1, 2, 300, 1003));
}

TEST_F(HostWatchTest, ListsAllAgainAfterAGapAndSeldom) {
  now_ += std::chrono::seconds(11);
  EXPECT_TRUE(Look().complete);
  int complete = 0;
  for (const Time end = now_ + std::chrono::minutes(11); now_ < end;) {
    complete += Look().complete ? 1 : 0;
  }
  EXPECT_EQ(complete, 2);
}

TEST_F(HostWatchTest, TellsThatFilesWereOpenedAndClosed) {
  host_.HoldGroup(2, 3, "12");
  EXPECT_EQ(Look().files, Files::kOpened);
  EXPECT_EQ(Look().files, Files::kSame);
  // A fork's copy is the same file.
  host_.ShareFile(1000, 3, 0);
  EXPECT_EQ(Look().files, Files::kSame);
  host_.CloseFile(2, 3);
  host_.CloseFile(1000, 3);
  EXPECT_EQ(Look().files, Files::kClosed);
}

TEST_F(HostWatchTest, KnowsWhetherTheKernelCounts) {
  EXPECT_TRUE(Look().counts);
  host_.counts_files = false;
  EXPECT_FALSE(Look().counts);
}

TEST_F(HostWatchTest, KnowsThatLoadingVfioWillBeNews) {
  host_.counts_files = false;
  host_.has_vfio = false;
  EXPECT_FALSE(Look().counts);
  host_.SetFile("/sys/module/kvm/refcnt", "0\n");
  EXPECT_TRUE(Look().counts);
  host_.counts_files = true;
  host_.HoldGroup(2, 3, "12");
  EXPECT_EQ(Look().files, Files::kOpened);
}

TEST_F(HostWatchTest, WithoutProcListsWhatItCan) {
  host_.ignores_loadavg = true;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(Look().complete);
}

}  // namespace
}  // namespace oriel::capture
