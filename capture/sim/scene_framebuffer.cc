#include "capture/sim/scene_framebuffer.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"

namespace oriel::capture::sim {
namespace {

// Rows start at a multiple of this, as scanout hardware wants it; so a stride
// is not always width times bytes.
constexpr uint32_t kStrideAlignment = 64;

uint32_t StrideBytes(int32_t width_px, int32_t bytes_per_pixel) {
  const auto row = static_cast<uint32_t>(width_px * bytes_per_pixel);
  return (row + kStrideAlignment - 1) / kStrideAlignment * kStrideAlignment;
}

absl::Status ErrnoStatus(const char* what) {
  const int error = errno;
  return absl::ErrnoToStatus(
      error, absl::StrFormat("%s of the framebuffer's memfd", what));
}

class SceneFramebuffer : public Framebuffer {
 public:
  SceneFramebuffer(std::unique_ptr<Scene> scene, const PixelWriter& writer)
      : scene_(std::move(scene)),
        writer_(writer),
        max_size_(scene_->resizable() ? kLargestMode
                                      : scene_->canvas().size()) {
    const auto page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
    const Size size = scene_->canvas().size();
    const uint64_t bytes = std::max(
        uint64_t{StrideBytes(max_size_.width_px, 4)} * max_size_.height_px,
        uint64_t{StrideBytes(size.width_px, 4)} * size.height_px);
    size_bytes_ = (bytes + page - 1) / page * page;
  }
  ~SceneFramebuffer() override {
    if (memory_ != nullptr) munmap(memory_, size_bytes_);
  }

  absl::Status Open() {
    UniqueFd memory(memfd_create("oriel-sim", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!memory.valid()) return ErrnoStatus("creation");
    if (ftruncate(memory.get(), static_cast<off_t>(size_bytes_)) != 0) {
      return ErrnoStatus("growth");
    }
    void* address = mmap(nullptr, size_bytes_, PROT_READ | PROT_WRITE,
                         MAP_SHARED, memory.get(), 0);
    if (address == MAP_FAILED) return ErrnoStatus("mapping");
    memory_ = static_cast<uint8_t*>(address);
    constexpr int kSize = F_SEAL_SHRINK | F_SEAL_GROW;
    // Before Linux 5.1 there is no seal against new writable mappings.
    if (fcntl(memory.get(), F_ADD_SEALS, kSize | F_SEAL_FUTURE_WRITE) != 0 &&
        fcntl(memory.get(), F_ADD_SEALS, kSize) != 0) {
      return ErrnoStatus("sealing");
    }
    const std::string path = absl::StrFormat("/proc/self/fd/%d", memory.get());
    fd_.reset(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd_.valid()) return ErrnoStatus("read-only reopening");
    return absl::OkStatus();
  }

  int fd() const override { return fd_.get(); }
  uint64_t region_size_bytes() const override { return size_bytes_; }

  Plane plane() const override {
    const Size size = scene_->canvas().size();
    return {
        .fourcc = writer_.fourcc,
        .size = size,
        .stride_bytes = StrideBytes(size.width_px, writer_.bytes_per_pixel)};
  }

  absl::Status Read(uint64_t offset, std::span<uint8_t> out) const override {
    std::memcpy(out.data(), memory_ + offset, out.size());
    return absl::OkStatus();
  }

  Size max_size() const override { return max_size_; }

  absl::Status SetMode(Size size) override {
    if (!scene_->resizable() || size == scene_->canvas().size()) {
      return absl::OkStatus();
    }
    if (size.empty() || size.width_px > max_size_.width_px ||
        size.height_px > max_size_.height_px) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "set mode %dx%d: modes go up to %dx%d", size.width_px, size.height_px,
          max_size_.width_px, max_size_.height_px));
    }
    RETURN_IF_ERROR(scene_->SetSize(size));
    // Whoever hears of the new mode finds its pixels.
    Draw(last_draw_);
    return absl::OkStatus();
  }

  void Draw(const SceneTime& time) override {
    last_draw_ = time;
    const Damage damage = scene_->Draw(time);
    const uint64_t stride = plane().stride_bytes;
    for (const Rect& rect : damage.Rects()) {
      for (int32_t y = rect.y_px; y < rect.bottom_px(); ++y) {
        writer_.write(
            scene_->canvas().Row(y) + rect.x_px, rect.width_px,
            memory_ + y * stride + size_t(rect.x_px) * writer_.bytes_per_pixel);
      }
    }
  }

  std::optional<Duration> NextChange(const SceneTime& time) const override {
    return scene_->NextChange(time);
  }

 private:
  const std::unique_ptr<Scene> scene_;
  const PixelWriter& writer_;
  const Size max_size_;
  SceneTime last_draw_;
  uint64_t size_bytes_ = 0;
  uint8_t* memory_ = nullptr;
  UniqueFd fd_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Framebuffer>> MakeSceneFramebuffer(
    std::unique_ptr<Scene> scene, const PixelWriter& writer) {
  auto framebuffer =
      std::make_unique<SceneFramebuffer>(std::move(scene), writer);
  RETURN_IF_ERROR(framebuffer->Open());
  return framebuffer;
}

}  // namespace oriel::capture::sim
