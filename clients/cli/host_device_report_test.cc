#include "clients/cli/host_device_report.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace oriel::clients {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

v1::HostDevice Mdev() {
  v1::HostDevice device;
  device.set_kind(v1::DEVICE_KIND_MDEV);
  device.set_name("83b8f4f2-509f-382f-3c1e-e6bfe0fa1001");
  device.set_driver("vfio_mdev");
  device.set_iommu_group("7");
  device.set_mdev_type("i915-GVTg_V5_4");
  device.set_mdev_type_name("GVTg_V5_4");
  device.set_parent("0000:00:02.0");
  device.set_parent_driver("i915");
  v1::DeviceHolder& holder = *device.add_holders();
  holder.set_pid(4711);
  holder.set_command("qemu-system-x86");
  device.set_display("vm7");
  return device;
}

v1::HostDevice Pci() {
  v1::HostDevice device;
  device.set_kind(v1::DEVICE_KIND_PCI);
  device.set_name("0000:01:00.0");
  device.set_driver("vfio-pci");
  device.set_iommu_group("1");
  device.set_pci_id("10de:1eb8");
  device.set_pci_class("030200");
  device.set_holders_incomplete(true);
  return device;
}

v1::HostDevice SriovVgpu() {
  v1::HostDevice device;
  device.set_kind(v1::DEVICE_KIND_SRIOV_VGPU);
  device.set_name("0000:41:00.4");
  device.set_driver("nvidia");
  device.set_iommu_group("52");
  device.set_pci_id("10de:2236");
  device.set_pci_class("030200");
  device.set_vgpu_type("525");
  device.set_parent("0000:41:00.0");
  device.mutable_loan()->set_vm("win10");
  device.mutable_loan()->set_vmm_pid(99);
  device.mutable_loan()->set_vmm_command("qemu-system-x86");
  device.mutable_loan()->set_evidence("the only one in its group");
  return device;
}

v1::HostDevice Unattributed() {
  v1::HostDevice device;
  device.set_kind(v1::DEVICE_KIND_UNATTRIBUTED);
  device.mutable_loan()->set_vmm_pid(5);
  device.mutable_loan()->set_vmm_command("crosvm");
  device.mutable_loan()->set_evidence("two groups would fit");
  device.set_display("vm5");
  return device;
}

TEST(HostDeviceReportTest, TheTableListsEveryKindForWhatItIs) {
  EXPECT_EQ(
      HostDeviceTable({Mdev(), Pci(), SriovVgpu(), Unattributed()}, false),
      "NAME                                  KIND          DRIVER     GROUP  "
      "TYPE                                    PARENT        OWNER           "
      "            DISPLAY\n"
      "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001  mdev          vfio_mdev  7      "
      "i915-GVTg_V5_4                          0000:00:02.0  qemu-system-x86 "
      "4711        vm7\n"
      "0000:01:00.0                          pci           vfio-pci   1      "
      "10de:1eb8 3D controller                 -             ?               "
      "            -\n"
      "0000:41:00.4                          sriov-vgpu    nvidia     52     "
      "10de:2236 3D controller, vGPU type 525  0000:41:00.0  win10 "
      "(qemu-system-x86 99)  -\n"
      "-                                     unattributed  -          -      "
      "-                                       -             crosvm 5        "
      "            vm5\n"
      "    two groups would fit\n"
      "\n"
      "?: orield cannot look into other users' processes, and knows of none "
      "that has the device open.\n");
}

TEST(HostDeviceReportTest, AQuestionMarkMeansThatThereMayBeAnOwner) {
  v1::HostDevice device = Pci();
  device.set_holders_incomplete(false);
  EXPECT_THAT(HostDeviceTable({device}, false), Not(HasSubstr("?")));
  device = Mdev();
  device.set_holders_incomplete(true);
  EXPECT_THAT(HostDeviceTable({device}, false), Not(HasSubstr("?")));
}

TEST(HostDeviceReportTest, ATypesNameIsToldWhenTheTypeDoesNotTellIt) {
  v1::HostDevice device = Mdev();
  device.set_mdev_type("nvidia-222");
  device.set_mdev_type_name("GRID T4-1B");
  EXPECT_THAT(HostDeviceTable({device}, false),
              HasSubstr("nvidia-222 (GRID T4-1B)"));
}

TEST(HostDeviceReportTest, OwnersAreNamedByWhatIsKnownOfThem) {
  const auto owner = [](const v1::HostDevice& device) {
    return HostDeviceRows(device)[1][1];
  };
  v1::HostDevice device = Unattributed();
  EXPECT_EQ(owner(device), "crosvm 5");
  device.mutable_loan()->clear_vmm_command();
  EXPECT_EQ(owner(device), "pid 5");
  device.mutable_loan()->set_vm("win10");
  device.mutable_loan()->clear_vmm_pid();
  EXPECT_EQ(owner(device), "win10");
  device.mutable_loan()->clear_vm();
  EXPECT_EQ(owner(device), "a running VM");
  device = Mdev();
  device.add_holders()->set_pid(12);
  EXPECT_EQ(owner(device), "qemu-system-x86 4711, pid 12");
  device.clear_holders();
  EXPECT_EQ(owner(device), "-");
  device.set_holders_incomplete(true);
  EXPECT_THAT(owner(device), HasSubstr("unknown: orield cannot look into"));
}

TEST(HostDeviceReportTest, RowsNameWhatIsKnown) {
  EXPECT_EQ(FormatTable(HostDeviceRows(Mdev())),
            "host device:  83b8f4f2-509f-382f-3c1e-e6bfe0fa1001, mdev\n"
            "owner:        qemu-system-x86 4711\n"
            "driver:       vfio_mdev\n"
            "IOMMU group:  7\n"
            "type:         i915-GVTg_V5_4\n"
            "parent:       0000:00:02.0 (i915)\n");
  EXPECT_EQ(FormatTable(HostDeviceRows(Unattributed())),
            "host device:  unattributed\n"
            "owner:        crosvm 5\n"
            "evidence:     two groups would fit\n");
}

TEST(HostDeviceReportTest, NothingSteersTheTerminal) {
  v1::HostDevice device = SriovVgpu();
  device.set_kind(v1::DEVICE_KIND_UNATTRIBUTED);
  const std::string evil = "a\x1b[2J\nb";
  device.set_name(evil);
  device.set_driver(evil);
  device.set_iommu_group(evil);
  device.set_pci_id(evil);
  device.set_mdev_type(evil);
  device.set_mdev_type_name(evil + evil);
  device.set_vgpu_type(evil);
  device.set_parent(evil);
  device.set_parent_driver(evil);
  device.set_display(evil);
  device.mutable_loan()->set_vm(evil);
  device.mutable_loan()->set_vmm_command(evil);
  device.mutable_loan()->set_evidence(evil);
  device.add_holders()->set_command(evil);
  for (const std::string& text : {HostDeviceTable({device}, false),
                                  FormatTable(HostDeviceRows(device))}) {
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
    EXPECT_EQ(text.find("\nb"), std::string::npos);
  }
}

TEST(HostDeviceReportTest, JsonHasEveryFieldUnderItsProtoName) {
  const nlohmann::json json = HostDeviceJson(SriovVgpu());
  const auto expect_fields = [](const nlohmann::json& object,
                                const google::protobuf::Descriptor* type) {
    for (int i = 0; i < type->field_count(); ++i) {
      EXPECT_TRUE(object.contains(type->field(i)->name()))
          << type->field(i)->name();
    }
  };
  expect_fields(json, v1::HostDevice::descriptor());
  expect_fields(json["loan"], v1::DeviceLoan::descriptor());
  EXPECT_EQ(json["kind"], "sriov-vgpu");
  EXPECT_EQ(json["loan"]["vm"], "win10");
  const nlohmann::json mdev = HostDeviceJson(Mdev());
  EXPECT_TRUE(mdev["loan"].is_null());
  ASSERT_EQ(mdev["holders"].size(), 1u);
  expect_fields(mdev["holders"][0], v1::DeviceHolder::descriptor());
}

}  // namespace
}  // namespace oriel::clients
