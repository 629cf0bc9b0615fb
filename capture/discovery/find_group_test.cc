#include "capture/discovery/find_group.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "capture/discovery/fake_host.h"

namespace oriel::capture {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const char kUuid[] = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001";
const char kOtherUuid[] = "03b8f4f2-509f-382f-3c1e-e6bfe0fa1002";

std::string ErrorOf(const absl::StatusOr<std::string>& result) {
  return std::string(result.status().message());
}

TEST(CanonicalDeviceNameTest, WritesNamesAsTheKernelDoes) {
  EXPECT_EQ(*CanonicalDeviceName("83B8F4F2-509F-382F-3C1E-E6BFE0FA1001"),
            kUuid);
  EXPECT_EQ(*CanonicalDeviceName("00:02.0"), "0000:00:02.0");
  EXPECT_EQ(*CanonicalDeviceName("0000:AF:1f.7"), "0000:af:1f.7");
  EXPECT_EQ(*CanonicalDeviceName("10000:00:02.0"), "10000:00:02.0");
}

TEST(CanonicalDeviceNameTest, RefusesEverythingElse) {
  for (const std::string& name :
       {std::string(""), std::string("7"), std::string("../../etc/passwd"),
        std::string("00:02.8"), std::string("0000:00:02.0/.."),
        std::string(kUuid) + "0", std::string("0000:00:02.0\0x", 14),
        std::string(1 << 20, 'a')}) {
    const auto result = CanonicalDeviceName(name);
    EXPECT_TRUE(absl::IsInvalidArgument(result.status())) << name.substr(0, 40);
    EXPECT_LT(ErrorOf(result).size(), 300u);
  }
}

TEST(FindGroupPathTest, FindsAnMdevsGroup) {
  FakeHost host;
  host.AddMdev(kUuid, "7");
  const std::string file = host.AddGroupFile("7");
  const auto path = FindGroupPath(kUuid, host.paths());
  ASSERT_TRUE(path.ok()) << path.status();
  EXPECT_EQ(*path, file);
}

TEST(FindGroupPathTest, FindsAPciDevicesGroupByItsShortAddress) {
  FakeHost host;
  host.AddPciDevice("0000:00:02.0", "12", "vfio-pci");
  const std::string file = host.AddGroupFile("12");
  const auto path = FindGroupPath("00:02.0", host.paths());
  ASSERT_TRUE(path.ok()) << path.status();
  EXPECT_EQ(*path, file);
}

TEST(FindGroupPathTest, GroupWithoutIommuHasItsOwnFile) {
  FakeHost host;
  host.AddPciDevice("0000:00:02.0", "0", "vfio-pci");
  host.SetGroupName("0", "vfio-noiommu");
  const std::string file = host.AddGroupFile("noiommu-0");
  const auto path = FindGroupPath("0000:00:02.0", host.paths());
  ASSERT_TRUE(path.ok()) << path.status();
  EXPECT_EQ(*path, file);
}

TEST(FindGroupPathTest, EmulatedMdevHasAnOrdinaryFileInAGroupNamedNoiommu) {
  FakeHost host;
  host.AddMdev(kUuid, "7");
  host.SetGroupName("7", "vfio-noiommu");
  const std::string file = host.AddGroupFile("7");
  const auto path = FindGroupPath(kUuid, host.paths());
  ASSERT_TRUE(path.ok()) << path.status();
  EXPECT_EQ(*path, file);
}

TEST(FindGroupPathTest, MissingMdevModuleIsNamed) {
  FakeHost host;
  const auto path = FindGroupPath(kUuid, host.paths());
  EXPECT_TRUE(absl::IsNotFound(path.status()));
  EXPECT_THAT(ErrorOf(path), HasSubstr("modprobe mdev"));
}

TEST(FindGroupPathTest, MissingMdevListsTheOthersAndHowToCreateIt) {
  FakeHost host;
  host.AddMdev(kOtherUuid, "3");
  const auto path = FindGroupPath(kUuid, host.paths());
  EXPECT_TRUE(absl::IsNotFound(path.status()));
  EXPECT_THAT(ErrorOf(path),
              AllOf(HasSubstr(kOtherUuid), HasSubstr("mdev_supported_types")));
}

TEST(FindGroupPathTest, MissingPciDeviceIsNotFound) {
  FakeHost host;
  const auto path = FindGroupPath("00:02.0", host.paths());
  EXPECT_TRUE(absl::IsNotFound(path.status()));
  EXPECT_THAT(ErrorOf(path), HasSubstr("lspci -D"));
}

TEST(FindGroupPathTest, DeviceWithoutIommuGroupPointsToTheIommu) {
  FakeHost host;
  host.AddPciDevice("0000:00:02.0", "");
  const auto path = FindGroupPath("0000:00:02.0", host.paths());
  EXPECT_TRUE(absl::IsFailedPrecondition(path.status()));
  EXPECT_THAT(ErrorOf(path), HasSubstr("intel_iommu=on"));
}

TEST(FindGroupPathTest, DeviceOfAHostDriverPointsToVfioPci) {
  FakeHost host;
  host.AddPciDevice("0000:00:02.0", "2", "i915");
  const auto path = FindGroupPath("0000:00:02.0", host.paths());
  EXPECT_TRUE(absl::IsFailedPrecondition(path.status()));
  EXPECT_THAT(ErrorOf(path),
              AllOf(HasSubstr("its driver is i915"), HasSubstr("vfio-pci"),
                    HasSubstr("/dev/vfio/2 does not exist")));
}

TEST(FindGroupPathTest, GroupThatIsNoNumberIsNotFollowed) {
  FakeHost host;
  host.AddMdev(kUuid, "..");
  EXPECT_TRUE(
      absl::IsFailedPrecondition(FindGroupPath(kUuid, host.paths()).status()));
}

TEST(ListMdevsTest, NamesMdevsInOrderAndNothingElse) {
  FakeHost host;
  EXPECT_THAT(ListMdevs(host.paths()), IsEmpty());
  host.AddMdev(kUuid, "7");
  host.AddMdev(kOtherUuid, "8");
  host.AddMdev("not-an-mdev", "9");
  EXPECT_THAT(ListMdevs(host.paths()), ElementsAre(kOtherUuid, kUuid));
}

}  // namespace
}  // namespace oriel::capture
