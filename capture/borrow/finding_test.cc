// How soon, and at what cost, Borrower finds devices.

#include "capture/borrow/borrower_fixture.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace oriel::capture {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using FindingTest = BorrowerFixture;

TEST_F(FindingTest, FindsANewVmWithinASecond) {
  Run(milliseconds(60000));
  AddVm(7, "win11", kUuidA, "12");
  Run(milliseconds(900));
  EXPECT_THAT(offers(), SizeIs(1));
}

TEST_F(FindingTest, AnOldVmmsFirstDeviceIsFoundWithinASecond) {
  for (pid_t pid = 1000; pid < 2000; ++pid) host_.AddProcess(pid, "bash");
  host_.AddProcess(7, "vmm");
  host_.OpenFile(7, 3, {.link = "anon_inode:kvm-vm"});
  host_.AddMdev(kUuidA, "12");
  for (const bool counts : {true, false}) {
    host_.counts_files = counts;
    Run(minutes(2));
    peer_.messages.clear();
    host_.HoldGroup(7, 4, "12");
    host_.OpenFile(7, 5, {});
    Run(milliseconds(counts ? 300 : 1100));
    EXPECT_THAT(offers(), SizeIs(1)) << counts;
    host_.CloseFile(7, 5);
    host_.CloseFile(7, 4);
  }
}

TEST_F(FindingTest, AnOpenerThatIsNothingLikeAVmmIsFoundToo) {
  for (pid_t pid = 1000; pid < 2000; ++pid) host_.AddProcess(pid, "bash");
  host_.AddMdev(kUuidA, "12");
  Run(minutes(2));
  host_.HoldGroup(1500, 4, "12");
  host_.OpenFile(1500, 5, {});
  Run(milliseconds(900));
  EXPECT_THAT(offers(), SizeIs(1));
}

TEST_F(FindingTest, AHotPluggedDeviceIsOffered) {
  AddVm(7, "win11", kUuidA, "12");
  Run(milliseconds(3000));
  host_.AddMdev(kUuidB, "13");
  host_.HoldGroup(7, 8, "13");
  host_.OpenFile(7, 9, {});
  Run(milliseconds(1200));
  ASSERT_THAT(offers(), SizeIs(2));
  EXPECT_THAT(withdrawals(), IsEmpty());
  // Nobody can tell the two apart now, but the first keeps its proof.
  EXPECT_EQ(offers()[1].device, "");
}

// What is asked of the kernel in a minute with one VM and so many processes.
int StepsOfAMinute(int processes) {
  ScriptedHost host;
  RecordingPeer peer;
  Borrower borrower(&host, &peer);
  host.AddProcess(7, "qemu-system-x86", "qemu|-name|win11");
  host.AddMdev(kUuidA, "12");
  host.HoldGroup(7, 4, "12");
  host.OpenFile(7, 5, {});
  for (int i = 0; i < processes; ++i) {
    const pid_t pid = 1000 + i;
    host.AddProcess(pid, "bash");
    host.OpenFile(pid, 0, {.link = "/dev/null"});
    host.OpenFile(pid, 1, {.link = "pipe:[1]"});
  }
  Time now = Clock::now();
  borrower.Connect(kOrieldPid, now);
  const auto run = [&](Duration duration) {
    for (const Time end = now + duration; now < end; now += milliseconds(25)) {
      while (borrower.Work(now) <= now) {
      }
      peer.Answer(borrower, now);
    }
  };
  run(minutes(2));
  EXPECT_THAT(peer.All<Offer>(), SizeIs(1));
  const int before = host.steps;
  const int listed = host.processes_listed;
  run(minutes(1));
  EXPECT_EQ(host.processes_listed, listed);
  return host.steps - before;
}

TEST(FindingCost, AThousandProcessesCostHardlyMoreThanTen) {
  const int ten = StepsOfAMinute(10);
  // Ten looks a second at most at processes that nothing points at; each lists
  // its fds and reads two links.
  EXPECT_LE(StepsOfAMinute(1000) - ten, 10 * 60 * 3);
}

}  // namespace
}  // namespace oriel::capture
