#include "capture/discovery/inventory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <vector>

#include "capture/discovery/fake_host.h"

namespace oriel::capture {
namespace {

namespace fs = std::filesystem;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const char kUuid[] = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001";
const char kPci[] = "bus/pci/devices/";

void AddPciIds(FakeHost& host, const std::string& address) {
  host.WriteSysfs(kPci + address + "/vendor", "0x8086\n");
  host.WriteSysfs(kPci + address + "/device", "0x5912\n");
  host.WriteSysfs(kPci + address + "/class", "0x030000\n");
}

TEST(ListHostDevicesTest, EmptyHostHasNone) {
  EXPECT_THAT(ListHostDevices(FakeHost().paths()), IsEmpty());
}

TEST(ListHostDevicesTest, MdevTellsItsTypeItsParentAndWhoHoldsIt) {
  FakeHost host;
  host.AddMdevOf("pci0000:00/0000:00:02.0", kUuid, "7", "i915-GVTg_V5_4");
  host.WriteSysfs(
      "devices/pci0000:00/0000:00:02.0/mdev_supported_types/i915-GVTg_V5_4/"
      "name",
      "GVTg_V5_4\n");
  host.LinkSysfs("devices/pci0000:00/0000:00:02.0/driver",
                 "bus/pci/drivers/i915");
  host.AddProcess("4711", "qemu-system-x86\n", host.AddGroupFile("7"));

  const std::vector<HostDevice> devices = ListHostDevices(host.paths());
  ASSERT_THAT(devices, SizeIs(1));
  const HostDevice& device = devices[0];
  EXPECT_EQ(device.kind, HostDeviceKind::kMdev);
  EXPECT_EQ(device.name, kUuid);
  EXPECT_EQ(device.driver, "vfio_mdev");
  EXPECT_EQ(device.iommu_group, "7");
  EXPECT_EQ(device.mdev_type, "i915-GVTg_V5_4");
  EXPECT_EQ(device.mdev_type_name, "GVTg_V5_4");
  EXPECT_EQ(device.parent, "0000:00:02.0");
  EXPECT_EQ(device.parent_driver, "i915");
  EXPECT_EQ(device.pci_id, "");
  EXPECT_TRUE(device.holders.complete);
  ASSERT_THAT(device.holders.holders, SizeIs(1));
  EXPECT_EQ(device.holders.holders[0].pid, 4711);
}

TEST(ListHostDevicesTest, MdevTypeWithoutANameIsCalledByItsFolder) {
  FakeHost host;
  host.AddMdevOf("virtual/mdpy/mdpy", kUuid, "7", "mdpy-vga");
  const std::vector<HostDevice> devices = ListHostDevices(host.paths());
  ASSERT_THAT(devices, SizeIs(1));
  EXPECT_EQ(devices[0].mdev_type_name, "mdpy-vga");
  EXPECT_EQ(devices[0].parent, "mdpy");
  EXPECT_EQ(devices[0].parent_driver, "");
}

TEST(ListHostDevicesTest, PciFunctionsOfVfioDriversAreListedAndNoOthers) {
  FakeHost host;
  host.AddPciDevice("0000:00:02.0", "1", "vfio-pci");
  AddPciIds(host, "0000:00:02.0");
  host.AddPciDevice("0000:00:03.0", "2", "mlx5_vfio_pci");
  host.AddPciDevice("0000:00:04.0", "3", "nvgrace");
  host.WriteSysfs(std::string(kPci) + "0000:00:04.0/vfio-dev/vfio3/dev",
                  "511:3\n");
  host.AddPciDevice("0000:00:05.0", "4", "i915");
  host.AddPciDevice("0000:00:06.0", "5");

  const std::vector<HostDevice> devices = ListHostDevices(host.paths());
  ASSERT_THAT(devices, SizeIs(3));
  EXPECT_EQ(devices[0].kind, HostDeviceKind::kPci);
  EXPECT_EQ(devices[0].name, "0000:00:02.0");
  EXPECT_EQ(devices[0].driver, "vfio-pci");
  EXPECT_EQ(devices[0].pci_id, "8086:5912");
  EXPECT_EQ(devices[0].pci_class, "030000");
  EXPECT_EQ(devices[1].name, "0000:00:03.0");
  EXPECT_EQ(devices[2].name, "0000:00:04.0");
}

TEST(ListHostDevicesTest, VirtualFunctionOfNvidiaIsAVgpuWithoutAnMdev) {
  FakeHost host;
  const std::string vf = std::string(kPci) + "0000:41:00.4";
  host.AddPciDevice("0000:41:00.0", "40", "nvidia");
  host.AddPciDevice("0000:41:00.4", "44", "nvidia");
  host.WriteSysfs(vf + "/nvidia/current_vgpu_type", "1147\n");
  host.WriteSysfs(vf + "/vfio-dev/vfio2/dev", "511:2\n");
  host.LinkSysfs(vf + "/physfn", std::string(kPci) + "0000:41:00.0");

  const std::vector<HostDevice> devices = ListHostDevices(host.paths());
  ASSERT_THAT(devices, SizeIs(1));
  EXPECT_EQ(devices[0].kind, HostDeviceKind::kSriovVgpu);
  EXPECT_EQ(devices[0].name, "0000:41:00.4");
  EXPECT_EQ(devices[0].vgpu_type, "1147");
  EXPECT_EQ(devices[0].parent, "0000:41:00.0");
  EXPECT_EQ(devices[0].parent_driver, "nvidia");
}

TEST(ListHostDevicesTest, HoldersOfTheGroupAndOfTheDevicesOwnFileAreMerged) {
  FakeHost host;
  host.AddPciDevice("0000:00:02.0", "1", "vfio-pci");
  host.WriteSysfs(std::string(kPci) + "0000:00:02.0/vfio-dev/vfio5/dev",
                  "511:5\n");
  const std::string own = host.AddGroupFile("devices/vfio5");
  const std::string group = host.AddGroupFile("1");
  host.AddProcess("30", "both", own);
  fs::create_symlink(group, host.paths().proc + "/30/fd/4");
  host.AddProcess("20", "own", own);
  host.AddProcess("10", "other", host.AddGroupFile("2"));

  const std::vector<HostDevice> devices = ListHostDevices(host.paths());
  ASSERT_THAT(devices, SizeIs(1));
  const std::vector<Holder>& holders = devices[0].holders.holders;
  ASSERT_THAT(holders, SizeIs(2));
  EXPECT_EQ(holders[0].pid, 20);
  EXPECT_EQ(holders[1].pid, 30);
}

TEST(ListHostDevicesTest, GroupWithoutIommuIsCalledAsItsFile) {
  FakeHost host;
  host.AddPciDevice("0000:00:02.0", "0", "vfio-pci");
  host.AddProcess("5", "qemu", host.AddGroupFile("noiommu-0"));
  const std::vector<HostDevice> devices = ListHostDevices(host.paths());
  ASSERT_THAT(devices, SizeIs(1));
  EXPECT_EQ(devices[0].iommu_group, "noiommu-0");
  EXPECT_THAT(devices[0].holders.holders, SizeIs(1));
}

TEST(ListHostDevicesTest, MdevsComeBeforePciFunctionsEachInOrder) {
  FakeHost host;
  host.AddPciDevice("0000:00:03.0", "2", "vfio-pci");
  host.AddPciDevice("0000:00:02.0", "1", "vfio-pci");
  host.AddMdev(kUuid, "7");
  std::vector<std::string> names;
  for (const HostDevice& device : ListHostDevices(host.paths()))
    names.push_back(device.name);
  EXPECT_THAT(names,
              ::testing::ElementsAre(kUuid, "0000:00:02.0", "0000:00:03.0"));
}

// Nothing of this is what the kernel does; all of it must end in empty fields.
TEST(ListHostDevicesTest, OddSysfsLeavesFieldsEmpty) {
  FakeHost host;
  const std::string odd = std::string(kPci) + "0000:00:02.0";
  host.AddPciDevice("0000:00:02.0", "..", "vfio-pci");
  host.WriteSysfs(odd + "/vendor", std::string(1 << 20, 'x'));
  host.WriteSysfs(odd + "/device", "0x59zz\n");
  host.WriteSysfs(odd + "/class/is_a_folder", "");
  host.LinkSysfs(odd + "/physfn", "nowhere/\x1b[2J\n");
  host.WriteSysfs(odd + "/vfio-dev/vfio../dev", "");
  host.WriteSysfs(odd + "/vfio-dev/vfio", "");
  host.AddPciDevice("0000:00:03.0", "3", "vfio-pci");
  const std::string pipe =
      host.paths().sysfs + "/" + kPci + "0000:00:03.0/vendor";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);  // open would wait for a writer
  host.AddPciDevice("../../etc", "4", "vfio-pci");
  host.AddPciDevice("0000:00:0A.0", "5", "vfio-pci");
  host.LinkSysfs(std::string("bus/mdev/devices/") + kUuid, "nowhere");

  const std::vector<HostDevice> devices = ListHostDevices(host.paths());
  ASSERT_THAT(devices, SizeIs(2));
  EXPECT_EQ(devices[0].name, "0000:00:02.0");
  EXPECT_EQ(devices[0].iommu_group, "");
  EXPECT_EQ(devices[0].pci_id, "");
  EXPECT_EQ(devices[0].pci_class, "");
  EXPECT_EQ(devices[0].parent, "?[2J?");
  EXPECT_EQ(devices[1].pci_id, "");
}

TEST(ListHostDevicesTest, TextFromDriversIsShortAndPrintable) {
  FakeHost host;
  host.AddMdevOf("virtual/x", kUuid, "7", "type");
  host.WriteSysfs("devices/virtual/x/mdev_supported_types/type/name",
                  "\x1b[31mred\xff" + std::string(100000, 'n'));
  const std::vector<HostDevice> devices = ListHostDevices(host.paths());
  ASSERT_THAT(devices, SizeIs(1));
  const std::string& name = devices[0].mdev_type_name;
  EXPECT_EQ(name.substr(0, 10), "?[31mred?n");
  EXPECT_LE(name.size(), 128u);
}

TEST(ListHostDevicesTest, TheRealHostCanBeListed) {
  for (const HostDevice& device : ListHostDevices())
    EXPECT_TRUE(CanonicalDeviceName(device.name).ok()) << device.name;
}

}  // namespace
}  // namespace oriel::capture
