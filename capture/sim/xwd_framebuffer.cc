#include "capture/sim/xwd_framebuffer.h"

#include <fcntl.h>
#include <libdrm/drm_fourcc.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
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

// How long an X server that has ended may look alive.
constexpr std::chrono::milliseconds kLookInterval(250);

// A screen file that was opened, and what it was then.
struct ScreenFile {
  UniqueFd fd;
  dev_t device = 0;
  ino_t inode = 0;
  uint64_t size_bytes = 0;
  std::array<uint8_t, kXwdHeaderBytes> header{};
  XwdLayout layout;

  bool SameScreen(const ScreenFile& other) const {
    return device == other.device && inode == other.inode &&
           size_bytes == other.size_bytes && header == other.header;
  }
};

absl::StatusOr<ScreenFile> OpenScreenFile(const std::string& path) {
  ScreenFile file;
  // O_NONBLOCK: a FIFO of that name must not hold us up.
  file.fd.reset(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat info {};
  if (!file.fd.valid() || fstat(file.fd.get(), &info) != 0) {
    return absl::ErrnoToStatus(
        errno, absl::StrFormat("open screen file %s (Xvfb makes it: Xvfb :9 "
                               "-screen 0 1920x1080x24 -fbdir FOLDER)",
                               path));
  }
  if (!S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("open screen file %s: it is no regular file", path));
  }
  file.device = info.st_dev;
  file.inode = info.st_ino;
  file.size_bytes = static_cast<uint64_t>(info.st_size);
  ASSIGN_OR_RETURN(const size_t read, ReadAt(file.fd.get(), 0, file.header));
  const auto layout =
      ParseXwdHeader(std::span(file.header).first(read), file.size_bytes);
  if (!layout.ok()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("open screen file %s: %s", path,
                        std::string(layout.status().message())));
  }
  file.layout = *layout;
  return file;
}

class XwdFramebuffer : public Framebuffer {
 public:
  XwdFramebuffer(const std::string& path, ScreenFile file)
      : path_(path), file_(std::move(file)) {
    const auto page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
    size_bytes_ = (file_.size_bytes + page - 1) / page * page;
  }

  int fd() const override { return file_.fd.get(); }
  uint64_t region_size_bytes() const override { return size_bytes_; }
  Plane plane() const override {
    return {.fourcc = DRM_FORMAT_XRGB8888,
            .size = file_.layout.size,
            .stride_bytes = file_.layout.stride_bytes,
            .offset_bytes = file_.layout.pixel_offset};
  }
  absl::Status Read(uint64_t offset, std::span<uint8_t> out) const override {
    ASSIGN_OR_RETURN(const size_t done, ReadAt(fd(), offset, out));
    std::fill(out.begin() + static_cast<std::ptrdiff_t>(done), out.end(), 0);
    return absl::OkStatus();
  }
  Size max_size() const override { return file_.layout.size; }
  absl::Status SetMode(Size) override { return absl::OkStatus(); }

  Life life() const override { return life_; }
  std::string why_not_on() const override { return why_not_on_; }

  // Xvfb draws; this looks whether it still does.
  void Draw(const SceneTime&) override {
    const absl::StatusOr<ScreenFile> now = OpenScreenFile(path_);
    if (!now.ok()) {
      life_ = Life::kOff;
      why_not_on_ = std::string(now.status().message());
    } else if (!file_.SameScreen(*now)) {
      life_ = Life::kEnded;
      why_not_on_ = "another screen file stands at " + path_;
    } else {
      life_ = Life::kOn;
      why_not_on_.clear();
    }
  }
  std::optional<Duration> NextChange(const SceneTime& time) const override {
    return time.elapsed + kLookInterval;
  }

 private:
  const std::string path_;
  const ScreenFile file_;
  uint64_t size_bytes_ = 0;
  Life life_ = Life::kOn;
  std::string why_not_on_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Framebuffer>> OpenXwdFramebuffer(
    const std::string& path) {
  ASSIGN_OR_RETURN(ScreenFile file, OpenScreenFile(path));
  return std::make_unique<XwdFramebuffer>(path, std::move(file));
}

}  // namespace oriel::capture::sim
