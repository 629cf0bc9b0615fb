#include "encoder/video/encoder_pace.h"

#include <chrono>

namespace oriel::encoder {
namespace {

// A mean that few pictures tell, the first of which is a keyframe.
constexpr int kPictures = 8;
constexpr Duration kLongEnough = std::chrono::seconds(2);
// Ten pictures a second, of a display that takes every other moment for them.
constexpr Duration kSlow = std::chrono::milliseconds(60);

}  // namespace

EncoderPace::EncoderPace(size_t choice_count)
    : choices_(choice_count), changes_left_(2 * choice_count) {}

size_t EncoderPace::Next(size_t choice, Duration took) {
  Choice& now = choices_[choice];
  ++now.pictures;
  now.total += took;
  if (now.pictures < kPictures && now.total < kLongEnough) return choice;
  now.mean = now.total / now.pictures;
  now.pictures = 0;
  now.total = {};
  if (*now.mean < kSlow || changes_left_ == 0) return choice;
  size_t best = choice;
  for (size_t i = 0; i < choices_.size(); ++i) {
    if (choices_[i].dropped) continue;
    if (!choices_[i].mean.has_value()) {
      best = i;
      break;
    }
    if (*choices_[i].mean < *choices_[best].mean) best = i;
  }
  // Not for a little.
  if (choices_[best].mean.has_value() &&
      *choices_[best].mean * 5 > *now.mean * 4) {
    return choice;
  }
  --changes_left_;
  return best;
}

}  // namespace oriel::encoder
