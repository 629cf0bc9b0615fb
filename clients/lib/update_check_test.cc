#include "clients/lib/update_check.h"

#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <string>

namespace oriel::clients {
namespace {

constexpr Size kPicture = {1000, 800};

v1::Rect MakeRect(uint32_t x, uint32_t y, uint32_t width, uint32_t height) {
  v1::Rect rect;
  rect.set_x_px(x);
  rect.set_y_px(y);
  rect.set_width_px(width);
  rect.set_height_px(height);
  return rect;
}

// One patch of each kind, all in order.
v1::FrameUpdate GoodUpdate() {
  v1::FrameUpdate update;
  update.set_base_sequence(4);
  v1::Patch* fill = update.add_patches();
  *fill->mutable_rect() = MakeRect(0, 0, 100, 100);
  fill->mutable_fill()->set_rgb(0x123456);
  v1::Patch* copy = update.add_patches();
  *copy->mutable_rect() = MakeRect(100, 0, 100, 100);
  copy->mutable_copy()->set_source_x_px(900);
  copy->mutable_copy()->set_source_y_px(700);
  v1::Patch* delta = update.add_patches();
  *delta->mutable_rect() = MakeRect(200, 0, 100, 100);
  *delta->mutable_lossless()->mutable_prefix() = MakeRect(0, 0, 400, 100);
  delta->set_payload_size_bytes(10);
  v1::Patch* video = update.add_patches();
  *video->mutable_rect() = MakeRect(0, 100, 1000, 700);
  video->mutable_video()->set_codec(v1::VIDEO_CODEC_H264);
  video->set_payload_size_bytes(5);
  return update;
}

absl::StatusCode CodeOf(const v1::FrameUpdate& update,
                        size_t payload_bytes = 15) {
  return CheckUpdate(update, std::string(payload_bytes, 'x'), kPicture)
      .status()
      .code();
}

TEST(CheckUpdateTest, AnUpdateThatKeepsTheRulesIsSplitIntoItsPatches) {
  const v1::FrameUpdate update = GoodUpdate();
  const std::string payload = "0123456789abcde";
  const auto patches = CheckUpdate(update, payload, kPicture);
  ASSERT_TRUE(patches.ok()) << patches.status();
  ASSERT_EQ(patches->size(), 4u);
  EXPECT_EQ((*patches)[1].source, (Rect{900, 700, 100, 100}));
  EXPECT_EQ((*patches)[2].source, (Rect{0, 0, 400, 100}));
  EXPECT_EQ((*patches)[2].payload.size(), 10u);
  EXPECT_EQ((*patches)[3].payload[0], 'a');
}

struct BrokenRule {
  const char* name;
  std::function<void(v1::FrameUpdate&)> breaks;
};

// One still, as a viewer that catches up gets it.
v1::FrameUpdate GoodStill() {
  v1::FrameUpdate update;
  v1::Patch* still = update.add_patches();
  *still->mutable_rect() = MakeRect(0, 0, 512, 512);
  still->mutable_still()->set_shrink(2);
  still->set_payload_size_bytes(15);
  return update;
}

TEST(CheckUpdateTest, AStillBelongsToCatchUpAndKeepsItsLimits) {
  const std::function<void(v1::FrameUpdate&)> breaks[] = {
      [](auto& u) { u.set_base_sequence(4); },
      [](auto& u) { u.mutable_patches(0)->mutable_still()->set_shrink(0); },
      [](auto& u) { u.mutable_patches(0)->mutable_still()->set_shrink(9); },
      [](auto& u) { u.mutable_patches(0)->clear_payload_size_bytes(); },
      [](auto& u) { u.mutable_patches(0)->mutable_rect()->set_height_px(513); },
  };
  EXPECT_EQ(CodeOf(GoodStill()), absl::StatusCode::kOk);
  for (const auto& broken : breaks) {
    v1::FrameUpdate update = GoodStill();
    broken(update);
    EXPECT_EQ(CodeOf(update), absl::StatusCode::kInvalidArgument)
        << update.ShortDebugString();
  }
}

TEST(CheckUpdateTest, EachBrokenRuleIsRefused) {
  constexpr uint32_t kHuge = 0xFFFFFFFF;
  const BrokenRule rules[] = {
      {"empty rectangle",
       [](auto& u) { u.mutable_patches(0)->mutable_rect()->clear_width_px(); }},
      {"no rectangle", [](auto& u) { u.mutable_patches(0)->clear_rect(); }},
      {"outside the picture",
       [](auto& u) {
         *u.mutable_patches(0)->mutable_rect() = MakeRect(901, 0, 100, 100);
       }},
      {"right edge beyond 32 bits",
       [](auto& u) {
         *u.mutable_patches(0)->mutable_rect() = MakeRect(2, 0, kHuge, 1);
       }},
      {"destinations overlap",
       [](auto& u) {
         *u.mutable_patches(0)->mutable_rect() = MakeRect(1, 1, 100, 99);
       }},
      {"copy from outside",
       [](auto& u) {
         u.mutable_patches(1)->mutable_copy()->set_source_y_px(701);
       }},
      {"copy from beyond 32 bits",
       [](auto& u) {
         u.mutable_patches(1)->mutable_copy()->set_source_x_px(kHuge);
       }},
      {"prefix outside",
       [](auto& u) {
         u.mutable_patches(2)->mutable_lossless()->mutable_prefix()->set_y_px(
             701);
       }},
      {"prefix too large",
       [](auto& u) {
         u.mutable_patches(2)
             ->mutable_lossless()
             ->mutable_prefix()
             ->set_height_px(101);
       }},
      {"empty prefix",
       [](auto& u) {
         u.mutable_patches(2)->mutable_lossless()->mutable_prefix()->Clear();
       }},
      {"sources without a base", [](auto& u) { u.clear_base_sequence(); }},
      {"payload of a fill",
       [](auto& u) {
         u.mutable_patches(0)->set_payload_size_bytes(1);
         u.mutable_patches(2)->set_payload_size_bytes(9);
       }},
      {"lossless without payload",
       [](auto& u) {
         u.mutable_patches(2)->set_payload_size_bytes(0);
         u.mutable_patches(3)->set_payload_size_bytes(15);
       }},
      {"payload too short",
       [](auto& u) { u.mutable_patches(3)->set_payload_size_bytes(6); }},
      {"payload sizes beyond 32 bits",
       [](auto& u) { u.mutable_patches(3)->set_payload_size_bytes(kHuge); }},
      {"payload left over",
       [](auto& u) { u.mutable_patches(3)->set_payload_size_bytes(4); }},
      {"no kind", [](auto& u) { u.mutable_patches(0)->clear_fill(); }},
      {"no colour",
       [](auto& u) {
         u.mutable_patches(0)->mutable_fill()->set_rgb(0x1000000);
       }},
      {"patch too large",
       [](auto& u) {
         u.mutable_patches(3)->clear_video();
         u.mutable_patches(3)->mutable_lossless();
       }},
      {"check of no rows", [](auto& u) { u.mutable_check()->set_y_px(10); }},
      {"check outside",
       [](auto& u) {
         u.mutable_check()->set_y_px(kHuge);
         u.mutable_check()->set_height_px(2);
       }},
  };
  ASSERT_EQ(CodeOf(GoodUpdate()), absl::StatusCode::kOk);
  for (const BrokenRule& rule : rules) {
    v1::FrameUpdate update = GoodUpdate();
    rule.breaks(update);
    EXPECT_EQ(CodeOf(update), absl::StatusCode::kInvalidArgument) << rule.name;
  }
}

TEST(CheckUpdateTest, VideoOntoAnythingMustBeAKeyframe) {
  v1::FrameUpdate update;
  v1::Patch* patch = update.add_patches();
  *patch->mutable_rect() = MakeRect(0, 0, 1000, 800);
  patch->mutable_video()->set_codec(v1::VIDEO_CODEC_H264);
  patch->set_payload_size_bytes(15);
  EXPECT_EQ(CodeOf(update), absl::StatusCode::kInvalidArgument);
  patch->mutable_video()->set_keyframe(true);
  EXPECT_EQ(CodeOf(update), absl::StatusCode::kOk);
}

TEST(CheckUpdateTest, AStreamHasOneAccessUnitInAnUpdate) {
  v1::FrameUpdate update;
  for (uint32_t x : {0, 500}) {
    v1::Patch* patch = update.add_patches();
    *patch->mutable_rect() = MakeRect(x, 0, 500, 800);
    patch->mutable_video()->set_keyframe(true);
    patch->set_payload_size_bytes(5);
  }
  EXPECT_EQ(CodeOf(update, 10), absl::StatusCode::kInvalidArgument);
  update.mutable_patches(1)->mutable_video()->set_stream_id(1);
  EXPECT_EQ(CodeOf(update, 10), absl::StatusCode::kOk);
}

TEST(CheckFormatTest, OnlyPicturesThatADisplayCanHaveAreTaken) {
  struct Case {
    uint32_t width, height;
    bool ok;
  };
  for (const Case& c : {Case{0, 0, true}, Case{1920, 1080, true},
                        Case{16384, 4096, true}, Case{16385, 1, false},
                        Case{16384, 4097, false}, Case{1u << 31, 2, false}}) {
    v1::StreamFormat format;
    format.set_width_px(c.width);
    format.set_height_px(c.height);
    EXPECT_EQ(CheckFormat(format).ok(), c.ok) << c.width << "x" << c.height;
  }
}

bool MeetPairwise(const std::vector<Rect>& rects) {
  for (size_t i = 0; i < rects.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (!Intersection(rects[i], rects[j]).empty()) return true;
    }
  }
  return false;
}

TEST(AreDisjointTest, AgreesWithLookingAtEveryPair) {
  std::mt19937 random(3);
  int disjoint = 0;
  for (int round = 0; round < 5000; ++round) {
    std::vector<Rect> rects(random() % 9);
    for (Rect& rect : rects) {
      const auto below = [&](int limit) {
        return static_cast<int32_t>(random() % limit);
      };
      rect = {below(20), below(20), 1 + below(8), 1 + below(8)};
    }
    disjoint += !MeetPairwise(rects);
    EXPECT_EQ(AreDisjoint(rects), !MeetPairwise(rects)) << "round " << round;
  }
  EXPECT_GT(disjoint, 500);
  EXPECT_LT(disjoint, 4500);
}

}  // namespace
}  // namespace oriel::clients
