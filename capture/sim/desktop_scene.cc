#include "capture/sim/desktop_scene.h"

#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "capture/sim/desktop_parts.h"
#include "capture/sim/theme.h"
#include "capture/sim/wallpaper.h"

namespace oriel::capture::sim {
namespace {

class DesktopScene : public Scene {
 public:
  explicit DesktopScene(DesktopOptions options)
      : options_(std::move(options)) {}

  const Canvas& canvas() const override { return canvas_; }
  bool resizable() const override { return true; }

  absl::Status SetSize(Size size) override {
    ASSIGN_OR_RETURN(std::shared_ptr<Theme> theme, Theme::Load(size));
    wallpaper_ = DrawWallpaper(size);
    canvas_ = Canvas(size);
    parts_ = MakeDesktopParts(
        std::move(theme), size,
        {{"Mode", absl::StrFormat("%d × %d", size.width_px, size.height_px)},
         {"Format", options_.format_name},
         {"Device", "oriel-sim, over vfio-user"},
         {"Guest", "none, only these pixels"}});
    fresh_ = true;
    return absl::OkStatus();
  }

  Damage Draw(const SceneTime& time) override {
    const SceneTime tick = {Tick(time.elapsed) * Interval(), time.wall};
    Damage damage;
    if (std::exchange(fresh_, false)) damage.Add(canvas_.bounds());
    for (const auto& part : parts_) damage.Add(part->Draw(tick));
    damage.IntersectWith(canvas_.bounds());
    for (const Rect& rect : damage.Rects()) Compose(rect);
    return damage;
  }

  std::optional<Duration> NextChange(const SceneTime& time) const override {
    return (Tick(time.elapsed) + 1) * Interval();
  }

 private:
  Duration Interval() const {
    return Duration(std::chrono::seconds(1)) / options_.rate_hz;
  }
  int64_t Tick(Duration elapsed) const { return elapsed / Interval(); }

  // From the uppermost part that hides all below it.
  void Compose(const Rect& rect) {
    size_t first = parts_.size();
    while (first > 0 && !parts_[first - 1]->opaque().Contains(rect)) --first;
    if (first > 0) {
      --first;
    } else {
      CopyWallpaper(rect);
    }
    for (size_t i = first; i < parts_.size(); ++i) {
      canvas_.Blend(parts_[i]->canvas(), parts_[i]->at(), rect);
    }
  }

  void CopyWallpaper(const Rect& rect) {
    for (int32_t y = rect.y_px; y < rect.bottom_px(); ++y) {
      std::memcpy(canvas_.Row(y) + rect.x_px, wallpaper_.Row(y) + rect.x_px,
                  size_t(rect.width_px) * sizeof(uint32_t));
    }
  }

  const DesktopOptions options_;
  Canvas wallpaper_;
  Canvas canvas_;
  std::vector<std::unique_ptr<DesktopPart>> parts_;
  bool fresh_ = true;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Scene>> MakeDesktopScene(
    const DesktopOptions& options) {
  auto scene = std::make_unique<DesktopScene>(options);
  RETURN_IF_ERROR(scene->SetSize(options.size));
  return scene;
}

}  // namespace oriel::capture::sim
