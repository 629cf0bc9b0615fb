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

class FindingTest : public BorrowerFixture {
 protected:
  // A process that is no VMM by its looks and older than any that is looked at
  // for its youth; as many others as make its turn come late.
  void AddOldProcess(pid_t pid) {
    host_.AddProcess(pid, "player");
    for (pid_t other = 1000; other < 2000; ++other) {
      host_.AddProcess(other, "bash");
    }
    Run(minutes(2));
  }

  // A group's file and a device, as fds 4 and 5.
  void Open(pid_t pid, const std::string& group,
            const ScriptedHost::File& device = {}) {
    host_.HoldGroup(pid, 4, group);
    host_.OpenFile(pid, 5, device);
  }
  void Close(pid_t pid) {
    host_.CloseFile(pid, 5);
    host_.CloseFile(pid, 4);
  }

  // Closes the device and opens it again in each tick.
  void ComeAndGo(int ticks) {
    for (int tick = 0; tick < ticks; ++tick) {
      host_.CloseFile(7, 5);
      host_.OpenFile(7, 5, {});
      Run(milliseconds(200));
    }
  }

  // From behind one look at the count of open files to before the next.
  void BeginTick() {
    const int reads = host_.count_reads;
    while (host_.count_reads == reads) Run(milliseconds(25));
  }

  const ScriptedHost::File nic_{
      .facts = DeviceFacts{.ids = std::nullopt, .may_be_display = false}};
};

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

// The kernel's count is the same before and after.
TEST_F(FindingTest, WhatIsOpenedWhileAnotherIsLetGoOfIsFoundWithinASecond) {
  host_.AddMdev(kUuidA, "12");
  host_.AddMdev(kUuidB, "13");
  AddOldProcess(7);
  Open(7, "12");
  Run(minutes(2));
  ASSERT_THAT(offers(), SizeIs(1));
  BeginTick();
  Close(7);
  Run(milliseconds(50));
  ASSERT_THAT(withdrawals(), SizeIs(1));
  Open(7, "13");
  Run(milliseconds(900));
  ASSERT_THAT(offers(), SizeIs(2));
  EXPECT_EQ(offers()[1].device, kUuidB);
}

TEST_F(FindingTest, WhatIsOpenedWhileOrieldLetsGoIsFoundWithinASecond) {
  host_.AddMdev(kUuidA, "12");
  host_.AddMdev(kUuidB, "13");
  host_.AddProcess(kOrieldPid, "orield");
  AddOldProcess(7);
  host_.HoldGroup(7, 4, "12");
  host_.ShareFile(kOrieldPid, 30, host_.OpenFile(7, 5, {}));
  Run(minutes(2));
  ASSERT_THAT(offers(), SizeIs(1));
  borrower_.Receive(Taken{offers()[0].id, 30}, now_);
  Close(7);
  // It takes its time.
  Run(minutes(2));
  ASSERT_THAT(withdrawals(), SizeIs(1));
  BeginTick();
  host_.CloseFile(kOrieldPid, 30);
  borrower_.Receive(Released{offers()[0].id}, now_);
  host_.OpenFile(7, 5, {.link = "/dev/vfio/devices/vfio0"});
  Run(milliseconds(900));
  EXPECT_THAT(offers(), SizeIs(2));
}

// Nothing was borrowed that could be withdrawn.
TEST_F(FindingTest, ADisplayInPlaceOfWhatIsNoneIsFoundWithinASecond) {
  host_.AddMdev(kUuidA, "12");
  host_.AddMdev(kUuidB, "13");
  AddOldProcess(7);
  for (size_t swaps = 1; swaps <= 5; ++swaps) {
    Open(7, "12", nic_);
    Run(minutes(2) + milliseconds(700) * swaps);
    BeginTick();
    Close(7);
    Open(7, "13");
    Run(milliseconds(1200));
    ASSERT_THAT(offers(), SizeIs(swaps));
    Close(7);
  }
}

TEST_F(FindingTest, ADeviceInPlaceOfARefusedOneIsFoundWithinASecond) {
  host_.AddMdev(kUuidA, "12");
  host_.AddMdev(kUuidB, "13");
  AddOldProcess(7);
  Open(7, "12");
  Run(milliseconds(1000));
  ASSERT_THAT(offers(), SizeIs(1));
  borrower_.Receive(Refused{offers()[0].id, "no"}, now_);
  Run(minutes(2));
  ASSERT_THAT(offers(), SizeIs(1));
  BeginTick();
  Close(7);
  Open(7, "13");
  Run(milliseconds(1200));
  ASSERT_THAT(offers(), SizeIs(2));
  EXPECT_EQ(offers()[1].device, kUuidB);
}

TEST_F(FindingTest, WhatAVmmOpensWhileAnotherClosesIsFoundWithinASecond) {
  host_.AddMdev(kUuidA, "12");
  host_.AddMdev(kUuidB, "13");
  host_.AddProcess(8, "vmm");
  host_.OpenFile(8, 3, {.link = "anon_inode:kvm-vm"});
  AddOldProcess(7);
  Open(7, "12", nic_);
  Run(minutes(2));
  BeginTick();
  Close(7);
  Open(8, "13");
  Run(milliseconds(1200));
  EXPECT_THAT(offers(), SizeIs(1));
}

TEST_F(FindingTest, WhatAVmmOpensWhileAnotherClosesMoreThanItOpensIsFoundToo) {
  host_.AddMdev(kUuidA, "12");
  host_.AddMdev(kUuidB, "13");
  host_.AddProcess(8, "vmm");
  host_.OpenFile(8, 3, {.link = "anon_inode:kvm-vm"});
  AddOldProcess(7);
  Open(7, "12", nic_);
  host_.HoldContainer(7, 6);
  Run(minutes(2));
  BeginTick();
  Close(7);
  host_.CloseFile(7, 6);
  host_.HoldGroup(7, 9, "14");
  Open(8, "13");
  Run(milliseconds(1200));
  EXPECT_THAT(offers(), SizeIs(1));
}

TEST_F(FindingTest, WhoClosedFilesDoesNotExplainThatMoreAreOpen) {
  host_.AddMdev(kUuidA, "12");
  host_.AddMdev(kUuidB, "13");
  AddOldProcess(7);
  Open(7, "12", nic_);
  Run(minutes(2));
  ASSERT_THAT(offers(), IsEmpty());
  BeginTick();
  host_.CloseFile(7, 5);
  Open(1500, "13");
  Run(milliseconds(900));
  EXPECT_THAT(offers(), SizeIs(1));
}

TEST_F(FindingTest, OrieldsCopiesDoNotExplainThatMoreAreOpen) {
  host_.AddMdev(kUuidA, "12");
  host_.AddMdev(kUuidB, "13");
  host_.AddProcess(kOrieldPid, "orield");
  AddOldProcess(7);
  host_.HoldGroup(7, 4, "12");
  const int key = host_.OpenFile(7, 5, {});
  host_.ShareFile(kOrieldPid, 30, key);
  Run(minutes(2));
  ASSERT_THAT(offers(), SizeIs(1));
  BeginTick();
  host_.ShareFile(kOrieldPid, 31, key);
  Open(1500, "13");
  Run(milliseconds(900));
  EXPECT_THAT(offers(), SizeIs(2));
}

// Each loan of a device that is closed and opened again can make it busy.
TEST_F(FindingTest, WhatComesAndGoesIsLentLessAndLessOften) {
  AddVm(7, "win11", kUuidA, "12");
  Run(minutes(2));
  ASSERT_THAT(offers(), SizeIs(1));
  ComeAndGo(50);
  // After 0.5 s, 1 s, 2 s and 4 s.
  EXPECT_THAT(offers(), SizeIs(5));
  // Others do not wait for it.
  AddVm(8, "win12", kUuidB, "13");
  Run(milliseconds(900));
  EXPECT_THAT(offers(), SizeIs(6));
  // It stays open.
  Run(minutes(1));
  ASSERT_THAT(offers(), SizeIs(7));
  ComeAndGo(1);
  Run(milliseconds(700));
  EXPECT_THAT(offers(), SizeIs(8));
}

TEST_F(FindingTest, AnotherProcessWithItsNumberDoesNotWait) {
  host_.AddMdev(kUuidA, "12");
  const auto start = [&] {
    // Numbers begin anew after it.
    host_.AddProcess(1000, "bash");
    Run(milliseconds(400));
    host_.AddProcess(7, "qemu-system-x86");
    Open(7, "12");
    Run(milliseconds(900));
  };
  for (const bool closes_first : {false, true}) {
    start();
    ComeAndGo(20);
    // It is lent again, and a long pause begins.
    Run(milliseconds(5000));
    const size_t before = offers().size();
    ComeAndGo(1);
    if (closes_first) Close(7);
    Run(milliseconds(400));
    host_.EndProcess(7);
    start();
    EXPECT_THAT(offers(), SizeIs(before + 1)) << closes_first;
    host_.EndProcess(7);
    Run(milliseconds(400));
  }
  EXPECT_THAT(offers(), SizeIs(10));
}

TEST_F(FindingTest, WhatIsOpenedLongAfterwardsDoesNotCountAsComingAndGoing) {
  AddVm(7, "win11", kUuidA, "12");
  Run(milliseconds(900));
  ComeAndGo(10);
  host_.CloseFile(7, 5);
  Run(minutes(1));
  host_.OpenFile(7, 5, {});
  Run(milliseconds(300));
  const size_t before = offers().size();
  ComeAndGo(1);
  Run(milliseconds(700));
  EXPECT_THAT(offers(), SizeIs(before + 1));
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
