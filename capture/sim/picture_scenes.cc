#include "capture/sim/picture_scenes.h"

#include <png.h>

#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "capture/sim/pattern.h"

namespace oriel::capture::sim {
namespace {

constexpr uint32_t kMaxImageSidePx = 8192;

// Draws itself once for each size.
class StillScene : public Scene {
 public:
  StillScene(Canvas canvas, bool is_pattern)
      : canvas_(std::move(canvas)), is_pattern_(is_pattern) {}

  const Canvas& canvas() const override { return canvas_; }
  bool resizable() const override { return is_pattern_; }

  absl::Status SetSize(Size size) override {
    canvas_ = Canvas(size);
    for (int32_t y = 0; y < size.height_px; ++y) {
      uint32_t* row = canvas_.Row(y);
      for (int32_t x = 0; x < size.width_px; ++x) row[x] = PatternPixel(x, y);
    }
    drawn_ = false;
    return absl::OkStatus();
  }

  Damage Draw(const SceneTime&) override {
    return std::exchange(drawn_, true) ? Damage() : Damage(canvas_.bounds());
  }

  std::optional<Duration> NextChange(const SceneTime& time) const override {
    if (drawn_) return std::nullopt;
    return time.elapsed;
  }

 private:
  Canvas canvas_;
  const bool is_pattern_;
  bool drawn_ = false;
};

// Frees what libpng keeps, whichever way the function is left.
struct PngImage : png_image {
  PngImage() : png_image() { version = PNG_IMAGE_VERSION; }
  ~PngImage() { png_image_free(this); }
};

}  // namespace

std::unique_ptr<Scene> MakePatternScene(Size size) {
  auto scene = std::make_unique<StillScene>(Canvas(), true);
  scene->SetSize(size).IgnoreError();
  return scene;
}

absl::StatusOr<std::unique_ptr<Scene>> LoadImageScene(const std::string& path) {
  PngImage image;
  if (!png_image_begin_read_from_file(&image, path.c_str())) {
    return absl::InvalidArgumentError(
        absl::StrFormat("read image %s: %s", path, image.message));
  }
  if (image.width > kMaxImageSidePx || image.height > kMaxImageSidePx) {
    return absl::InvalidArgumentError(
        absl::StrFormat("read image %s: it has %ux%u pixels, at most %u a side "
                        "are possible",
                        path, image.width, image.height, kMaxImageSidePx));
  }
  image.format = PNG_FORMAT_BGR;
  const Size size = {static_cast<int32_t>(image.width),
                     static_cast<int32_t>(image.height)};
  std::vector<uint8_t> pixels(PNG_IMAGE_SIZE(image));
  const png_color black = {0, 0, 0};
  if (!png_image_finish_read(&image, &black, pixels.data(), 0, nullptr)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("read image %s: %s", path, image.message));
  }
  Canvas canvas(size);
  const uint8_t* from = pixels.data();
  for (int32_t y = 0; y < size.height_px; ++y) {
    uint32_t* row = canvas.Row(y);
    for (int32_t x = 0; x < size.width_px; ++x, from += 3) {
      row[x] = 0xFF000000u | uint32_t{from[2]} << 16 | uint32_t{from[1]} << 8 |
               from[0];
    }
  }
  return std::make_unique<StillScene>(std::move(canvas), false);
}

}  // namespace oriel::capture::sim
