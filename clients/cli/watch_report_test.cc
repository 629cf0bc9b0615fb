#include "clients/cli/watch_report.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace oriel::clients {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

v1::FrameUpdate Sample() {
  v1::FrameUpdate update;
  update.set_generation(3);
  update.set_sequence(41);
  update.set_base_sequence(40);
  update.add_patches()->mutable_fill();
  update.add_patches()->mutable_fill();
  update.add_patches()->mutable_copy();
  update.add_patches()->mutable_lossless();
  update.add_patches()->mutable_lossless()->mutable_prefix();
  update.add_patches()->mutable_video();
  update.add_patches()->mutable_still();
  update.mutable_durations()->set_scan_us(1234);
  update.mutable_durations()->set_encode_us(56);
  return update;
}

TEST(WatchReportTest, CountsPatchesByKind) {
  const PatchCounts counts = CountPatches(Sample());
  EXPECT_EQ(counts.fill, 2u);
  EXPECT_EQ(counts.copy, 1u);
  EXPECT_EQ(counts.lossless, 1u);
  EXPECT_EQ(counts.delta, 1u);
  EXPECT_EQ(counts.video, 1u);
  EXPECT_EQ(counts.still, 1u);
}

TEST(WatchReportTest, ALineTellsAllOfAnUpdate) {
  const v1::FrameUpdate update = Sample();
  const std::string line =
      UpdateLine({update, 45'600, std::chrono::microseconds(2500), true});
  EXPECT_EQ(line,
            "    41  fill 2  copy 1  lossless 1  delta 1  video 1  still 1   "
            "45.6 kB  scan 1.2 ms  wait 0.00 ms  encode 0.06 ms  apply 2.5 ms  "
            "exact\n");
}

TEST(WatchReportTest, JsonHasNumbersAndTheEvent) {
  const v1::FrameUpdate update = Sample();
  const nlohmann::json json =
      UpdateJson({update, 45'600, std::chrono::microseconds(2500), false});
  EXPECT_EQ(json["event"], "update");
  EXPECT_EQ(json["sequence"], 41);
  EXPECT_EQ(json["base_sequence"], 40);
  EXPECT_EQ(json["generation"], 3);
  EXPECT_EQ(json["fill"], 2);
  EXPECT_EQ(json["delta"], 1);
  EXPECT_EQ(json["still"], 1);
  EXPECT_EQ(json["bytes"], 45'600);
  EXPECT_EQ(json["scan_us"], 1234);
  EXPECT_EQ(json["apply_us"], 2500);
  EXPECT_EQ(json["exact"], false);
}

TEST(WatchReportTest, FormatsNameThePlane) {
  v1::StreamFormat format;
  format.set_generation(1);
  format.set_width_px(640);
  format.set_height_px(480);
  format.set_source_fourcc(0x34325258);
  format.set_state(v1::DISPLAY_STATE_READY);
  EXPECT_EQ(FormatLine(format), "generation 1: 640x480 XR24\n");
  EXPECT_EQ(FormatJson(format)["fourcc"], "XR24");
  format.set_state(v1::DISPLAY_STATE_PLANE_OFF);
  format.set_state_reason("no driver");
  EXPECT_EQ(FormatLine(format), "generation 1: the plane is off: no driver\n");
  EXPECT_EQ(FormatJson(format)["plane_off"], true);
}

TEST(WatchReportTest, PointersSayWhereTheyAreAndWhatIsUnknown) {
  Pointer pointer;
  v1::Cursor cursor;
  cursor.set_visible(true);
  cursor.set_x_px(-4);
  cursor.set_y_px(12);
  cursor.set_width_px(1);
  cursor.set_height_px(2);
  ASSERT_TRUE(pointer.Apply(cursor, "abcdefgh").ok());
  EXPECT_EQ(PointerLine(pointer, true), "pointer at -4,12, 1x2\n");
  EXPECT_EQ(PointerLine(pointer, false), "pointer at -4,12\n");
  const nlohmann::json json = PointerJson(pointer, true);
  EXPECT_EQ(json["event"], "cursor");
  EXPECT_EQ(json["x_px"], -4);
  EXPECT_EQ(json["height_px"], 2);
  EXPECT_FALSE(json.contains("hot_x_px"));
  EXPECT_EQ(SummaryText({.pointer_count = 3, .pointer = pointer}),
            "no picture came in 0.0 s, 3 pointer events, now at -4,12\n");
  cursor.set_shape_unknown(true);
  cursor.clear_width_px();
  cursor.clear_height_px();
  ASSERT_TRUE(pointer.Apply(cursor, "").ok());
  EXPECT_EQ(PointerLine(pointer, false), "pointer at -4,12, shape unknown\n");
  ASSERT_TRUE(pointer.Apply(v1::Cursor(), "").ok());
  EXPECT_EQ(PointerLine(pointer, false), "pointer nowhere\n");
  EXPECT_EQ(PointerJson(pointer, false)["visible"], false);
}

TEST(WatchReportTest, WhatHasNoStagesHasNoZerosForThem) {
  v1::FrameUpdate update = Sample();
  update.mutable_durations()->Clear();
  const WatchedUpdate watched{update, 7, std::chrono::microseconds(50), false};
  EXPECT_THAT(UpdateLine(watched), HasSubstr("7 B  apply 0.05 ms\n"));
  const nlohmann::json json = UpdateJson(watched);
  EXPECT_TRUE(json["scan_us"].is_null());
  EXPECT_TRUE(json["wait_us"].is_null());
  EXPECT_TRUE(json["encode_us"].is_null());
}

TEST(WatchReportTest, ASummaryOfNothingSaysThatNothingCame) {
  const WatchSummary nothing{.duration = std::chrono::seconds(2)};
  EXPECT_EQ(SummaryText(nothing), "no picture came in 2.0 s\n");
  EXPECT_EQ(SummaryText({}), "no picture came in 0.0 s\n");
  EXPECT_EQ(SummaryJson(nothing)["updates"], 0);
  EXPECT_EQ(SummaryJson(nothing)["whole"], false);
}

TEST(WatchReportTest, ASummaryTellsHowMuchOfThePictureCame) {
  WatchSummary summary{.update_count = 1};
  EXPECT_THAT(SummaryText(summary), HasSubstr("only a part of the picture"));
  EXPECT_THAT(SummaryText(summary), Not(HasSubstr("nan")));
  summary.whole = true;
  EXPECT_THAT(SummaryText(summary), HasSubstr("not exact"));
  summary.exact = true;
  EXPECT_THAT(SummaryText(summary), HasSubstr("0 resyncs, exact\n"));
}

}  // namespace
}  // namespace oriel::clients
