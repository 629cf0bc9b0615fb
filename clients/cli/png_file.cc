#include "clients/cli/png_file.h"

#include <fcntl.h>
#include <png.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"

namespace oriel::clients {
namespace {

absl::Status FileError(const std::string& path, int error) {
  return absl::InternalError(
      absl::StrFormat("cannot write %s: %s", path, std::strerror(error)));
}

absl::Status WriteAll(int fd, const std::string& path,
                      const std::string& bytes) {
  size_t at = 0;
  while (at < bytes.size()) {
    const ssize_t written = write(fd, bytes.data() + at, bytes.size() - at);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return FileError(path, errno);
    at += static_cast<size_t>(written);
  }
  return absl::OkStatus();
}

absl::Status WriteInPlace(const std::string& path, const std::string& bytes) {
  UniqueFd fd(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd.valid()) return FileError(path, errno);
  return WriteAll(fd.get(), path, bytes);
}

mode_t UsualMode() {
  const mode_t mask = umask(0);
  umask(mask);
  return 0666 & ~mask;
}

}  // namespace

absl::Status WriteWholeFile(const std::string& path, const std::string& bytes,
                            bool overwrite) {
  struct stat status {};
  const bool exists = stat(path.c_str(), &status) == 0;
  if (exists && !overwrite) {
    return absl::AlreadyExistsError(
        absl::StrFormat("%s exists; name the file to overwrite with -o", path));
  }
  if (exists && !S_ISREG(status.st_mode)) return WriteInPlace(path, bytes);
  std::string temporary = path + ".XXXXXX";
  UniqueFd fd(mkostemp(temporary.data(), O_CLOEXEC));
  if (!fd.valid()) return FileError(path, errno);
  absl::Status written = WriteAll(fd.get(), path, bytes);
  if (written.ok() &&
      (fchmod(fd.get(), exists ? status.st_mode & 07777 : UsualMode()) != 0 ||
       close(fd.release()) != 0 ||
       rename(temporary.c_str(), path.c_str()) != 0)) {
    written = FileError(path, errno);
  }
  if (!written.ok()) unlink(temporary.c_str());
  return written;
}

absl::StatusOr<std::string> EncodePng(const PictureView& picture) {
  // libpng reads rows of four bytes, too, but writes RGB only from three.
  const size_t row_bytes = size_t(picture.size.width_px) * 3;
  std::vector<uint8_t> rgb(row_bytes * picture.size.height_px);
  for (int32_t y = 0; y < picture.size.height_px; ++y) {
    uint8_t* out = rgb.data() + size_t(y) * row_bytes;
    const uint8_t* in = picture.At(0, y);
    for (int32_t x = 0; x < picture.size.width_px; ++x) {
      out[0] = in[2];
      out[1] = in[1];
      out[2] = in[0];
      out += 3;
      in += kBytesPerPixel;
    }
  }
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(picture.size.width_px);
  image.height = static_cast<png_uint_32>(picture.size.height_px);
  image.format = PNG_FORMAT_RGB;
  image.flags = PNG_IMAGE_FLAG_FAST;
  png_alloc_size_t size_bytes = 0;
  std::string png;
  if (!rgb.empty() && png_image_write_get_memory_size(image, size_bytes, 0,
                                                      rgb.data(), 0, nullptr)) {
    png.resize(size_bytes);
    if (png_image_write_to_memory(&image, png.data(), &size_bytes, 0,
                                  rgb.data(), 0, nullptr)) {
      png.resize(size_bytes);
      return png;
    }
  }
  return absl::InternalError(absl::StrFormat(
      "cannot make a PNG file of %dx%d pixels: %s", picture.size.width_px,
      picture.size.height_px, image.message));
}

}  // namespace oriel::clients
