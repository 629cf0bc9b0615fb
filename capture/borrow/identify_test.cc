#include "capture/borrow/identify.h"

#include <string>
#include <vector>

#include "capture/borrow/scripted_host.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace oriel::capture {
namespace {

using ::testing::HasSubstr;

constexpr char kMdevA[] = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001";
constexpr char kMdevB[] = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1002";
constexpr char kNic[] = "0000:01:00.0";
constexpr char kGpu[] = "0000:02:00.0";
constexpr PciIds kNicIds = {0x8086, 0x1533};
constexpr PciIds kGpuIds = {0x8086, 0x5912};

Candidate Mdev(const std::string& name) { return {.name = name}; }
Candidate Pci(const std::string& name, PciIds ids) {
  return {.name = name, .ids = ids};
}
UnknownDevice Silent() { return {}; }
UnknownDevice WithIds(PciIds ids) { return {.facts = {.ids = ids}}; }

// The names, "?" for unattributed ones.
std::vector<std::string> Names(const std::vector<UnknownDevice>& devices,
                               const std::vector<Candidate>& candidates,
                               const VmmCommandLine& command_line = {}) {
  std::vector<std::string> names;
  for (const Identity& identity : Identify(devices, candidates, command_line)) {
    EXPECT_FALSE(identity.evidence.empty());
    names.push_back(identity.device ? identity.device->name : "?");
  }
  return names;
}

using List = std::vector<std::string>;

TEST(Identify, OneDeviceAndOneCandidateIsProof) {
  EXPECT_EQ(Names({Silent()}, {Mdev(kMdevA)}), List({kMdevA}));
  EXPECT_EQ(Names({WithIds(kNicIds)}, {Mdev(kMdevA)}), List({kMdevA}));
}

TEST(Identify, DevicesThatLookAlikeAreNotGuessed) {
  EXPECT_EQ(Names({Silent(), Silent()}, {Mdev(kMdevA), Mdev(kMdevB)}),
            List({"?", "?"}));
  // One that is open, of two in the VM's groups.
  EXPECT_EQ(Names({Silent()}, {Mdev(kMdevA), Mdev(kMdevB)}), List({"?"}));
  const std::vector<Identity> identities =
      Identify({Silent(), Silent()}, {Mdev(kMdevA), Mdev(kMdevB)}, {});
  EXPECT_EQ(identities[0].may_be.size(), 2u);
  EXPECT_THAT(identities[0].evidence, HasSubstr(kMdevB));
}

TEST(Identify, WithoutAGroupNothingIsProven) {
  EXPECT_EQ(Names({Silent()}, {}), List({"?"}));
}

TEST(Identify, PciIdsTellDevicesApart) {
  EXPECT_EQ(Names({WithIds(kGpuIds), WithIds(kNicIds)},
                  {Pci(kNic, kNicIds), Pci(kGpu, kGpuIds)}),
            List({kGpu, kNic}));
  EXPECT_EQ(Names({WithIds(kNicIds), WithIds(kNicIds)},
                  {Pci(kNic, kNicIds), Pci("0000:01:00.1", kNicIds)}),
            List({"?", "?"}));
}

TEST(Identify, IdsThatFitNoCandidateAreNotBelieved) {
  constexpr PciIds kQuirk = {0x8086, 0xFFFF};
  EXPECT_EQ(Names({WithIds(kQuirk)}, {Pci(kGpu, kGpuIds)}), List({kGpu}));
  EXPECT_EQ(Names({WithIds(kQuirk)}, {Pci(kGpu, kGpuIds), Pci(kNic, kNicIds)}),
            List({"?"}));
  EXPECT_EQ(Names({WithIds(kQuirk), WithIds(kNicIds)},
                  {Pci(kGpu, kGpuIds), Pci(kNic, kNicIds)}),
            List({kGpu, kNic}));
}

TEST(Identify, TheLastFollowsByElimination) {
  // What the mdev's config space says is nobody's word but its driver's.
  EXPECT_EQ(Names({WithIds(kNicIds), WithIds({0x1b36, 5})},
                  {Mdev(kMdevA), Pci(kNic, kNicIds)}),
            List({kNic, kMdevA}));
}

TEST(Identify, EliminationStopsWhereMoreThanOneIsLeft) {
  EXPECT_EQ(
      Names({WithIds({0x1b36, 5}), WithIds(kNicIds), WithIds({0x1b36, 5})},
            {Mdev(kMdevA), Pci(kNic, kNicIds), Mdev(kMdevB)}),
      List({"?", "?", "?"}));
}

TEST(Identify, TwoFdsOfOneDeviceAreBothThatDevice) {
  EXPECT_EQ(Names({Silent(), Silent()}, {Mdev(kMdevA)}),
            List({kMdevA, kMdevA}));
}

TEST(Identify, WhatTheKernelTellsComesFirst) {
  UnknownDevice told;
  told.told = Mdev(kMdevB);
  told.told_by = "fdinfo";
  EXPECT_EQ(Names({Silent(), told}, {Mdev(kMdevA), Mdev(kMdevB)}),
            List({kMdevA, kMdevB}));
}

TEST(Identify, TheCommandLineSaysWhichMembersOfAGroupAreUsed) {
  const Candidate audio = {.name = "0000:02:00.1", .ids = kGpuIds};
  VmmCommandLine command_line;
  command_line.devices = {{kGpu, true}};
  EXPECT_EQ(Names({WithIds(kGpuIds)}, {Pci(kGpu, kGpuIds), audio}),
            List({"?"}));
  EXPECT_EQ(
      Names({WithIds(kGpuIds)}, {Pci(kGpu, kGpuIds), audio}, command_line),
      List({kGpu}));
  // One more was plugged in since: which is which is open again.
  EXPECT_EQ(Names({WithIds(kGpuIds), WithIds(kGpuIds)},
                  {Pci(kGpu, kGpuIds), audio}, command_line),
            List({"?", "?"}));
}

TEST(ReadVfioNode, GoesByTheNumberNotByTheName) {
  ScriptedHost host;
  host.AddProcess(7, "evil");
  host.AddMdev(kMdevA, "12");
  host.SetLink("/sys/dev/char/511:0",
               "../../devices/pci0000:00/0000:02:00.0/vfio-dev/vfio0");
  host.SetLink("/sys/dev/char/10:196", "../../devices/virtual/misc/vfio");
  host.OpenFile(7, 3, {.link = "/dev/vfio/99", .number = "240:12"});
  host.OpenFile(7, 4, {.link = "/dev/vfio/12"});
  host.OpenFile(7, 5, {.link = "/dev/vfio/devices/vfio7", .number = "511:0"});
  host.OpenFile(7, 6, {.link = "/dev/vfio/vfio", .number = "10:196"});
  host.OpenFile(7, 7, {.link = "/dev/vfio/x", .number = "1:3"});
  EXPECT_EQ(ReadVfioNode(host, "/proc/7/fd/3").group, "12");
  EXPECT_EQ(ReadVfioNode(host, "/proc/7/fd/4").group, "");
  EXPECT_EQ(ReadVfioNode(host, "/proc/7/fd/5").device, "0000:02:00.0");
  EXPECT_EQ(ReadVfioNode(host, "/proc/7/fd/6").group, "");
  EXPECT_EQ(ReadVfioNode(host, "/proc/7/fd/7").group, "");
}

TEST(ReadGroupMembers, LeavesOutWhatCannotBeOpen) {
  ScriptedHost host;
  host.AddPciDevice("0000:00:01.0", "1", "pcieport", {});
  host.AddPciDevice(kGpu, "1", "vfio-pci", kGpuIds);
  host.AddPciDevice("0000:02:00.1", "1", "snd_hda_intel", {});
  host.AddPciDevice("0000:02:00.2", "1", "nvidia", {0x10de, 1});
  host.SetLink("/sys/class/vfio-dev/vfio0", "x");
  host.SetLink("/sys/bus/pci/devices/0000:02:00.2/vfio-dev/vfio0/x", "x");
  const std::vector<Candidate> members = ReadGroupMembers(host, "1");
  ASSERT_EQ(members.size(), 2u);
  EXPECT_EQ(members[0].name, kGpu);
  EXPECT_EQ(members[0].ids, kGpuIds);
  EXPECT_FALSE(members[0].leaving);
  // Its driver makes up the config space.
  EXPECT_EQ(members[1].name, "0000:02:00.2");
  EXPECT_EQ(members[1].ids, std::nullopt);
}

TEST(ReadCandidate, SeesThatADeviceIsBeingRemoved) {
  ScriptedHost host;
  host.AddMdev(kMdevA, "12");
  host.AddPciDevice(kGpu, "1", "", kGpuIds);
  EXPECT_FALSE(ReadCandidate(host, kMdevA)->leaving);
  host.RemoveMdevLink(kMdevA);
  EXPECT_TRUE(ReadCandidate(host, kMdevA)->leaving);
  EXPECT_TRUE(ReadCandidate(host, kGpu)->leaving);
  EXPECT_FALSE(ReadCandidate(host, "../../x").ok());
}

}  // namespace
}  // namespace oriel::capture
