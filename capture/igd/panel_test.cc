#include <gtest/gtest.h>

#include "capture/igd/sample_tables.h"
#include "capture/igd/vbt.h"

namespace oriel::capture::igd {
namespace {

Vbt Parsed(const std::vector<uint8_t>& table,
           std::span<const uint8_t> panel_edid = {}) {
  auto vbt = ParseVbt(table, panel_edid);
  EXPECT_TRUE(vbt.ok()) << vbt.status();
  return vbt.ok() ? *std::move(vbt) : Vbt();
}

VbtBuilder Table(uint16_t bdb_version, uint8_t panel_type) {
  VbtBuilder builder(bdb_version);
  builder.AddChildren(SampleChildren()).AddLfpOptions(panel_type);
  return builder;
}

PanelMode Generic(PanelMode mode) {
  mode.from_generic_dtd = true;
  return mode;
}

// An EDID as far as the panel's ID goes.
std::vector<uint8_t> EdidOf(const LfpEntry& panel) {
  std::vector<uint8_t> edid(128);
  std::copy(panel.pnp_id.begin(), panel.pnp_id.end(), edid.begin() + 8);
  return edid;
}

size_t OffsetOf(const Vbt& vbt, uint8_t id) {
  for (const VbtBlock& block : vbt.blocks) {
    if (block.id == id) return block.offset_bytes + 3;
  }
  ADD_FAILURE() << "no block " << int{id};
  return 0;
}

TEST(PanelTest, ThePanelTypeChoosesAmongTheLfpData) {
  for (const uint16_t version : {122, 155, 212, 221, 266}) {
    for (uint8_t type = 0; type < 16; ++type) {
      const Vbt vbt =
          Parsed(Table(version, type).AddLfpData(SamplePanels()).Build());
      EXPECT_EQ(vbt.panel_type, type);
      EXPECT_EQ(vbt.panel_number, type);
      EXPECT_EQ(vbt.panel_mode, SamplePanels()[type].mode) << version;
      EXPECT_EQ(vbt.panel_name, SamplePanels()[type].name);
      EXPECT_EQ(vbt.panel_type2.has_value(), version >= 212);
      EXPECT_TRUE(vbt.problems.empty()) << vbt.problems.front();
    }
  }
}

TEST(PanelTest, WithoutPointersTheUsualLayoutHoldsFromVersion155On) {
  const Vbt vbt =
      Parsed(Table(155, 9).AddLfpData(SamplePanels(), false).Build());
  EXPECT_EQ(vbt.panel_mode, Wxga());
  EXPECT_EQ(vbt.panel_name, "PANEL-9");

  const Vbt older =
      Parsed(Table(154, 9).AddLfpData(SamplePanels(), false).Build());
  EXPECT_FALSE(older.panel_mode);
  EXPECT_EQ(older.problems.size(), 1u);
}

TEST(PanelTest, AGenericDtdComesFirstFromVersion229On) {
  std::vector<PanelMode> generic(16, FullHd());
  const auto of_version = [&generic](uint16_t version) {
    return Parsed(Table(version, 9)
                      .AddLfpData(SamplePanels())
                      .AddGenericDtds(generic)
                      .Build());
  };
  EXPECT_EQ(of_version(228).panel_mode, Wxga());
  EXPECT_EQ(of_version(229).panel_mode, Generic(FullHd()));
  EXPECT_EQ(of_version(229).panel_name, "PANEL-9");
}

TEST(PanelTest, AGenericDtdThatIsMissingLeavesTheLfpData) {
  const Vbt vbt = Parsed(Table(240, 9)
                             .AddLfpData(SamplePanels())
                             .AddGenericDtds({FullHd(), FullHd()})
                             .Build());
  EXPECT_EQ(vbt.panel_mode, Wxga());
  ASSERT_EQ(vbt.problems.size(), 1u);
  EXPECT_EQ(vbt.problems[0],
            "generic DTDs (block 58): 2 entries, none for panel 9");
}

TEST(PanelTest, Type255IsDecidedByThePanelsEdid) {
  const std::vector<LfpEntry> panels = SamplePanels();
  const auto table = Table(240, 255).AddLfpData(panels).Build();
  const Vbt vbt = Parsed(table, EdidOf(panels[14]));
  EXPECT_EQ(vbt.panel_type, 255);
  EXPECT_EQ(vbt.panel_number, 14);
  EXPECT_EQ(vbt.panel_mode, FullHd());
  EXPECT_TRUE(vbt.problems.empty());
}

TEST(PanelTest, Type255WithoutThatEdidGivesNoModeButAReason) {
  const std::vector<LfpEntry> panels = SamplePanels();
  const auto table = Table(240, 255).AddLfpData(panels).Build();
  LfpEntry other = panels[14];
  other.pnp_id[2] = 99;
  for (const auto& edid : {std::vector<uint8_t>(), EdidOf(other)}) {
    const Vbt vbt = Parsed(table, edid);
    EXPECT_EQ(vbt.panel_type, 255);
    EXPECT_FALSE(vbt.panel_number);
    EXPECT_FALSE(vbt.panel_mode);
    EXPECT_EQ(vbt.problems.size(), 1u);
  }
}

TEST(PanelTest, AnIdWithoutDateMatchesAnyDateButAnExactOneComesFirst) {
  std::vector<LfpEntry> panels = SamplePanels();
  const auto edid = EdidOf(panels[14]);
  panels[3].pnp_id = panels[14].pnp_id;
  panels[3].pnp_id[8] = panels[3].pnp_id[9] = 0;
  EXPECT_EQ(
      Parsed(Table(240, 255).AddLfpData(panels).Build(), edid).panel_number,
      14);
  panels[14].pnp_id[9] = 21;
  EXPECT_EQ(
      Parsed(Table(240, 255).AddLfpData(panels).Build(), edid).panel_number, 3);
}

TEST(PanelTest, AnImpossibleTypeIsTold) {
  const Vbt vbt = Parsed(Table(240, 16).AddLfpData(SamplePanels()).Build());
  EXPECT_EQ(vbt.panel_type, 16);
  EXPECT_FALSE(vbt.panel_mode);
  EXPECT_EQ(vbt.problems.size(), 1u);
}

TEST(PanelTest, BadPointersCostTheModeOnly) {
  const auto good = Table(221, 14).AddLfpData(SamplePanels()).Build();
  const size_t pointers = OffsetOf(Parsed(good), 41);
  const size_t data = OffsetOf(Parsed(good), 42);
  struct Damage {
    const char* expected;
    size_t at;
    uint8_t value;
  };
  for (const Damage& damage :
       {Damage{"3 tables a panel", pointers, 2},
        Damage{"panel 0: its tables have", pointers + 6, 17},
        Damage{"panel 15: a table of it lies outside", pointers + 1 + 135 + 1,
               0xFF},
        Damage{"panel 0: a table of it lies outside", pointers + 2, 0},
        Damage{"panel 1: there is no 0xffff", data + 66 + 36, 0}}) {
    auto table = good;
    table[damage.at] = damage.value;
    const Vbt vbt = Parsed(table);
    EXPECT_EQ(vbt.panel_type, 14);
    EXPECT_FALSE(vbt.panel_mode) << damage.expected;
    EXPECT_EQ(vbt.children, SampleChildren());
    EXPECT_NE(vbt.problems.back().find(damage.expected), std::string::npos)
        << vbt.problems.back();
  }
}

TEST(PanelTest, ASyncThatEndsBehindTheTotalExtendsIt) {
  PanelMode odd = FullHd();
  odd.total_width_px = 2010;
  odd.total_height_px = 1085;
  const Vbt vbt = Parsed(Table(221, 0).AddLfpData({{.mode = odd}}).Build());
  ASSERT_TRUE(vbt.panel_mode);
  EXPECT_EQ(vbt.panel_mode->total_width_px, 2053u);
  EXPECT_EQ(vbt.panel_mode->total_height_px, 1090u);
}

TEST(PanelTest, ADtdWithoutClockIsNoMode) {
  PanelMode stopped = FullHd();
  stopped.pixel_clock_khz = 0;
  EXPECT_FALSE(
      Parsed(Table(221, 0).AddLfpData({{.mode = stopped}}).Build()).panel_mode);
}

TEST(PanelTest, ModesKnowTheirRefreshRateAndTheBiosDefault) {
  EXPECT_NEAR(RefreshHz(FullHd()), 60.0, 0.001);
  EXPECT_TRUE(IsBiosDefault(BiosDefault()));
  EXPECT_FALSE(IsBiosDefault(Wxga()));
}

}  // namespace
}  // namespace oriel::capture::igd
