#include "capture/borrow/command_line.h"

#include <algorithm>
#include <string>

#include "gtest/gtest.h"

namespace oriel::capture {
namespace {

constexpr char kUuid[] = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001";

// '|' stands for the NULs.
VmmCommandLine Parse(std::string text) {
  std::replace(text.begin(), text.end(), '|', '\0');
  return ParseVmmCommandLine(text);
}

TEST(VmmCommandLine, TellsTheVmsName) {
  EXPECT_EQ(Parse("qemu|-name|win11|").vm, "win11");
  EXPECT_EQ(Parse("qemu|--name|win11,process=x|").vm, "win11");
  EXPECT_EQ(Parse("qemu|-name|guest=win11,debug-threads=on|").vm, "win11");
  EXPECT_EQ(Parse("qemu|-name|debug-threads=on,guest=a,,b=c|").vm, "a,b=c");
  EXPECT_EQ(Parse("crosvm|run|--name=tiny|").vm, "tiny");
  EXPECT_EQ(Parse("qemu|-name").vm, "");
  EXPECT_EQ(Parse("").vm, "");
}

TEST(VmmCommandLine, TellsDevicesHoweverTheyAreWritten) {
  const std::string uuid = kUuid;
  for (const std::string& text :
       {"-device|vfio-pci,sysfsdev=/sys/bus/mdev/devices/" + uuid + "|",
        "-device|vfio-pci,id=x,sysfsdev=/sys/bus/mdev/devices/" + uuid + "/|",
        "-device|{\"driver\":\"vfio-pci\",\"sysfsdev\":\"/sys/bus/mdev/"
        "devices/" +
            uuid + "\",\"bus\":\"pci.0\",\"addr\":2}|",
        "--device|path=/sys/bus/mdev/devices/" + uuid + "/,iommu=on|",
        "--vfio=/sys/bus/mdev/devices/" + uuid + ",iommu=viommu|"}) {
    EXPECT_TRUE(Parse("vmm|" + text).Names(uuid)) << text;
    EXPECT_FALSE(Parse("vmm|" + text).Names("0000:01:00.0")) << text;
  }
  EXPECT_TRUE(Parse("q|-device|vfio-pci,host=01:00.0").Names("0000:01:00.0"));
  EXPECT_TRUE(
      Parse("q|-device|vfio-pci,host=0001:0A:00.0").Names("0001:0a:00.0"));
}

TEST(VmmCommandLine, ADisplayIsOffWhereTheDevicesArgumentsSaySo) {
  const std::string device =
      "q|-device|vfio-pci,sysfsdev=/sys/bus/mdev/devices/" + std::string(kUuid);
  EXPECT_TRUE(Parse(device).SaysDisplayOff(kUuid));
  EXPECT_TRUE(Parse(device + ",display=off").SaysDisplayOff(kUuid));
  EXPECT_FALSE(Parse(device + ",display=on").SaysDisplayOff(kUuid));
  EXPECT_FALSE(Parse(device + ",display=auto").SaysDisplayOff(kUuid));
  EXPECT_FALSE(
      Parse(device + "|" + device + ",display=on").SaysDisplayOff(kUuid));
  EXPECT_FALSE(Parse(device).SaysDisplayOff("0000:01:00.0"));
  const std::string json =
      "q|-device|{\"driver\":\"vfio-pci\",\"sysfsdev\":\"/" +
      std::string(kUuid) + "\",\"display\":";
  EXPECT_TRUE(Parse(json + "\"off\"}").SaysDisplayOff(kUuid));
  EXPECT_FALSE(Parse(json + "\"on\"}").SaysDisplayOff(kUuid));
  EXPECT_FALSE(Parse(json + "7}").SaysDisplayOff(kUuid));
}

TEST(VmmCommandLine, NoDisplayIsOffWhereOtherArgumentsMayChangeIt) {
  const std::string device =
      "q|-device|vfio-pci,sysfsdev=/sys/bus/mdev/devices/" +
      std::string(kUuid) + "|";
  for (const char* more :
       {"-global|vfio-pci.display=on", "-set|device.hostdev0.display=on",
        "-readconfig|x.conf"}) {
    EXPECT_FALSE(Parse(device + more).SaysDisplayOff(kUuid)) << more;
    EXPECT_TRUE(Parse(device + more).Names(kUuid)) << more;
  }
  EXPECT_TRUE(
      Parse(device + "-global|ICH9-LPC.noreboot=off").SaysDisplayOff(kUuid));
  // Another VMM's device has no such default.
  EXPECT_FALSE(
      Parse("ch|--device|path=/sys/bus/mdev/devices/" + std::string(kUuid))
          .SaysDisplayOff(kUuid));
  // What stands behind the part that was read is unknown.
  EXPECT_FALSE(Parse(device + std::string(kMaxCommandLineBytes, 'x'))
                   .SaysDisplayOff(kUuid));
}

TEST(VmmCommandLine, SurvivesWhatIsNoCommandLine) {
  EXPECT_TRUE(Parse(std::string(2 << 20, 'x')).devices.empty());
  EXPECT_TRUE(Parse(std::string(2 << 20, '|')).devices.empty());
  EXPECT_TRUE(Parse("qemu -name guest=x -device vfio-pci,host=01:00.0")
                  .devices.empty());
  EXPECT_TRUE(Parse("q|-device|{{{{|-device|{\"driver\":[[[|-device||-|--|")
                  .devices.empty());
  std::string many = "q|";
  for (int i = 0; i < 1000; ++i) many += "-device|vfio-pci,host=01:00.0|";
  EXPECT_EQ(Parse(many).devices.size(), 256u);
}

TEST(DeviceNames, HaveTheKernelsShape) {
  EXPECT_TRUE(IsMdevUuid(kUuid));
  EXPECT_FALSE(IsMdevUuid("83b8f4f2-509f-382f-3c1e-e6bfe0fa100"));
  EXPECT_FALSE(IsMdevUuid("83b8f4f2/509f/382f/3c1e/e6bfe0fa1001"));
  EXPECT_TRUE(IsPciAddress("0000:00:02.0"));
  EXPECT_TRUE(IsPciAddress("10000:e1:1f.7"));
  EXPECT_FALSE(IsPciAddress("00:02.0"));
  EXPECT_FALSE(IsPciAddress("0000:00:02.8"));
  EXPECT_FALSE(IsPciAddress(""));
}

}  // namespace
}  // namespace oriel::capture
