// What the encoders make and a viewer shows, with the wire between them.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <random>

#include "clients/lib/picture_updater.h"
#include "clients/lib/update_to_proto.h"
#include "encoder/band_hash.h"
#include "encoder/test_pictures.h"
#include "encoder/update_encoder.h"
#include "encoder/video/video_stream.h"
#include "encoder/video_links.h"

namespace oriel::clients {
namespace {

using encoder::EncodeResult;
using encoder::Encoding;
using encoder::ToBanded;

v1::StreamFormat FormatOf(Size size) {
  v1::StreamFormat format;
  format.set_generation(1);
  format.set_width_px(size.width_px);
  format.set_height_px(size.height_px);
  return format;
}

// Over the wire and back, so that the messages are what a client reads.
absl::StatusOr<Applied> Send(const encoder::Update& update,
                             PictureUpdater& viewer) {
  v1::StreamFramesResponse received;
  received.ParseFromString(ToProto(update).SerializeAsString());
  return viewer.Apply(received.update(), received.payload());
}

// A lane of its own: an encoder and the reference that it leads.
class Lane {
 public:
  Lane(Encoding encoding, Size size) : reference_(size), damage_() {
    auto made =
        encoder::MakeUpdateEncoder({.encoding = encoding, .size = size});
    EXPECT_TRUE(made.ok()) << made.status();
    encoder_ = *std::move(made);
  }

  encoder::Update Next(const BandedPicture& picture, const Damage& damage,
                       size_t max_payload_bytes = 900'000) {
    damage_.Add(damage);
    auto result = encoder_->Encode({.picture = picture,
                                    .reference = reference_,
                                    .damage = damage_,
                                    // base_sequence 0 allows no sources.
                                    .keyframe = sequence_ == 0,
                                    .max_payload_bytes = max_payload_bytes});
    EXPECT_TRUE(result.ok()) << result.status();
    if (!result.ok()) return {};
    damage_.Subtract(result->done);
    for (const Rect& rect : result->done.Rects()) {
      reference_.CopyFrom(picture, rect);
    }
    const uint64_t base = sequence_++;
    encoder::Update update = {.generation = 1,
                              .sequence = sequence_,
                              .base_sequence = base,
                              .patches = std::move(result->patches),
                              .more_follows = !damage_.empty(),
                              .exact = encoder_->exact() && damage_.empty()};
    if (encoder_->exact()) {
      const int band = static_cast<int>(sequence_) % reference_.band_count();
      update.check = encoder::HashBand(reference_, band);
    }
    links_.Link(update);
    return update;
  }

  const BandedPicture& reference() const { return reference_; }
  uint64_t sequence() const { return sequence_; }

 private:
  std::unique_ptr<encoder::UpdateEncoder> encoder_;
  BandedPicture reference_;
  Damage damage_;
  encoder::VideoLinks links_;
  uint64_t sequence_ = 0;
};

void Change(Picture& picture, std::mt19937& random,
            encoder::Typewriter& typewriter, Damage& damage) {
  const Size size = picture.size();
  const auto below = [&](int32_t limit) {
    return static_cast<int32_t>(random() % std::max(1, limit));
  };
  const Rect rect =
      Intersection({below(size.width_px), below(size.height_px),
                    1 + below(size.width_px), 1 + below(size.height_px)},
                   Rect::Of(size));
  switch (random() % 4) {
    case 0:
      encoder::FillRect(picture, rect, random() & 0xFFFFFF);
      damage.Add(rect);
      break;
    case 1:
      typewriter.DrawLine(picture, rect.x_px, rect.right_px(), rect.y_px);
      damage.Add(Intersection({rect.x_px, rect.y_px, rect.width_px,
                               encoder::Typewriter::kLineHeightPx},
                              Rect::Of(size)));
      break;
    case 2:
      encoder::ScrollUp(picture, rect, 1 + below(rect.height_px));
      damage.Add(rect);
      break;
    default: {
      const Rect small = {rect.x_px, rect.y_px, std::min(rect.width_px, 60),
                          std::min(rect.height_px, 60)};
      const Picture noise =
          encoder::NoisePicture({small.width_px, small.height_px}, random());
      for (int32_t y = 0; y < small.height_px; ++y) {
        std::copy_n(noise.At(0, y), noise.stride_bytes(),
                    picture.MutableAt(small.x_px, small.y_px + y));
      }
      damage.Add(small);
    }
  }
}

TEST(EncodeAndApplyTest, ALosslessViewerEndsByteEqualAfterEveryChange) {
  std::mt19937 random(11);
  encoder::Typewriter typewriter;
  for (const Size size : {Size{400, 300}, Size{1, 70}, Size{331, 33}}) {
    Lane lane(Encoding::kLossless, size);
    PictureUpdater viewer;
    ASSERT_TRUE(viewer.Apply(FormatOf(size)).ok());
    Picture picture = typewriter.Page(size);
    Damage damage(Rect::Of(size));
    for (int step = 0; step < 60; ++step) {
      const BandedPicture banded = ToBanded(picture);
      // Small messages now and then, so that changes are cut.
      const size_t max_bytes = step % 5 == 0 ? 20'000 : 900'000;
      for (bool more = true; more; damage.Clear()) {
        const encoder::Update update = lane.Next(banded, damage, max_bytes);
        const auto applied = Send(update, viewer);
        ASSERT_TRUE(applied.ok()) << applied.status() << " step " << step;
        EXPECT_EQ(applied->exact, !update.more_follows);
        more = update.more_follows;
      }
      ASSERT_EQ(viewer.picture(), picture) << "step " << step;
      Change(picture, random, typewriter, damage);
    }
  }
}

TEST(EncodeAndApplyTest, CatchUpBandsBringAJoinerIntoTheLane) {
  encoder::Typewriter typewriter;
  const Size size = {800, 600};
  Lane lane(Encoding::kLossless, size);
  Picture picture = typewriter.Page(size);
  lane.Next(ToBanded(picture), Damage(Rect::Of(size)));

  PictureUpdater joiner;
  ASSERT_TRUE(joiner.Apply(FormatOf(size)).ok());
  Damage stale(Rect::Of(size));
  while (!stale.empty()) {
    auto bands = encoder::EncodeIntra(lane.reference(), stale, 20'000);
    ASSERT_TRUE(bands.ok()) << bands.status();
    stale.Subtract(bands->done);
    const auto applied = Send({.generation = 1,
                               .sequence = lane.sequence(),
                               .patches = std::move(bands->patches),
                               .more_follows = !stale.empty()},
                              joiner);
    ASSERT_TRUE(applied.ok()) << applied.status();
    EXPECT_TRUE(applied->present);
  }
  EXPECT_EQ(joiner.picture(), picture);

  typewriter.DrawLine(picture, 0, 800, 300);
  ASSERT_TRUE(
      Send(lane.Next(ToBanded(picture), Damage({0, 300, 800, 16})), joiner)
          .ok());
  EXPECT_EQ(joiner.picture(), picture);
}

double PsnrDb(const Picture& a, const Picture& b) {
  double squares = 0;
  for (size_t i = 0; i < a.bytes().size(); ++i) {
    squares += std::pow(double(a.bytes()[i]) - b.bytes()[i], 2);
  }
  // A quarter of the bytes is X and always equal.
  const double mean = squares / (0.75 * a.bytes().size());
  return 10 * std::log10(255 * 255 / std::max(mean, 1e-9));
}

constexpr Encoding kVideoEncodings[] = {Encoding::kH264, Encoding::kVp9,
                                        Encoding::kAv1};
constexpr encoder::VideoCodec kCodecs[] = {encoder::VideoCodec::kH264,
                                           encoder::VideoCodec::kVp9,
                                           encoder::VideoCodec::kAv1};

TEST(EncodeAndApplyTest, AVideoViewerSeesEveryPictureAtOnce) {
  encoder::Typewriter typewriter;
  for (const Encoding encoding : kVideoEncodings) {
    for (const Size size : {Size{640, 480}, Size{333, 251}, Size{1280, 720}}) {
      Lane lane(encoding, size);
      PictureUpdater viewer;
      ASSERT_TRUE(viewer.Apply(FormatOf(size)).ok());
      Picture picture = encoder::SmoothPicture(size);
      Damage damage(Rect::Of(size));
      for (int step = 0; step < 8; ++step) {
        const auto applied = Send(lane.Next(ToBanded(picture), damage), viewer);
        ASSERT_TRUE(applied.ok()) << applied.status();
        EXPECT_FALSE(applied->exact);
        EXPECT_TRUE(applied->keyframe_streams.empty());
        EXPECT_GE(PsnrDb(viewer.picture(), picture), 33)
            << encoder::EncodingName(encoding) << " " << size.width_px << "x"
            << size.height_px << " step " << step;
        for (size_t i = 3; i < viewer.picture().bytes().size(); i += 4) {
          ASSERT_EQ(viewer.picture().bytes()[i], 0xFF) << i;
        }
        damage = Damage({0, 32 * step, size.width_px, 16});
        typewriter.DrawLine(picture, 0, size.width_px, 32 * step);
      }
    }
  }
}

// Streams of areas of one picture, in updates of their own making.
class AreaStreams {
 public:
  void Open(encoder::VideoCodec codec, const Rect& area, bool chroma_444,
            uint32_t stream_id) {
    auto stream = encoder::VideoStream::Open({.codec = codec,
                                              .area = area,
                                              .chroma_444 = chroma_444,
                                              .stream_id = stream_id});
    ASSERT_TRUE(stream.ok()) << stream.status();
    streams_.push_back(*std::move(stream));
  }

  encoder::Update Next(const Picture& picture) {
    encoder::Update update = {
        .generation = 1, .sequence = sequence_ + 1, .base_sequence = sequence_};
    ++sequence_;
    for (const auto& stream : streams_) {
      auto patch = stream->Encode(ToBanded(picture), Damage(stream->area()),
                                  false, Time{});
      EXPECT_TRUE(patch.ok()) << patch.status();
      if (patch.ok()) update.patches.push_back(*std::move(patch));
    }
    links_.Link(update);
    return update;
  }

 private:
  std::vector<std::unique_ptr<encoder::VideoStream>> streams_;
  encoder::VideoLinks links_;
  uint64_t sequence_ = 0;
};

TEST(EncodeAndApplyTest, VideoAreasOfAnySizeLieWhereTheyBelong) {
  const Size size = {400, 300};
  const Rect left = {3, 5, 121, 77};
  const Rect right = {200, 64, 128, 200};
  for (const encoder::VideoCodec codec : kCodecs) {
    for (const bool chroma_444 : {false, true}) {
      AreaStreams lane;
      lane.Open(codec, left, chroma_444, 3);
      lane.Open(codec, right, !chroma_444, 9);
      PictureUpdater viewer;
      ASSERT_TRUE(viewer.Apply(FormatOf(size)).ok());
      for (int frame = 0; frame < 4; ++frame) {
        const Picture picture = encoder::FilmPicture(size, frame);
        const auto applied = Send(lane.Next(picture), viewer);
        ASSERT_TRUE(applied.ok()) << applied.status();
        // Black but for the areas.
        Picture expected(size);
        for (const Rect& area : {left, right}) {
          ToBanded(picture).CopyTo(area,
                                   expected.MutableAt(area.x_px, area.y_px),
                                   expected.stride_bytes());
        }
        EXPECT_GE(PsnrDb(viewer.picture(), expected), 36);
        EXPECT_EQ(viewer.picture().At(left.right_px(), 10)[0], 0);
        EXPECT_EQ(viewer.picture().At(10, left.bottom_px())[0], 0);
      }
    }
  }
}

TEST(EncodeAndApplyTest, AJoinerShowsAnAreaFromItsNextKeyframeOn) {
  const Size size = {96, 64};
  AreaStreams lane;
  lane.Open(encoder::VideoCodec::kVp9, {8, 8, 64, 48}, false, 4);
  PictureUpdater viewer;
  ASSERT_TRUE(viewer.Apply(FormatOf(size)).ok());
  lane.Next(encoder::FilmPicture(size, 0));
  encoder::Update update = lane.Next(encoder::FilmPicture(size, 1));
  ASSERT_TRUE(
      Send({.generation = 1, .sequence = update.base_sequence}, viewer).ok());
  const auto skipped = Send(update, viewer);
  ASSERT_TRUE(skipped.ok()) << skipped.status();
  EXPECT_EQ(skipped->keyframe_streams, std::vector<uint32_t>{4});
  EXPECT_EQ(viewer.picture(), Picture(size));
}

TEST(EncodeAndApplyTest, AnAccessUnitAfterAMissedOneIsLeftOut) {
  const Size size = {96, 64};
  AreaStreams lane;
  lane.Open(encoder::VideoCodec::kH264, {8, 8, 64, 48}, false, 4);
  PictureUpdater viewer;
  ASSERT_TRUE(viewer.Apply(FormatOf(size)).ok());
  ASSERT_TRUE(Send(lane.Next(encoder::FilmPicture(size, 0)), viewer).ok());
  const Picture shown = viewer.picture();
  // Caught up by other means, as a slow viewer is.
  const uint64_t missed = lane.Next(encoder::FilmPicture(size, 1)).sequence;
  ASSERT_TRUE(Send({.generation = 1, .sequence = missed}, viewer).ok());
  const auto applied = Send(lane.Next(encoder::FilmPicture(size, 2)), viewer);
  ASSERT_TRUE(applied.ok()) << applied.status();
  EXPECT_EQ(applied->keyframe_streams, std::vector<uint32_t>{4});
  EXPECT_EQ(viewer.picture(), shown);
}

TEST(EncodeAndApplyTest, TheStreamUnusedLongestMakesRoomForANewOne) {
  const Size size = {64, 64};
  PictureUpdater viewer;
  ASSERT_TRUE(viewer.Apply(FormatOf(size)).ok());
  AreaStreams first;
  first.Open(encoder::VideoCodec::kH264, Rect::Of(size), false, 0);
  encoder::Update update = first.Next(encoder::FilmPicture(size, 0));
  ASSERT_TRUE(Send(update, viewer).ok());
  uint64_t sequence = 1;
  const auto send = [&](encoder::Update next) {
    next.base_sequence = sequence++;
    next.sequence = sequence;
    return Send(next, viewer);
  };
  // Two pictures' worth of decoders are kept.
  for (uint32_t stream_id = 1; stream_id <= 2; ++stream_id) {
    AreaStreams other;
    other.Open(encoder::VideoCodec::kH264, Rect::Of(size), false, stream_id);
    const auto applied = send(other.Next(encoder::FilmPicture(size, 1)));
    ASSERT_TRUE(applied.ok()) << applied.status();
    EXPECT_TRUE(applied->keyframe_streams.empty());
  }
  const auto applied = send(first.Next(encoder::FilmPicture(size, 2)));
  ASSERT_TRUE(applied.ok()) << applied.status();
  EXPECT_EQ(applied->keyframe_streams, std::vector<uint32_t>{0});
}

TEST(EncodeAndApplyTest, AStreamThatCodesAnotherSizeIsRefused) {
  for (const Encoding encoding : kVideoEncodings) {
    const Size size = {1024, 768};
    Lane lane(encoding, size);
    PictureUpdater viewer;
    ASSERT_TRUE(viewer.Apply(FormatOf(size)).ok());
    encoder::Update update = lane.Next(ToBanded(encoder::SmoothPicture(size)),
                                       Damage(Rect::Of(size)));
    for (const Rect& rect : {Rect{0, 0, 64, 64}, Rect{0, 0, 1022, 768}}) {
      update.patches[0].rect = rect;
      EXPECT_EQ(Send(update, viewer).status().code(),
                absl::StatusCode::kFailedPrecondition)
          << encoder::EncodingName(encoding);
      EXPECT_EQ(viewer.picture(), Picture(size));
    }
  }
}

TEST(EncodeAndApplyTest, ATruncatedAccessUnitIsNoPicture) {
  // Not VP9: FFmpeg's decoder takes zeros for what is missing.
  for (const Encoding encoding : {Encoding::kH264, Encoding::kAv1}) {
    const Size size = {128, 96};
    Lane lane(encoding, size);
    PictureUpdater viewer;
    ASSERT_TRUE(viewer.Apply(FormatOf(size)).ok());
    encoder::Update update = lane.Next(ToBanded(encoder::NoisePicture(size, 1)),
                                       Damage(Rect::Of(size)));
    const encoder::Payload whole = update.patches[0].payload;
    update.patches[0].payload = std::make_shared<const std::vector<uint8_t>>(
        whole->begin(), whole->begin() + whole->size() / 2);
    EXPECT_EQ(Send(update, viewer).status().code(),
              absl::StatusCode::kFailedPrecondition)
        << encoder::EncodingName(encoding);
    EXPECT_EQ(viewer.picture(), Picture(size));
    update.patches[0].payload = whole;
    EXPECT_TRUE(Send(update, viewer).ok());
  }
}

}  // namespace
}  // namespace oriel::clients
