#pragma once

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "base/picture/banded_picture.h"
#include "base/picture/damage.h"
#include "base/picture/rect.h"

struct AVFrame;

namespace oriel::encoder {

enum class Chroma { k420, k444 };

// An area of a picture as planar YUV, BT.709 in limited range, kept between
// calls so that only strips of the area with damage are converted. Odd sizes
// grow by a column or row that repeats the last one. Thread-compatible.
class YuvPicture {
 public:
  // `area` is not empty. kResourceExhausted: no memory, or a size that FFmpeg
  // refuses.
  static absl::StatusOr<std::unique_ptr<YuvPicture>> Make(const Rect& area,
                                                          Chroma chroma);
  ~YuvPicture();

  // The area lies in `picture`; `damage` is in the picture's coordinates.
  void Convert(const BandedPicture& picture, const Damage& damage);

  // Its pixels change with the next Convert().
  AVFrame* frame() { return frame_.get(); }

 private:
  struct FreeFrame {
    void operator()(AVFrame* frame) const;
  };

  YuvPicture(const Rect& area, Chroma chroma) : area_(area), chroma_(chroma) {}

  absl::Status MakeFrame();
  // Rows of the area from `first` to before `end`; `first` is even.
  void ConvertRows(const BandedPicture& picture, int32_t first, int32_t end);

  const Rect area_;
  const Chroma chroma_;
  std::unique_ptr<AVFrame, FreeFrame> frame_;
};

}  // namespace oriel::encoder
