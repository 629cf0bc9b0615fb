#include "capture/sim/xwd_framebuffer.h"

#include <fcntl.h>
#include <libdrm/drm_fourcc.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "capture/sim/xwd_header.h"

namespace oriel::capture::sim {
namespace {

// Short only at the file's end.
absl::StatusOr<size_t> ReadAt(int fd, uint64_t offset, std::span<uint8_t> out) {
  size_t done = 0;
  while (done < out.size()) {
    const ssize_t count = pread(fd, out.data() + done, out.size() - done,
                                static_cast<off_t>(offset + done));
    if (count == 0) break;
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return absl::ErrnoToStatus(errno, "read the screen file");
    done += static_cast<size_t>(count);
  }
  return done;
}

class XwdFramebuffer : public Framebuffer {
 public:
  XwdFramebuffer(UniqueFd fd, const XwdLayout& layout, uint64_t file_bytes)
      : fd_(std::move(fd)), layout_(layout) {
    const auto page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
    size_bytes_ = (file_bytes + page - 1) / page * page;
  }

  int fd() const override { return fd_.get(); }
  uint64_t region_size_bytes() const override { return size_bytes_; }
  Plane plane() const override {
    return {.fourcc = DRM_FORMAT_XRGB8888,
            .size = layout_.size,
            .stride_bytes = layout_.stride_bytes,
            .offset_bytes = layout_.pixel_offset};
  }
  absl::Status Read(uint64_t offset, std::span<uint8_t> out) const override {
    ASSIGN_OR_RETURN(const size_t done, ReadAt(fd_.get(), offset, out));
    std::fill(out.begin() + static_cast<std::ptrdiff_t>(done), out.end(), 0);
    return absl::OkStatus();
  }
  Size max_size() const override { return layout_.size; }
  absl::Status SetMode(Size) override { return absl::OkStatus(); }
  void Draw(const SceneTime&) override {}
  std::optional<Duration> NextChange(const SceneTime&) const override {
    return std::nullopt;
  }

 private:
  const UniqueFd fd_;
  const XwdLayout layout_;
  uint64_t size_bytes_ = 0;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Framebuffer>> OpenXwdFramebuffer(
    const std::string& path) {
  // O_NONBLOCK: a FIFO of that name must not hold us up.
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat info {};
  if (!fd.valid() || fstat(fd.get(), &info) != 0) {
    return absl::ErrnoToStatus(
        errno, absl::StrFormat("open screen file %s (Xvfb makes it: Xvfb :9 "
                               "-screen 0 1920x1080x24 -fbdir FOLDER)",
                               path));
  }
  if (!S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("open screen file %s: it is no regular file", path));
  }
  const auto file_bytes = static_cast<uint64_t>(info.st_size);
  std::array<uint8_t, kXwdHeaderBytes> header{};
  ASSIGN_OR_RETURN(const size_t read, ReadAt(fd.get(), 0, header));
  const auto layout = ParseXwdHeader(std::span(header).first(read), file_bytes);
  if (!layout.ok()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("open screen file %s: %s", path,
                        std::string(layout.status().message())));
  }
  return std::make_unique<XwdFramebuffer>(std::move(fd), *layout, file_bytes);
}

}  // namespace oriel::capture::sim
