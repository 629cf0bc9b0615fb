#include "capture/sim/desktop_scene.h"

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
    size_t above = parts_.size();
    while (above > 0 && !parts_[above - 1]->opaque().Contains(rect)) --above;
    if (above > 0) {
      canvas_.Copy(parts_[above - 1]->canvas(), parts_[above - 1]->at(), rect);
    } else {
      canvas_.Copy(wallpaper_, {}, rect);
    }
    for (size_t i = above; i < parts_.size(); ++i) {
      canvas_.Blend(parts_[i]->canvas(), parts_[i]->at(), rect);
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
