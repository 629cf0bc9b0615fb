#include "clients/cli/png_file.h"

#include <png.h>

#include <algorithm>
#include <array>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"

namespace oriel::clients {

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

absl::Status CheckPngName(const std::string& path) {
  constexpr std::array kOtherKinds = {
      ".jpg", ".jpeg", ".jpe",  ".jxl",  ".webp", ".gif", ".bmp",
      ".tif", ".tiff", ".avif", ".heic", ".heif", ".ppm", ".pnm",
      ".tga", ".svg",  ".pdf",  ".mp4",  ".mkv",  ".webm"};
  const std::string name = absl::AsciiStrToLower(path);
  const auto ends_as = [&](const char* kind) { return name.ends_with(kind); };
  if (std::none_of(kOtherKinds.begin(), kOtherKinds.end(), ends_as)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrFormat(
      "cannot write '%s': pictures are PNG files; name it .png, and convert it "
      "afterwards",
      path));
}

}  // namespace oriel::clients
