#include "clients/cli/vbt_report.h"

#include "capture/igd/sample_tables.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace oriel::clients {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
namespace igd = capture::igd;

std::vector<uint8_t> LaptopVbt(uint8_t panel_type = 14) {
  return igd::VbtBuilder(221)
      .SetName("SKYLAKE")
      .AddChildren(igd::SampleChildren())
      .AddLfpOptions(panel_type)
      .AddLfpData(igd::SamplePanels())
      .Build();
}

VbtFile Decoded(const std::vector<uint8_t>& bytes) {
  auto file = DecodeVbtFile(bytes);
  EXPECT_TRUE(file.ok()) << file.status();
  return file.ok() ? *std::move(file) : VbtFile();
}

TEST(VbtReportTest, JsonHasTheStableFields) {
  const nlohmann::json json = VbtJson(Decoded(LaptopVbt()));
  EXPECT_EQ(json["bdb_version"], 221);
  EXPECT_EQ(json["panel_type"], 14);
  ASSERT_EQ(json["children"].size(), 3u);
  const nlohmann::json& panel = json["children"][0];
  EXPECT_EQ(panel["handle"], 8);
  EXPECT_EQ(panel["device_type"], 0x1806);
  EXPECT_EQ(panel["dvo_port"], 10);
  EXPECT_EQ(panel["ddc_pin"], 3);
  EXPECT_EQ(panel["aux_channel"], 0x40);
  EXPECT_EQ(panel["kind"], "eDP");
  EXPECT_EQ(panel["port"], "A");
  EXPECT_EQ(panel["internal"], true);
  EXPECT_EQ(json["panel_mode"]["width_px"], 1920);
  EXPECT_EQ(json["panel_mode"]["height_px"], 1080);
  EXPECT_EQ(json["panel_mode"]["pixel_clock_khz"], 148500);
  EXPECT_EQ(json["panel_mode"]["total_width_px"], 2200);
  EXPECT_EQ(json["panel_mode"]["total_height_px"], 1125);
  EXPECT_EQ(json["panel_mode"]["bios_default"], false);
  EXPECT_EQ(json["blocks"][0],
            (nlohmann::json{{"id", 2}, {"offset", 70}, {"size", 122}}));
  EXPECT_EQ(json["problems"], nlohmann::json::array());
  EXPECT_TRUE(json["op_region"].is_null());
}

TEST(VbtReportTest, WhatIsNotKnownIsNull) {
  const nlohmann::json json =
      VbtJson(Decoded(igd::VbtBuilder(221)
                          .AddChildren({{.device_type = 0x5062, .dvo_port = 4}})
                          .Build()));
  EXPECT_TRUE(json["panel_type"].is_null());
  EXPECT_TRUE(json["panel_mode"].is_null());
  EXPECT_TRUE(json["children"][0]["port"].is_null());
}

TEST(VbtReportTest, AnOpRegionIsTakenForWhatItIs) {
  const VbtFile file = Decoded(igd::BuildOpRegion(igd::SampleChildren()));
  const nlohmann::json json = VbtJson(file);
  EXPECT_EQ(json["children"].size(), 3u);
  EXPECT_EQ(json["op_region"]["major"], 2);
  EXPECT_EQ(json["op_region"]["minor"], 1);
  EXPECT_EQ(json["op_region"]["vbt_offset"], 0x400);
  EXPECT_THAT(VbtDetails(file, false),
              HasSubstr("OpRegion:    version 2.1, 8 KiB\n"
                        "mailboxes:   ACPI, SWSCI, ASLE, VBT\n"));
}

TEST(VbtReportTest, AVbtInAnOptionRomIsFound) {
  std::vector<uint8_t> rom(65536, 0xFF);
  rom[0] = 0x55;
  rom[1] = 0xAA;
  const std::string code = "code that looks for $VBT in itself";
  std::copy(code.begin(), code.end(), rom.begin() + 100);
  const std::vector<uint8_t> table = LaptopVbt();
  std::copy(table.begin(), table.end(), rom.begin() + 0x5A02);
  const VbtFile file = Decoded(rom);
  EXPECT_EQ(VbtJson(file)["vbt_offset"], 0x5A02);
  EXPECT_THAT(VbtDetails(file, false),
              testing::StartsWith("VBT at:  0x5a02\nVBT:     SKYLAKE"));
  EXPECT_EQ(VbtJson(Decoded(table))["vbt_offset"], 0);
}

TEST(VbtReportTest, LegacyConnectorsAreMarked) {
  const VbtFile file = Decoded(igd::VbtBuilder(100)
                                   .AddLegacyChildren(igd::SampleChildren(), 22)
                                   .Build());
  EXPECT_EQ(VbtJson(file)["children"][0]["legacy"], true);
  EXPECT_EQ(VbtJson(Decoded(LaptopVbt()))["children"][0]["legacy"], false);
  EXPECT_THAT(VbtDetails(file, false), HasSubstr("\neDP (legacy)     A "));
}

TEST(VbtReportTest, AnOpRegionWithoutAVbtIsTellingToo) {
  std::vector<uint8_t> bytes = igd::BuildOpRegion({});
  bytes[0x58] = 0;
  const auto file = DecodeOpRegion(bytes);
  ASSERT_TRUE(file.ok()) << file.status();
  const std::string text = VbtDetails(*file, false);
  EXPECT_THAT(text, HasSubstr("OpRegion:    version 2.1, 8 KiB\n"));
  EXPECT_THAT(text, HasSubstr("VBT:         none\n\nProblems:\n  "));
  EXPECT_THAT(text, HasSubstr("no VBT"));
  EXPECT_THAT(text, Not(HasSubstr("VBT at:")));
  const nlohmann::json json = VbtJson(*file);
  EXPECT_TRUE(json["version"].is_null());
  EXPECT_TRUE(json["bdb_version"].is_null());
  EXPECT_EQ(json["children"], nlohmann::json::array());
  EXPECT_EQ(json["op_region"]["major"], 2);
  EXPECT_EQ(json["problems"].size(), 1u);
  EXPECT_EQ(DecodeOpRegion({}).status().code(), absl::StatusCode::kDataLoss);
}

TEST(VbtReportTest, PeopleGetAlignedTables) {
  EXPECT_EQ(
      VbtDetails(Decoded(LaptopVbt()), false),
      "VBT:    SKYLAKE, version 1.00, 1704 bytes\n"
      "BDB:    version 221, 4 blocks\n"
      "panel:  14, PANEL-14\n"
      "mode:   1920x1080 at 60.00 Hz, 148.50 MHz, in all 2200x1125 (block 42)\n"
      "\n"
      "CONNECTOR  PORT  HANDLE        TYPE    DVO  DDC  AUX   INTERNAL  HOTPLUG"
      "  TYPE-C\n"
      "eDP        A     0x8 (LFP 1)   0x1806  10   3    0x40  yes       -      "
      "  -\n"
      "HDMI-A     B     0x4 (EFP 1)   0x60d2  1    5    -     -         yes    "
      "  -\n"
      "DP++       C     0x40 (EFP 2)  0x60d6  8    4    0x20  -         yes    "
      "  -\n"
      "\n"
      "BLOCK  OFFSET  BYTES\n"
      "2      0x46    122\n"
      "40     0xc3    34\n"
      "41     0xe8    148\n"
      "42     0x17f   1318\n");
}

TEST(VbtReportTest, TheBiosDefaultAndProblemsAreSaid) {
  std::vector<uint8_t> bytes = LaptopVbt(0);
  bytes[26] ^= 0xFF;
  const std::string text = VbtDetails(Decoded(bytes), false);
  EXPECT_THAT(text, HasSubstr("1024x768"));
  EXPECT_THAT(text, HasSubstr("BIOS default"));
  EXPECT_THAT(text, HasSubstr("\nProblems:\n  the checksum (byte 26)"));
}

TEST(VbtReportTest, OtherFilesAreRefusedWithTheReason) {
  const auto reason = [](const std::vector<uint8_t>& bytes) {
    return std::string(DecodeVbtFile(bytes).status().message());
  };
  EXPECT_THAT(reason({}), HasSubstr("it is empty"));
  EXPECT_THAT(reason({'$', 'V', 'B', 'T'}), HasSubstr("4 bytes"));
  std::vector<uint8_t> region = igd::BuildOpRegion({});
  EXPECT_THAT(reason({region.begin(), region.begin() + 100}),
              HasSubstr("OpRegion of 100 bytes"));
  region[0x58] = 0;
  EXPECT_THAT(reason(region), HasSubstr("no VBT"));
}

}  // namespace
}  // namespace oriel::clients
