#include "capture/borrow/borrower.h"

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "capture/borrow/borrower_fixture.h"
#include "capture/borrow/scripted_host.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace oriel::capture {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using BorrowerTest = BorrowerFixture;

TEST_F(BorrowerTest, SaysHelloThenOffersWhatIsThere) {
  AddVm(7, "win11", kUuidA, "12");
  Run(milliseconds(100));
  ASSERT_THAT(peer_.messages, SizeIs(2));
  EXPECT_THAT(peer_.All<Hello>()[0].sender, HasSubstr("oriel-borrow"));
  const Offer offer = offers()[0];
  EXPECT_EQ(offer.id, 1u);
  EXPECT_EQ(offer.display, std::string("win11.") + kUuidA);
  EXPECT_EQ(offer.device, kUuidA);
  EXPECT_EQ(offer.vm, "win11");
  EXPECT_EQ(offer.vmm_pid, 7);
  EXPECT_EQ(offer.command, "qemu-system-x86");
  EXPECT_THAT(offer.evidence, HasSubstr("only device"));
  EXPECT_FALSE(offer.dma_bufs_allowed);
  EXPECT_EQ(peer_.fd_counts[1], 2u);
  EXPECT_THAT(borrower_.wake_fds(now_), SizeIs(1));
  EXPECT_EQ(borrower_.status(), "Offering 1 devices of 1 VMs");
}

TEST_F(BorrowerTest, OffersADeviceOnce) {
  const int key = AddVm(7, "win11", kUuidA, "12");
  Run(milliseconds(5000));
  EXPECT_THAT(offers(), SizeIs(1));
  EXPECT_EQ(host_.CopiesOf(key), 1);
}

TEST_F(BorrowerTest, LetsGoAtOnceWhenTheVmmEnds) {
  const int key = AddVm(7, "win11", kUuidA, "12");
  Run(milliseconds(100));
  host_.EndProcess(7);
  borrower_.Work(now_);
  EXPECT_EQ(host_.CopiesOf(key), 0);
  ASSERT_THAT(withdrawals(), SizeIs(1));
  EXPECT_EQ(withdrawals()[0].id, 1u);
  EXPECT_EQ(withdrawals()[0].reason, "win11 (pid 7) ended");
  EXPECT_THAT(borrower_.wake_fds(now_), IsEmpty());
}

TEST_F(BorrowerTest, OffersTheRestartedVmUnderItsOldName) {
  AddVm(7, "win11", kUuidA, "12");
  Run(milliseconds(100));
  host_.EndProcess(7);
  Run(milliseconds(100));
  AddVm(8, "win11", kUuidA, "12");
  Run(milliseconds(900));
  ASSERT_THAT(offers(), SizeIs(2));
  EXPECT_EQ(offers()[1].display, offers()[0].display);
  EXPECT_EQ(offers()[1].id, 2u);
}

TEST_F(BorrowerTest, NoticesAVmUnderTheSamePid) {
  AddVm(7, "win11", kUuidA, "12");
  Run(milliseconds(100));
  host_.EndProcess(7);
  AddVm(7, "win12", kUuidB, "13");
  Run(milliseconds(1500));
  ASSERT_THAT(withdrawals(), SizeIs(1));
  ASSERT_THAT(offers(), SizeIs(2));
  EXPECT_EQ(offers()[1].vm, "win12");
}

TEST_F(BorrowerTest, LetsGoWhenTheVmmClosesItsFd) {
  const int key = AddVm(7, "win11", kUuidA, "12");
  Run(milliseconds(100));
  host_.CloseFile(7, 5);
  Run(milliseconds(75));
  EXPECT_EQ(host_.CopiesOf(key), 0);
  ASSERT_THAT(withdrawals(), SizeIs(1));
  EXPECT_EQ(withdrawals()[0].reason, "win11 (pid 7) closed the device");
}

TEST_F(BorrowerTest, LetsGoAtOnceWhenTheVmmClosesItsContainerToo) {
  const int key = AddVm(7, "win11", kUuidA, "12");
  host_.HoldContainer(7, 6);
  Run(milliseconds(1000));
  // Its pidfd, and what tells that a container was closed.
  EXPECT_THAT(borrower_.wake_fds(now_), SizeIs(2));
  borrower_.Work(now_);
  host_.CloseFile(7, 5);
  borrower_.Work(now_);
  EXPECT_THAT(withdrawals(), IsEmpty());
  host_.CloseFile(7, 6);
  borrower_.Work(now_);
  EXPECT_THAT(withdrawals(), SizeIs(1));
  EXPECT_EQ(host_.CopiesOf(key), 0);
}

TEST_F(BorrowerTest, LooksAtFilesOftenButAtProcessesAsSeldomAsBefore) {
  AddVm(7, "win11", kUuidA, "12");
  Run(milliseconds(1000));
  int looks = 0;
  const int steps = host_.steps;
  for (const Time end = now_ + milliseconds(1000); now_ < end; ++looks) {
    now_ = borrower_.Work(now_);
    peer_.Answer(borrower_, now_);
  }
  EXPECT_GE(looks, 100);
  // Twice for each look: whether the process lives, and whether the fd is the
  // same; and what was done without.
  EXPECT_LE(host_.steps - steps, 2 * looks + 60);
}

TEST_F(BorrowerTest, LetsGoWhenTheFdsNumberIsReusedAndOffersTheNewDevice) {
  const int key = AddVm(7, "win11", kUuidA, "12");
  Run(milliseconds(100));
  host_.CloseFile(7, 4);
  host_.AddMdev(kUuidB, "13");
  host_.HoldGroup(7, 4, "13");
  const int other = host_.OpenFile(7, 5, {});
  Run(milliseconds(900));
  EXPECT_EQ(host_.CopiesOf(key), 0);
  EXPECT_EQ(host_.CopiesOf(other), 1);
  ASSERT_THAT(withdrawals(), SizeIs(1));
  EXPECT_THAT(withdrawals()[0].reason, HasSubstr("uses its fd for another"));
  ASSERT_THAT(offers(), SizeIs(2));
  EXPECT_EQ(offers()[1].device, kUuidB);
}

TEST_F(BorrowerTest, LetsGoWhenItCannotWatch) {
  const int key = AddVm(7, "win11", kUuidA, "12");
  Run(milliseconds(100));
  host_.kcmp_error = absl::PermissionDeniedError("kcmp: EPERM");
  Run(milliseconds(2500));
  EXPECT_EQ(host_.CopiesOf(key), 0);
  ASSERT_THAT(withdrawals(), SizeIs(1));
  EXPECT_THAT(withdrawals()[0].reason, HasSubstr("cannot be watched"));
  EXPECT_THAT(offers(), SizeIs(1));
}

TEST_F(BorrowerTest, LetsGoOfARemovedMdevAndDoesNotTakeItAgain) {
  const int key = AddVm(7, "win11", kUuidA, "12");
  Run(milliseconds(100));
  host_.RemoveMdevLink(kUuidA);
  Run(milliseconds(300));
  EXPECT_EQ(host_.CopiesOf(key), 0);
  ASSERT_THAT(withdrawals(), SizeIs(1));
  EXPECT_THAT(withdrawals()[0].reason, HasSubstr("being removed"));
  Run(milliseconds(5000));
  // Then sysfs forgets it whole, and nothing tells what the fd is.
  host_.Remove("/sys/kernel/iommu_groups/12");
  Run(milliseconds(5000));
  EXPECT_THAT(offers(), SizeIs(1));
  EXPECT_EQ(host_.CopiesOf(key), 0);
}

TEST_F(BorrowerTest, OfTwoAlikeTheOtherGoesOnWhenOneIsRemoved) {
  const auto [a, b] = AddVmWithTwo();
  Run(milliseconds(100));
  ASSERT_THAT(offers(), SizeIs(2));
  EXPECT_EQ(offers()[0].display, "win11.unattributed-1");
  EXPECT_EQ(offers()[1].display, "win11.unattributed-2");
  EXPECT_EQ(offers()[0].device, "");
  host_.RemoveMdevLink(kUuidB);
  Run(milliseconds(3000));
  // Nobody knows which it is; the VMM has both open, too.
  EXPECT_THAT(withdrawals(), IsEmpty());
  host_.CloseFile(7, 9);
  host_.CloseFile(7, 8);
  Run(milliseconds(1500));
  ASSERT_THAT(withdrawals(), SizeIs(1));
  EXPECT_EQ(withdrawals()[0].id, 2u);
  EXPECT_EQ(host_.CopiesOf(b), 0);
  EXPECT_EQ(host_.CopiesOf(a), 1);
  EXPECT_THAT(offers(), SizeIs(2));
  // Now it is known what the other is, and when that one leaves.
  host_.RemoveMdevLink(kUuidA);
  Run(milliseconds(300));
  ASSERT_THAT(withdrawals(), SizeIs(2));
  EXPECT_THAT(withdrawals()[1].reason, HasSubstr(kUuidA));
  EXPECT_EQ(host_.AllCopies(), 0);
}

TEST_F(BorrowerTest, OfTwoAlikeBothEndWhenBothAreRemoved) {
  AddVmWithTwo();
  Run(milliseconds(100));
  host_.RemoveMdevLink(kUuidA);
  host_.RemoveMdevLink(kUuidB);
  Run(milliseconds(300));
  EXPECT_THAT(withdrawals(), SizeIs(2));
  EXPECT_EQ(host_.AllCopies(), 0);
  Run(milliseconds(5000));
  EXPECT_THAT(offers(), SizeIs(2));
}

TEST_F(BorrowerTest, TwoAlikeAreOfferedByNameWhenTheGuestToldThemApart) {
  host_.SetMember(kUuidA, {.likeness = "no address"});
  host_.SetMember(kUuidB, {.likeness = "no address"});
  AddVm(7, "win11", kUuidA, "12");
  host_.AddMdev(kUuidB, "13");
  host_.HoldGroup(7, 8, "13");
  const auto device = [](const std::string& likeness) {
    return ScriptedHost::File{.facts = DeviceFacts{.likeness = likeness}};
  };
  const int a = host_.OpenFile(7, 5, device("no address"));
  const int b = host_.OpenFile(7, 9, device("no address"));
  Run(milliseconds(1000));
  ASSERT_THAT(offers(), SizeIs(2));
  EXPECT_EQ(offers()[0].device, "");
  host_.SetMember(kUuidA, {.likeness = "address 1"});
  host_.SetMember(kUuidB, {.likeness = "address 2"});
  host_.SetFacts(a, {.likeness = "address 1"});
  host_.SetFacts(b, {.likeness = "address 2"});
  Run(milliseconds(1000));
  ASSERT_THAT(offers(), SizeIs(4));
  EXPECT_EQ(offers()[2].device, kUuidA);
  EXPECT_EQ(offers()[3].device, kUuidB);
  ASSERT_THAT(withdrawals(), SizeIs(2));
  EXPECT_THAT(withdrawals()[0].reason, HasSubstr(kUuidA));
  EXPECT_EQ(host_.AllCopies(), 2);
  // For good, and nobody is asked any more.
  const int asked = host_.members_asked;
  Run(milliseconds(10000));
  EXPECT_THAT(offers(), SizeIs(4));
  EXPECT_EQ(host_.members_asked, asked);
}

TEST_F(BorrowerTest, ASecondFdOfADeviceIsTakenWhenTheFirstCloses) {
  // Another opening of the same device, and a copy of the first.
  const int key = AddVm(7, "win11", kUuidA, "12");
  const int second = host_.OpenFile(7, 6, {});
  host_.ShareFile(7, 7, key);
  Run(milliseconds(2000));
  ASSERT_THAT(offers(), SizeIs(1));
  host_.CloseFile(7, 5);
  host_.CloseFile(7, 7);
  Run(milliseconds(900));
  EXPECT_THAT(withdrawals(), SizeIs(1));
  ASSERT_THAT(offers(), SizeIs(2));
  EXPECT_EQ(offers()[1].device, kUuidA);
  EXPECT_EQ(offers()[1].display, offers()[0].display);
  EXPECT_EQ(host_.CopiesOf(second), 1);
  EXPECT_EQ(host_.CopiesOf(key), 0);
}

TEST_F(BorrowerTest, AnIdLessDeviceOfNoDisplayIsLeftAlone) {
  AddVm(7, "win11", kUuidA, "12");
  const int nic = host_.OpenFile(
      7, 9,
      {.facts = DeviceFacts{.ids = std::nullopt, .may_be_display = false}});
  Run(milliseconds(2000));
  EXPECT_THAT(offers(), SizeIs(1));
  EXPECT_EQ(host_.CopiesOf(nic), 0);
}

TEST_F(BorrowerTest, ARefusedDeviceIsNotKept) {
  const int key = AddVm(7, "win11", kUuidA, "12");
  Run(milliseconds(100));
  borrower_.Receive(Refused{1, "no"}, now_);
  EXPECT_EQ(host_.CopiesOf(key), 0);
  Run(milliseconds(5000));
  EXPECT_THAT(offers(), SizeIs(1));
  EXPECT_THAT(withdrawals(), IsEmpty());
}

TEST_F(BorrowerTest, WithoutOrieldNothingIsHeldAndAfterwardsAllIsOfferedAgain) {
  const int key = AddVm(7, "win11", kUuidA, "12");
  Run(milliseconds(100));
  borrower_.Disconnect();
  EXPECT_EQ(host_.AllCopies(), 0);
  Run(milliseconds(2000));
  EXPECT_EQ(host_.AllCopies(), 0);
  Start();
  Run(milliseconds(100));
  EXPECT_THAT(offers(), SizeIs(2));
  EXPECT_EQ(host_.CopiesOf(key), 1);
}

TEST_F(BorrowerTest, ALostConnectionClosesEverything) {
  AddVm(7, "win11", kUuidA, "12");
  AddVm(8, "win12", kUuidB, "13");
  Run(milliseconds(100));
  host_.EndProcess(7);
  peer_.result = BorrowPeer::Result::kLost;
  borrower_.Work(now_);
  EXPECT_FALSE(borrower_.connected());
  EXPECT_EQ(host_.AllCopies(), 0);
}

TEST_F(BorrowerTest, AnOrieldThatReadsNoWithdrawalIsLeft) {
  AddVm(7, "win11", kUuidA, "12");
  Run(milliseconds(100));
  host_.EndProcess(7);
  peer_.result = BorrowPeer::Result::kBusy;
  borrower_.Work(now_);
  EXPECT_FALSE(borrower_.connected());
}

TEST_F(BorrowerTest, AnOfferThatCannotBeSentNowIsMadeLater) {
  const int key = AddVm(7, "win11", kUuidA, "12");
  peer_.result = BorrowPeer::Result::kBusy;
  Run(milliseconds(500));
  EXPECT_TRUE(borrower_.connected());
  EXPECT_EQ(host_.CopiesOf(key), 0);
  peer_.result = BorrowPeer::Result::kSent;
  Run(milliseconds(1500));
  EXPECT_THAT(offers(), SizeIs(1));
}

TEST_F(BorrowerTest, OrieldsOwnCopiesAreNotOffered) {
  const int key = AddVm(7, "win11", kUuidA, "12");
  host_.AddProcess(kOrieldPid, "orield");
  host_.ShareFile(kOrieldPid, 30, key);
  host_.ShareFile(7, 6, key);
  // A child of the VMM.
  host_.AddProcess(8, "qemu-system-x86", "qemu|-name|win11");
  host_.ShareFile(8, 5, key);
  Run(milliseconds(3000));
  ASSERT_THAT(offers(), SizeIs(1));
  EXPECT_EQ(offers()[0].vmm_pid, 7);
}

TEST_F(BorrowerTest, ADeniedVmIsExplainedOnceAndTakenBack) {
  AddVm(7, "win11", kUuidA, "12");
  host_.SetFile("/proc/self/attr/current", "oriel-borrow (enforce)\n");
  host_.denied = {7};
  Run(milliseconds(30000));
  ASSERT_THAT(peer_.All<Notice>(), SizeIs(1));
  EXPECT_THAT(peer_.All<Notice>()[0].text, HasSubstr("AppArmor"));
  EXPECT_THAT(borrower_.status(), HasSubstr("AppArmor"));
  host_.denied = {};
  Run(milliseconds(30000));
  ASSERT_THAT(peer_.All<Notice>(), SizeIs(2));
  EXPECT_EQ(peer_.All<Notice>()[1].text, "");
  EXPECT_THAT(offers(), SizeIs(1));
}

TEST_F(BorrowerTest, DeniedProcessesThatAreNoVmsAreNoNews) {
  host_.AddProcess(7, "bash");
  host_.OpenFile(7, 0, {.link = "/dev/null"});
  host_.denied = {7};
  Run(milliseconds(30000));
  EXPECT_THAT(peer_.All<Notice>(), IsEmpty());
}

TEST_F(BorrowerTest, MissingAccessIsToldFirst) {
  borrower_.Disconnect();
  host_.SetFile("/proc/self/status", "Name:\tx\nCapEff:\t0000000000000000\n");
  Start();
  ASSERT_THAT(peer_.All<Notice>(), SizeIs(1));
  EXPECT_THAT(peer_.All<Notice>()[0].text, HasSubstr("CAP_SYS_PTRACE"));
}

TEST_F(BorrowerTest, HoldsABoundedNumberOfDevices) {
  for (int vm = 0; vm < 6; ++vm) {
    const pid_t pid = 100 + vm;
    host_.AddProcess(pid, "qemu-system-x86", "qemu|-name|many");
    for (int fd = 10; fd < 60; ++fd) host_.OpenFile(pid, fd, {});
  }
  Run(milliseconds(100));
  EXPECT_THAT(offers(), SizeIs(256));
  Run(milliseconds(100));
  ASSERT_THAT(peer_.All<Notice>(), SizeIs(1));
  EXPECT_THAT(peer_.All<Notice>()[0].text, HasSubstr("256"));
  EXPECT_EQ(host_.AllCopies(), 256);
}

TEST_F(BorrowerTest, OffersNothingBeforeOrieldAnswers) {
  const int key = AddVm(7, "win11", kUuidA, "12");
  peer_.answers = false;
  Run(milliseconds(60000));
  EXPECT_TRUE(borrower_.connected());
  EXPECT_THAT(offers(), IsEmpty());
  EXPECT_THAT(peer_.pings, SizeIs(1)) << "into a queue that nobody reads";
  EXPECT_EQ(host_.CopiesOf(key), 0);
  peer_.answers = true;
  Run(milliseconds(100));
  EXPECT_THAT(offers(), SizeIs(1));
}

TEST_F(BorrowerTest, LetsGoOfEverythingWhenOrieldHangs) {
  AddVm(7, "win11", kUuidA, "12");
  Run(milliseconds(1500));
  ASSERT_THAT(peer_.pings, SizeIs(2));
  peer_.answers = false;
  Run(milliseconds(5400));
  EXPECT_TRUE(borrower_.connected());
  Run(milliseconds(200));
  EXPECT_FALSE(borrower_.connected());
  EXPECT_EQ(host_.AllCopies(), 0);
  // It goes on.
  peer_.answers = true;
  peer_.answered = peer_.pings.size();
  Start();
  Run(milliseconds(100));
  EXPECT_THAT(offers(), SizeIs(2));
}

TEST_F(BorrowerTest, KeepsNoCopyOfWhatOrieldHolds) {
  const int key = AddVm(7, "win11", kUuidA, "12");
  Run(milliseconds(100));
  host_.AddProcess(kOrieldPid, "orield");
  const int other = host_.OpenFile(kOrieldPid, 30, {});
  // Neither another file nor no file is believed to be the same.
  for (const Taken& wrong : {Taken{1, 30}, Taken{1, 31}, Taken{2, 30}}) {
    borrower_.Receive(wrong, now_);
    EXPECT_EQ(host_.CopiesOf(key), 1);
  }
  EXPECT_NE(other, key);
  host_.ShareFile(kOrieldPid, 32, key);
  borrower_.Receive(Taken{1, 32}, now_);
  EXPECT_EQ(host_.CopiesOf(key), 0);
  Run(milliseconds(3000));
  EXPECT_THAT(offers(), SizeIs(1));
  EXPECT_THAT(withdrawals(), IsEmpty());
  EXPECT_EQ(host_.AllCopies(), 0);
  host_.CloseFile(7, 5);
  Run(milliseconds(50));
  ASSERT_THAT(withdrawals(), SizeIs(1));
  EXPECT_EQ(withdrawals()[0].reason, "win11 (pid 7) closed the device");
}

TEST_F(BorrowerTest, WhatOrieldLetGoOfByItselfIsOfferedAgain) {
  const int key = AddVm(7, "win11", kUuidA, "12");
  Run(milliseconds(100));
  host_.AddProcess(kOrieldPid, "orield");
  host_.ShareFile(kOrieldPid, 32, key);
  borrower_.Receive(Taken{1, 32}, now_);
  host_.CloseFile(kOrieldPid, 32);
  Run(milliseconds(1500));
  EXPECT_THAT(withdrawals(), SizeIs(1));
  EXPECT_THAT(offers(), SizeIs(2));
}

// Whenever the VMM ends: what was offered is withdrawn, and nothing is held.
TEST_F(BorrowerTest, AVmmThatEndsBetweenAnyTwoStepsLeavesNothing) {
  AddVm(7, "win11", kUuidA, "12");
  Run(milliseconds(600));
  const int steps = host_.steps;
  ASSERT_GT(steps, 50);
  borrower_.Disconnect();
  for (int step = 1; step <= steps; ++step) {
    ScriptedHost host;
    RecordingPeer peer;
    Borrower borrower(&host, &peer);
    host.AddProcess(7, "qemu-system-x86", "qemu|-name|win11");
    host.AddMdev(kUuidA, "12");
    host.HoldGroup(7, 4, "12");
    host.HoldContainer(7, 6);
    host.OpenFile(7, 5, {});
    host.end_at = step;
    host.ends = 7;
    borrower.Connect(kOrieldPid, now_);
    for (Time now = now_; now < now_ + milliseconds(1200);
         now += milliseconds(25)) {
      borrower.Work(now);
      peer.Answer(borrower, now);
    }
    EXPECT_EQ(host.AllCopies(), 0) << step;
    EXPECT_THAT(borrower.wake_fds(now_), IsEmpty()) << step;
    EXPECT_EQ(peer.All<Offer>().size(), peer.All<Withdrawal>().size()) << step;
    EXPECT_THAT(peer.All<Notice>(), IsEmpty()) << step;
  }
}

}  // namespace
}  // namespace oriel::capture
