#include "service/session/test_encoders.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

namespace oriel::session {
namespace {

using encoder::EncodeRequest;
using encoder::EncodeResult;
using encoder::Patch;

std::vector<uint8_t> Rows(const BandedPicture& picture, const Rect& rect) {
  std::vector<uint8_t> rows(static_cast<size_t>(rect.AreaPx()) *
                            kBytesPerPixel);
  picture.CopyTo(rect, rows.data(), size_t(rect.width_px) * kBytesPerPixel);
  return rows;
}

void Xor(std::vector<uint8_t>& rows, const std::vector<uint8_t>& other) {
  for (size_t i = 0; i < rows.size(); ++i) rows[i] ^= other[i];
}

// As many full rows of `rect` as weigh at most `max_bytes`, at least one.
Rect Cut(const Rect& rect, size_t max_bytes) {
  const size_t row_bytes = size_t(rect.width_px) * kBytesPerPixel;
  Rect part = rect;
  part.height_px = std::clamp<int32_t>(
      static_cast<int32_t>(max_bytes / row_bytes), 1, rect.height_px);
  return part;
}

EncodeResult Intra(const BandedPicture& picture, const Damage& damage,
                   size_t max_bytes) {
  EncodeResult result;
  size_t used = 0;
  for (const Rect& rect : damage.Rects()) {
    if (!result.patches.empty() && used >= max_bytes) break;
    const Rect part = Cut(rect, max_bytes - used);
    std::vector<uint8_t> rows = Rows(picture, part);
    used += rows.size();
    result.patches.push_back(
        {part, encoder::Lossless{},
         std::make_shared<const std::vector<uint8_t>>(std::move(rows))});
    result.done.Add(part);
    if (part != rect) break;
  }
  return result;
}

class XorEncoder final : public encoder::UpdateEncoder {
 public:
  explicit XorEncoder(std::shared_ptr<TestEncoderControls> controls)
      : controls_(std::move(controls)) {}

  absl::StatusOr<EncodeResult> Encode(const EncodeRequest& request) override {
    controls_->PassGate();
    ++controls_->encodes;
    if (controls_->fail) return absl::InternalError("told to fail");
    const size_t max_bytes = std::min<size_t>(request.max_payload_bytes,
                                              controls_->max_payload_bytes);
    if (request.keyframe) {
      return Intra(request.picture, request.damage, max_bytes);
    }
    EncodeResult result;
    size_t used = 0;
    for (const Rect& rect : request.damage.Rects()) {
      if (!result.done.empty() && used >= max_bytes) break;
      const Rect part = Cut(rect, max_bytes - std::min(used, max_bytes));
      result.done.Add(part);
      std::vector<uint8_t> rows = Rows(request.picture, part);
      const std::vector<uint8_t> base = Rows(request.reference, part);
      if (rows == base) continue;
      Xor(rows, base);
      used += rows.size();
      result.patches.push_back(
          {part, encoder::Lossless{.prefix = part},
           std::make_shared<const std::vector<uint8_t>>(std::move(rows))});
      if (part != rect) break;
    }
    return result;
  }
  encoder::JoinBy join_by() const override { return encoder::JoinBy::kCatchUp; }
  const Damage& inexact() const override { return controls_->inexact; }
  bool exact() const override { return true; }
  std::string description() const override { return "xor"; }

 private:
  const std::shared_ptr<TestEncoderControls> controls_;
};

class XorVideoEncoder final : public encoder::UpdateEncoder {
 public:
  explicit XorVideoEncoder(std::shared_ptr<TestEncoderControls> controls)
      : controls_(std::move(controls)) {}

  absl::StatusOr<EncodeResult> Encode(const EncodeRequest& request) override {
    controls_->PassGate();
    ++controls_->encodes;
    if (controls_->fail) return absl::InternalError("told to fail");
    const Rect all = Rect::Of(request.picture.size());
    std::vector<uint8_t> rows = Rows(request.picture, all);
    std::vector<uint8_t> access_unit = rows;
    const bool keyframe = request.keyframe || last_.empty();
    if (keyframe) {
      ++controls_->keyframes;
    } else {
      Xor(access_unit, last_);
    }
    last_ = std::move(rows);
    EncodeResult result;
    result.keyframe = keyframe;
    result.done = request.damage;
    result.patches.push_back(
        {all, encoder::Video{.keyframe = keyframe},
         std::make_shared<const std::vector<uint8_t>>(std::move(access_unit))});
    return result;
  }
  encoder::JoinBy join_by() const override {
    return encoder::JoinBy::kKeyframe;
  }
  bool exact() const override { return false; }
  std::string description() const override { return "xor video"; }

 private:
  const std::shared_ptr<TestEncoderControls> controls_;
  std::vector<uint8_t> last_;
};

}  // namespace

void TestEncoderControls::Block() {
  MutexLock lock(mutex_);
  blocked_ = true;
  holds_newcomers_ = true;
}

void TestEncoderControls::LetThroughFromNowOn() {
  MutexLock lock(mutex_);
  holds_newcomers_ = false;
}

void TestEncoderControls::Unblock() {
  MutexLock lock(mutex_);
  blocked_ = false;
  holds_newcomers_ = false;
  changed_.NotifyAll();
}

void TestEncoderControls::AwaitBlockedEncodes(int count) {
  MutexLock lock(mutex_);
  while (waiting_ < count) changed_.Wait(mutex_);
}

void TestEncoderControls::PassGate() {
  MutexLock lock(mutex_);
  if (!holds_newcomers_) return;
  ++waiting_;
  changed_.NotifyAll();
  while (blocked_) changed_.Wait(mutex_);
  --waiting_;
}

void TestEncoderControls::BlockOpening() {
  MutexLock lock(mutex_);
  opening_blocked_ = true;
}

void TestEncoderControls::UnblockOpening() {
  MutexLock lock(mutex_);
  opening_blocked_ = false;
  changed_.NotifyAll();
}

void TestEncoderControls::PassOpening() {
  MutexLock lock(mutex_);
  while (opening_blocked_) changed_.Wait(mutex_);
}

Encoders MakeTestEncoders(std::shared_ptr<TestEncoderControls> controls) {
  Encoders encoders;
  encoders.encodings = {encoder::Encoding::kLossless, encoder::Encoding::kH264};
  encoders.make = [controls](const encoder::EncoderOptions& options)
      -> absl::StatusOr<std::unique_ptr<encoder::UpdateEncoder>> {
    controls->PassOpening();
    if (controls->refuse_sizes) {
      return absl::InvalidArgumentError("told to refuse this size");
    }
    ++controls->made;
    if (options.encoding == encoder::Encoding::kH264) {
      return std::make_unique<XorVideoEncoder>(controls);
    }
    return std::make_unique<XorEncoder>(controls);
  };
  encoders.intra = [controls](
                       const BandedPicture& picture, const Damage& damage,
                       size_t max_bytes) -> absl::StatusOr<EncodeResult> {
    ++controls->intra_encodes;
    if (controls->fail_intra) return absl::InternalError("told to fail");
    return Intra(picture, damage, max_bytes);
  };
  encoders.stills = [controls](const BandedPicture& picture,
                               const Damage& damage,
                               size_t) -> absl::StatusOr<EncodeResult> {
    ++controls->still_encodes;
    if (controls->fail_stills) return absl::InternalError("told to fail");
    EncodeResult result;
    result.done = damage;
    for (const Rect& rect : damage.Rects()) {
      result.patches.push_back(
          {rect, encoder::Still{},
           std::make_shared<const std::vector<uint8_t>>(
               Rows(picture, {rect.x_px, rect.y_px, 1, 1}))});
    }
    return result;
  };
  return encoders;
}

}  // namespace oriel::session
