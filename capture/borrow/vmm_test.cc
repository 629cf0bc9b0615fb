#include "capture/borrow/vmm.h"

#include <map>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "capture/borrow/scripted_host.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace oriel::capture {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;

constexpr char kUuid[] = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001";
constexpr char kArguments[] =
    "qemu-system-x86_64|-name|guest=win11|-device|vfio-pci,sysfsdev=/sys/bus/"
    "mdev/devices/83b8f4f2-509f-382f-3c1e-e6bfe0fa1001";

class LookAtVmmTest : public ::testing::Test {
 protected:
  LookAtVmmTest() {
    host_.AddProcess(7, "qemu-system-x86", kArguments);
    host_.AddMdev(kUuid, "12");
    host_.HoldGroup(7, 4, "12");
    key_ = host_.OpenFile(7, 5, {});
  }

  absl::StatusOr<Vmm> Look() {
    const absl::StatusOr<VfioFds> fds = ListVfioFds(host_, 7);
    return fds.ok() ? LookAtVmm(host_, 7, *fds) : fds.status();
  }

  ScriptedHost host_;
  int key_ = 0;
};

TEST_F(LookAtVmmTest, CopiesAndIdentifiesItsDevice) {
  const absl::StatusOr<Vmm> vmm = Look();
  ASSERT_TRUE(vmm.ok()) << vmm.status();
  EXPECT_EQ(vmm->name, "win11");
  EXPECT_EQ(vmm->command, "qemu-system-x86");
  EXPECT_EQ(vmm->start_time_ticks, 100u);
  EXPECT_THAT(vmm->problems, IsEmpty());
  ASSERT_EQ(vmm->devices.size(), 1u);
  EXPECT_EQ(vmm->devices[0].vmm_fd, 5);
  EXPECT_EQ(vmm->devices[0].identity.device->name, kUuid);
  EXPECT_TRUE(vmm->devices[0].dma_bufs_allowed);
  EXPECT_FALSE(vmm->devices[0].leaving());
  EXPECT_EQ(host_.CopiesOf(key_), 1);
}

TEST_F(LookAtVmmTest, KeepsNothingWhenTheProcessEndsBetweenAnyTwoSteps) {
  ASSERT_TRUE(Look().ok());
  const int steps = host_.steps;
  for (int step = 1; step <= steps; ++step) {
    ScriptedHost host;
    host.AddProcess(7, "qemu-system-x86", kArguments);
    host.AddMdev(kUuid, "12");
    host.HoldGroup(7, 4, "12");
    host.OpenFile(7, 5, {});
    host.end_at = step;
    host.ends = 7;
    const absl::StatusOr<VfioFds> fds = ListVfioFds(host, 7);
    if (fds.ok()) {
      EXPECT_TRUE(absl::IsNotFound(LookAtVmm(host, 7, *fds).status())) << step;
    }
    EXPECT_EQ(host.AllCopies(), 0) << step;
  }
}

TEST_F(LookAtVmmTest, AReusedPidIsNotTheVmm) {
  const VfioFds fds = *ListVfioFds(host_, 7);
  host_.EndProcess(7);
  host_.AddProcess(7, "sh", "", 200);
  const absl::StatusOr<Vmm> vmm = LookAtVmm(host_, 7, fds);
  ASSERT_TRUE(vmm.ok());
  EXPECT_THAT(vmm->devices, IsEmpty());
  EXPECT_EQ(host_.AllCopies(), 0);
}

TEST_F(LookAtVmmTest, AnFdThatBecameAnotherFileIsAProblemOfThatFd) {
  const VfioFds fds = *ListVfioFds(host_, 7);
  host_.OpenFile(7, 5, {.link = "socket:[1]"});
  const absl::StatusOr<Vmm> vmm = LookAtVmm(host_, 7, fds);
  ASSERT_TRUE(vmm.ok());
  EXPECT_THAT(vmm->devices, IsEmpty());
  ASSERT_EQ(vmm->problems.size(), 1u);
  EXPECT_THAT(vmm->problems[0], HasSubstr("fd 5"));
  EXPECT_EQ(host_.AllCopies(), 0);
}

TEST_F(LookAtVmmTest, AnUnboundCdevIsAProblemOfThatFd) {
  host_.OpenFile(7, 6,
                 {.link = "/dev/vfio/devices/vfio0",
                  .facts = absl::InvalidArgumentError("GET_INFO: EINVAL")});
  const absl::StatusOr<Vmm> vmm = Look();
  ASSERT_TRUE(vmm.ok());
  EXPECT_EQ(vmm->devices.size(), 1u);
  ASSERT_EQ(vmm->problems.size(), 1u);
  EXPECT_THAT(vmm->problems[0], HasSubstr("GET_INFO"));
}

TEST_F(LookAtVmmTest, ADeniedCopyIsTheWholeAnswer) {
  for (const absl::Status& error : {absl::PermissionDeniedError("EPERM"),
                                    absl::UnimplementedError("ENOSYS")}) {
    host_.copy_error = error;
    EXPECT_EQ(Look().status(), error);
    host_.copy_error = absl::OkStatus();
    host_.kcmp_error = error;
    EXPECT_EQ(Look().status(), error);
    host_.kcmp_error = absl::OkStatus();
  }
  EXPECT_EQ(host_.AllCopies(), 0);
}

TEST_F(LookAtVmmTest, TheKernelsOwnWordsIdentify) {
  const std::string other = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1002";
  host_.AddMdev(other, "13");
  host_.OpenFile(
      7, 6,
      {.fdinfo = "pos:\t0\nvfio-device-syspath: /sys/devices/virtual/x/" +
                 other + "\n"});
  host_.SetLink("/sys/dev/char/511:0",
                "../../devices/a/0000:02:00.0/vfio-dev/"
                "vfio0");
  host_.OpenFile(7, 8, {.link = "/dev/vfio/devices/vfio0", .number = "511:0"});
  const absl::StatusOr<Vmm> vmm = Look();
  ASSERT_TRUE(vmm.ok());
  ASSERT_EQ(vmm->devices.size(), 3u);
  EXPECT_EQ(vmm->devices[0].identity.device->name, kUuid);
  EXPECT_EQ(vmm->devices[1].identity.device->name, other);
  EXPECT_THAT(vmm->devices[1].identity.evidence, HasSubstr("fdinfo"));
  EXPECT_EQ(vmm->devices[2].identity.device->name, "0000:02:00.0");
  EXPECT_FALSE(vmm->devices[1].dma_bufs_allowed);
}

TEST_F(LookAtVmmTest, AFileWithALyingNameProvesNothing) {
  // A group's name without its number, beside the real one.
  host_.OpenFile(7, 9, {.link = "/home/evil/dev/vfio/13"});
  host_.AddMdev("83b8f4f2-509f-382f-3c1e-e6bfe0fa1002", "13");
  const absl::StatusOr<Vmm> vmm = Look();
  ASSERT_TRUE(vmm.ok());
  EXPECT_EQ(vmm->devices[0].identity.device->name, kUuid);
}

TEST_F(LookAtVmmTest, OneThatMayBeTheLeavingDeviceIsNotUntilItMustBe) {
  host_.AddMdev("83b8f4f2-509f-382f-3c1e-e6bfe0fa1002", "13");
  host_.HoldGroup(7, 8, "13");
  host_.OpenFile(7, 9, {});
  host_.RemoveMdevLink("83b8f4f2-509f-382f-3c1e-e6bfe0fa1002");
  const absl::StatusOr<Vmm> vmm = Look();
  ASSERT_TRUE(vmm.ok());
  ASSERT_EQ(vmm->devices.size(), 2u);
  EXPECT_FALSE(vmm->devices[0].identity.device.has_value());
  EXPECT_FALSE(vmm->devices[0].leaving());
  EXPECT_FALSE(vmm->devices[1].leaving());
  host_.RemoveMdevLink(kUuid);
  EXPECT_TRUE(Look()->devices[0].leaving());
}

// A second mdev in a group of its own, as fds 8 and 9.
class TwoDevicesTest : public LookAtVmmTest {
 protected:
  TwoDevicesTest() {
    host_.AddMdev(kOther, "13");
    host_.HoldGroup(7, 8, "13");
  }

  static ScriptedHost::File DeviceThatAnswers(const std::string& likeness) {
    return {.facts = DeviceFacts{.likeness = likeness}};
  }

  // The device's name, "?" where it is unattributed; by the VMM's fd.
  std::map<int, std::string> Names() {
    std::map<int, std::string> names;
    const absl::StatusOr<Vmm> vmm = Look();
    if (!vmm.ok()) return names;
    for (const VmmDevice& device : vmm->devices) {
      const Identity& identity = device.identity;
      names[device.vmm_fd] = identity.device ? identity.device->name : "?";
      EXPECT_EQ(identity.compared && identity.device.has_value(),
                host_.members_asked > 0 && identity.device.has_value());
    }
    return names;
  }

  const std::string kOther = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1002";
  const std::map<int, std::string> kNobodyKnows = {{5, "?"}, {9, "?"}};
};

TEST_F(TwoDevicesTest, AreToldApartByWhatTheyAnswer) {
  host_.OpenFile(7, 5, DeviceThatAnswers("b"));
  host_.OpenFile(7, 9, DeviceThatAnswers("a"));
  host_.SetMember(kUuid, {.likeness = "a"});
  host_.SetMember(kOther, {.likeness = "b"});
  EXPECT_EQ(Names(), (std::map<int, std::string>{{5, kOther}, {9, kUuid}}));
  const absl::StatusOr<Vmm> vmm = Look();
  EXPECT_THAT(vmm->devices[0].identity.evidence, HasSubstr("by its name"));
  // Only the first is on the command line.
  EXPECT_FALSE(vmm->devices[0].dma_bufs_allowed);
  EXPECT_TRUE(vmm->devices[1].dma_bufs_allowed);
}

TEST_F(TwoDevicesTest, ThatAnswerAlikeAreNotGuessed) {
  host_.OpenFile(7, 5, DeviceThatAnswers("a"));
  host_.OpenFile(7, 9, DeviceThatAnswers("a"));
  host_.SetMember(kUuid, {.likeness = "a"});
  host_.SetMember(kOther, {.likeness = "a"});
  EXPECT_EQ(Names(), kNobodyKnows);
  EXPECT_GT(host_.members_asked, 0);
  EXPECT_THAT(Look()->devices[0].identity.evidence, HasSubstr("look alike"));
}

TEST_F(TwoDevicesTest, AMemberThatMayNotBeOpenIsNotOpened) {
  host_.AddProcess(7, "qemu-system-x86");
  host_.OpenFile(7, 5, DeviceThatAnswers("a"));
  host_.SetMember(kUuid, {.likeness = "a"});
  host_.SetMember(kOther, {.likeness = "b"});
  EXPECT_EQ(Names(), (std::map<int, std::string>{{5, "?"}}));
  // Two numbers of one file are one file.
  host_.ShareFile(7, 9, host_.OpenFile(7, 5, DeviceThatAnswers("a")));
  EXPECT_EQ(Names(), kNobodyKnows);
  EXPECT_EQ(host_.members_asked, 0);
}

TEST_F(TwoDevicesTest, AnAnswerThatNoDeviceGivesProvesNothing) {
  host_.OpenFile(7, 5, DeviceThatAnswers("a"));
  host_.OpenFile(7, 9, DeviceThatAnswers("a"));
  host_.SetMember(kUuid, {.likeness = "a"});
  host_.SetMember(kOther, {.likeness = "changing"});
  EXPECT_EQ(Names(), kNobodyKnows);
  EXPECT_GT(host_.members_asked, 0);
}

TEST_F(TwoDevicesTest, WhoCannotBeAskedIsNotGuessed) {
  host_.OpenFile(7, 5, DeviceThatAnswers("a"));
  host_.OpenFile(7, 9, DeviceThatAnswers("b"));
  host_.SetMember(kUuid, {.likeness = "a"});
  EXPECT_EQ(Names(), kNobodyKnows);
}

TEST_F(TwoDevicesTest, OneOfAGroupThatNobodySeesIsNotTakenForTheOther) {
  host_.OpenFile(7, 5, DeviceThatAnswers("b"));
  host_.OpenFile(7, 9, DeviceThatAnswers("a"));
  host_.SetMember(kUuid, {.likeness = "a"});
  host_.CloseFile(7, 8);
  EXPECT_EQ(Names(), (std::map<int, std::string>{{5, "?"}, {9, kUuid}}));
  EXPECT_THAT(Look()->devices[0].identity.evidence, HasSubstr("none of"));
}

TEST_F(TwoDevicesTest, WhateverItIsItsDisplayIsOff) {
  host_.AddProcess(7, "qemu-system-x86",
                   std::string(kArguments) +
                       "|-device|vfio-pci,sysfsdev=/sys/bus/mdev/devices/" +
                       kOther);
  host_.OpenFile(7, 9, {});
  const absl::StatusOr<Vmm> vmm = Look();
  ASSERT_EQ(vmm->devices.size(), 2u);
  EXPECT_FALSE(vmm->devices[0].identity.device.has_value());
  EXPECT_TRUE(vmm->devices[0].dma_bufs_allowed);
  EXPECT_TRUE(vmm->devices[1].dma_bufs_allowed);
}

TEST_F(LookAtVmmTest, AGroupFileUnderAnotherNameIsBelievedByItsNumber) {
  host_.SetFile("/proc/7/mountinfo",
                "21 1 0:5 / /tmp rw - tmpfs tmpfs rw\n"
                "22 1 0:6 / /net rw shared:3 - nfs4 server:/ rw\n");
  host_.CloseFile(7, 4);
  EXPECT_FALSE(Look()->devices[0].identity.device.has_value());
  // A hung server would not answer what it is.
  host_.OpenFile(7, 11,
                 {.link = "/net/g",
                  .number = "240:12",
                  .fdinfo = "pos:\t0\nmnt_id:\t22\n"});
  EXPECT_FALSE(Look()->devices[0].identity.device.has_value());
  host_.OpenFile(7, 12,
                 {.link = "/tmp/g",
                  .number = "240:12",
                  .fdinfo = "pos:\t0\nmnt_id:\t21\n"});
  const absl::StatusOr<Vmm> vmm = Look();
  ASSERT_TRUE(vmm->devices[0].identity.device.has_value());
  EXPECT_EQ(vmm->devices[0].identity.device->name, kUuid);
}

Identity Proven() {
  Identity identity;
  identity.device = Candidate{.name = kUuid};
  return identity;
}

std::string NameOf(const std::string& vm, const std::string& command,
                   const Identity& identity,
                   const std::set<std::string>& taken = {}) {
  Vmm vmm;
  vmm.pid = 4711;
  vmm.name = vm;
  vmm.command = command;
  return DisplayName(vmm, identity, [&](const std::string& name) {
    return taken.count(name) > 0;
  });
}

TEST(DisplayName, IsTheVmAndTheDevice) {
  EXPECT_EQ(NameOf("win11", "q", Proven()), std::string("win11.") + kUuid);
  EXPECT_EQ(NameOf("", "crosvm", Proven()), std::string("crosvm.") + kUuid);
  EXPECT_EQ(NameOf("win11", "q", {}), "win11.unattributed-1");
  EXPECT_EQ(NameOf("", "crosvm", {}), "crosvm-4711.unattributed-1");
  EXPECT_EQ(NameOf("win11", "q", {}, {"win11.unattributed-1"}),
            "win11.unattributed-2");
  EXPECT_EQ(NameOf("win11", "q", Proven(), {std::string("win11.") + kUuid}),
            std::string("win11.") + kUuid + "-2");
}

// Numbers that tell them apart would be others after a restart.
TEST(DisplayName, AloneTellsVmsWithoutAKnownDeviceApart) {
  EXPECT_NE(NameOf("a b", "q", {}), NameOf("a-b", "q", {}));
  EXPECT_NE(NameOf("a b", "q", {}), NameOf("a (b)", "q", {}));
  EXPECT_EQ(NameOf("a b", "q", {}), NameOf("a b", "q", {}));
}

TEST(DisplayName, HasOnlyWhatANameMayHave) {
  EXPECT_EQ(NameOf("Windows 11 (test)", "q", Proven()),
            std::string("Windows-11-test.") + kUuid);
  EXPECT_THAT(NameOf("B\xc3\xbcro / 1\n", "q", {}),
              MatchesRegex("B-ro-1-[0-9a-f]{6}\\.unattributed-1"));
  EXPECT_EQ(NameOf("\xe4\xba\x8b", "q", Proven()), std::string("vm.") + kUuid);
  EXPECT_EQ(NameOf("", "", Proven()), std::string("vm.") + kUuid);
  const std::string longest = NameOf(std::string(500, 'x'), "q", Proven());
  EXPECT_LE(longest.size(), 60u);
  EXPECT_THAT(longest, HasSubstr(kUuid));
  EXPECT_LE(NameOf(std::string(500, 'x'), "q", {}).size(), 62u);
}

}  // namespace
}  // namespace oriel::capture
