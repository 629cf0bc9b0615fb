#include "service/device_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace oriel::service {
namespace {

constexpr char kUuid[] = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001";

capture::HostDevice Mdev() {
  capture::HostDevice device;
  device.kind = capture::HostDeviceKind::kMdev;
  device.name = kUuid;
  device.driver = "vfio_mdev";
  device.iommu_group = "7";
  device.mdev_type = "mdpy-vga";
  device.holders = {{{4711, "qemu-system-x86"}}, false};
  return device;
}

offers::LentDevice Lent(const std::string& device) {
  offers::LentDevice lent;
  lent.offer.device = device;
  lent.offer.vm = "win11";
  lent.offer.vmm_pid = 4711;
  lent.offer.command = "qemu-system-x86";
  lent.offer.evidence = "its group has one member";
  lent.display = "win11.display";
  return lent;
}

session::DisplayStatus DisplayOf(const std::string& name,
                                 const std::string& device_name) {
  session::DisplayStatus status;
  status.name = name;
  status.device_name = device_name;
  return status;
}

TEST(DeviceListTest, TellsWhatSysfsTells) {
  const auto list = MakeDeviceList({Mdev()}, {}, {}, {});
  ASSERT_EQ(list.devices_size(), 1);
  const v1::HostDevice& device = list.devices(0);
  EXPECT_EQ(device.kind(), v1::DEVICE_KIND_MDEV);
  EXPECT_EQ(device.name(), kUuid);
  EXPECT_EQ(device.iommu_group(), "7");
  ASSERT_EQ(device.holders_size(), 1);
  EXPECT_EQ(device.holders(0).pid(), 4711);
  EXPECT_TRUE(device.holders_incomplete());
  EXPECT_FALSE(device.has_loan());
  EXPECT_EQ(device.display(), "");
}

TEST(DeviceListTest, ADisplayIsFoundHoweverItsDeviceIsWritten) {
  capture::HostDevice pci;
  pci.kind = capture::HostDeviceKind::kPci;
  pci.name = "0000:00:02.0";
  const auto list =
      MakeDeviceList({Mdev(), pci}, {},
                     {DisplayOf("a", "83B8F4F2-509F-382F-3C1E-E6BFE0FA1001"),
                      DisplayOf("b", "00:02.0"), DisplayOf("c", "")},
                     {});
  ASSERT_EQ(list.devices_size(), 2);
  EXPECT_EQ(list.devices(0).display(), "a");
  EXPECT_EQ(list.devices(1).display(), "b");
}

TEST(DeviceListTest, ALoanNamesTheVmAndTheDisplay) {
  const auto list = MakeDeviceList({Mdev()}, {Lent(kUuid)}, {}, {});
  ASSERT_EQ(list.devices_size(), 1);
  EXPECT_EQ(list.devices(0).loan().vm(), "win11");
  EXPECT_EQ(list.devices(0).loan().vmm_pid(), 4711);
  EXPECT_EQ(list.devices(0).display(), "win11.display");
}

TEST(DeviceListTest, AnUnattributedLoanIsADeviceOfItsOwn) {
  const auto list = MakeDeviceList({Mdev()}, {Lent("")}, {}, {});
  ASSERT_EQ(list.devices_size(), 2);
  EXPECT_FALSE(list.devices(0).has_loan());
  EXPECT_EQ(list.devices(1).kind(), v1::DEVICE_KIND_UNATTRIBUTED);
  EXPECT_EQ(list.devices(1).name(), "");
  EXPECT_EQ(list.devices(1).loan().evidence(), "its group has one member");
}

TEST(DeviceListTest, PeersAndHandedOverDevicesOfTheConfigurationAreListed) {
  config::v1::Config config;
  config.add_display()->set_name("sim");
  config.mutable_display(0)->mutable_vfio_user()->set_socket("/run/sim.sock");
  config.add_display()->set_name("given");
  config.mutable_display(1)->mutable_inherited_fd()->set_name("vgpu");
  config.add_display()->set_name("group");
  config.mutable_display(2)->mutable_group()->set_device(kUuid);
  const auto list = MakeDeviceList({}, {}, {}, config);
  ASSERT_EQ(list.devices_size(), 2);
  EXPECT_EQ(list.devices(0).kind(), v1::DEVICE_KIND_VFIO_USER);
  EXPECT_EQ(list.devices(0).name(), "/run/sim.sock");
  EXPECT_EQ(list.devices(0).display(), "sim");
  EXPECT_EQ(list.devices(1).kind(), v1::DEVICE_KIND_UNATTRIBUTED);
  EXPECT_EQ(list.devices(1).display(), "given");
}

}  // namespace
}  // namespace oriel::service
