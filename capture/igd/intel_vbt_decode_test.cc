// Our decoder against Debian's intel_vbt_decode (intel-gpu-tools), which shares
// no code with it, on tables of every shape.

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <set>
#include <sstream>

#include "capture/igd/sample_tables.h"
#include "capture/igd/vbt.h"

namespace oriel::capture::igd {
namespace {

constexpr char kTool[] = "/usr/bin/intel_vbt_decode";

class IntelVbtDecodeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (access(kTool, X_OK) != 0) {
      GTEST_SKIP() << kTool << " is not there; install intel-gpu-tools";
    }
  }

  // What the tool prints of the table.
  static std::string Decode(const std::vector<uint8_t>& table) {
    const std::string path = ::testing::TempDir() + "/table.vbt";
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(table.data()),
               static_cast<std::streamsize>(table.size()));
    FILE* pipe = popen(
        (std::string(kTool) + " --file=" + path + " 2>/dev/null").c_str(), "r");
    std::string text;
    char part[4096];
    while (pipe != nullptr && fgets(part, sizeof(part), pipe) != nullptr) {
      text += part;
    }
    EXPECT_TRUE(pipe != nullptr && pclose(pipe) == 0) << text;
    return text;
  }
};

// What follows the label on its first line, up to `end`; empty without one.
std::string After(const std::string& text, const std::string& label,
                  const std::string& end = "\n") {
  const size_t found = text.find(label);
  if (found == std::string::npos) return "";
  const size_t begin = text.find_first_not_of(" \t", found + label.size());
  return text.substr(begin, text.find(end, begin) - begin);
}

int HexAfter(const std::string& text, const std::string& label) {
  const std::string rest = After(text, label);
  const size_t digits = rest.find("0x");
  return digits == std::string::npos
             ? 0
             : std::stoi(rest.substr(digits), nullptr, 16);
}

// Before BDB 155 the tool calls the AUX channel's byte by an older name, though
// firmware from 142 on has the AUX channel there.
std::vector<ChildDevice> ToolsChildren(const std::string& text) {
  std::vector<ChildDevice> children;
  const std::string title = "Child device info:";
  for (size_t at = text.find(title); at != std::string::npos;) {
    const size_t next = text.find(title, at + 1);
    const std::string child = text.substr(at, next - at);
    const bool is_old = child.find("Slave2 address:") != std::string::npos;
    const char* aux_label = is_old ? "Slave2 address:" : "Aux channel:";
    children.push_back(
        {.handle = static_cast<uint16_t>(HexAfter(child, "Device handle:")),
         .device_type = static_cast<uint16_t>(HexAfter(child, "Device type:")),
         .dvo_port = static_cast<uint8_t>(HexAfter(child, "DVO Port:")),
         .ddc_pin = static_cast<uint8_t>(HexAfter(child, "DDC pin:")),
         .aux_channel = static_cast<uint8_t>(HexAfter(child, aux_label))});
    at = next;
  }
  return children;
}

std::string Timings(const PanelMode& mode) {
  std::ostringstream text;
  text << mode.width_px << ' ' << mode.h_sync_start_px << ' '
       << mode.h_sync_end_px << ' ' << mode.total_width_px << ' '
       << mode.height_px << ' ' << mode.v_sync_start_px << ' '
       << mode.v_sync_end_px << ' ' << mode.total_height_px << ' '
       << mode.pixel_clock_khz << ".00";
  return text.str();
}

// Each once and sorted, as the tool lists them.
std::string BlockList(const Vbt& vbt) {
  std::set<int> ids;
  for (const VbtBlock& block : vbt.blocks) ids.insert(block.id);
  std::ostringstream text;
  for (const int id : ids) text << ' ' << id;
  return text.str();
}

std::string ToolsBlockList(const std::string& text) {
  std::istringstream ids(After(text, "BDB blocks present:\n", "\n\n"));
  std::ostringstream list;
  for (int id; ids >> id;) list << ' ' << id;
  return list.str();
}

TEST_F(IntelVbtDecodeTest, AgreesOnTablesOfEveryShape) {
  for (const TableShape& shape : EveryTableShape()) {
    for (const uint8_t panel_type : {9, 14}) {
      SCOPED_TRACE(::testing::Message() << "BDB " << shape.bdb_version << ", "
                                        << int{shape.child_bytes});
      const auto table = VbtBuilder(shape.bdb_version)
                             .AddBlock(254, std::vector<uint8_t>(20))
                             .AddChildren(SampleChildren(), shape.child_bytes)
                             .AddLfpOptions(panel_type)
                             .AddLfpData(SamplePanels())
                             .Build();
      const std::string text = Decode(table);
      const auto vbt = ParseVbt(table);
      ASSERT_TRUE(vbt.ok()) << vbt.status();
      EXPECT_EQ(std::to_string(vbt->bdb_version), After(text, "BDB version:"));
      EXPECT_EQ(BlockList(*vbt), ToolsBlockList(text));
      EXPECT_EQ(vbt->children, ToolsChildren(text)) << text;
      EXPECT_EQ(std::to_string(*vbt->panel_type), After(text, "Panel type:"));
      ASSERT_TRUE(vbt->panel_mode);
      EXPECT_EQ(Timings(*vbt->panel_mode), After(text, "timings:", " (good)"));
      EXPECT_EQ(vbt->panel_name, After(text, "Panel name:", " "));
    }
  }
}

TEST_F(IntelVbtDecodeTest, AgreesOnLegacyChildrenInAnOptionRom) {
  for (const uint8_t child_bytes : {22, 27, 33}) {
    const auto table = VbtBuilder(child_bytes == 22 ? 100 : 150)
                           .AddBlock(254, std::vector<uint8_t>(20))
                           .AddLegacyChildren(SampleChildren(), child_bytes)
                           .Build();
    std::vector<uint8_t> rom(65536, 0xC3);
    std::copy(table.begin(), table.end(), rom.begin() + 0x5A00);
    const auto found = FindVbt(rom);
    ASSERT_TRUE(found.ok()) << found.status();
    EXPECT_EQ(found->offset_bytes, 0x5A00u);
    std::vector<ChildDevice> children = found->vbt.children;
    for (ChildDevice& child : children) child.legacy = false;
    const std::string text = Decode(rom);
    EXPECT_EQ(children, ToolsChildren(text)) << text;
    EXPECT_EQ(children.size(), SampleChildren().size());
  }
}

TEST_F(IntelVbtDecodeTest, AgreesOnTheLayoutWithoutPointers) {
  const auto table = VbtBuilder(221)
                         .AddChildren(SampleChildren())
                         .AddLfpOptions(9)
                         .AddLfpData(SamplePanels(), false)
                         .Build();
  const std::string text = Decode(table);
  const auto vbt = ParseVbt(table);
  ASSERT_TRUE(vbt.ok() && vbt->panel_mode);
  EXPECT_EQ(Timings(*vbt->panel_mode), After(text, "timings:", " (good)"));
}

// It trusts the BDB's size and loses the last block, as the kernel does.
TEST_F(IntelVbtDecodeTest, HasOneBlockLessWhereTheBdbIsAByteShort) {
  const auto table = VbtBuilder(221)
                         .AddChildren(SampleChildren())
                         .AddBlock(51, std::vector<uint8_t>(9))
                         .ShortenBdb()
                         .Build();
  EXPECT_EQ(ToolsBlockList(Decode(table)), " 2");
  const auto vbt = ParseVbt(table);
  ASSERT_TRUE(vbt.ok());
  EXPECT_EQ(BlockList(*vbt), " 2 51");
}

}  // namespace
}  // namespace oriel::capture::igd
