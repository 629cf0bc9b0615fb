#include "service/snapshot/png_writer.h"

#include <png.h>

#include <csetjmp>
#include <utility>

#include "absl/strings/str_format.h"

namespace oriel::snapshot {
namespace {

// Screens are large and flat: higher levels take several times as long for a
// few per cent.
constexpr int kCompressionLevel = 3;

struct Output {
  std::string png;
  std::string error;
};

void Append(png_structp writer, png_bytep bytes, size_t size_bytes) {
  auto* output = static_cast<Output*>(png_get_io_ptr(writer));
  output->png.append(bytes, bytes + size_bytes);
}

void Flush(png_structp) {}

void Fail(png_structp writer, const char* message) {
  static_cast<Output*>(png_get_error_ptr(writer))->error = message;
  png_longjmp(writer, 1);
}

void Warn(png_structp, const char*) {}

// Nothing here has a destructor, because libpng's errors jump out of it.
bool WriteRows(png_structp writer, png_infop info, const PictureView& picture,
               Output* output) {
  if (setjmp(png_jmpbuf(writer)) != 0) return false;
  png_set_write_fn(writer, output, Append, Flush);
  png_set_compression_level(writer, kCompressionLevel);
  png_set_IHDR(writer, info, picture.size.width_px, picture.size.height_px, 8,
               PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(writer, info);
  png_set_bgr(writer);
  png_set_filler(writer, 0, PNG_FILLER_AFTER);
  for (int32_t y = 0; y < picture.size.height_px; ++y) {
    png_write_row(writer, picture.At(0, y));
  }
  png_write_end(writer, info);
  return true;
}

}  // namespace

absl::StatusOr<std::string> WritePng(const PictureView& picture) {
  Output output;
  png_structp writer =
      png_create_write_struct(PNG_LIBPNG_VER_STRING, &output, Fail, Warn);
  if (writer == nullptr) {
    return absl::InternalError("libpng gives no writer");
  }
  png_infop info = png_create_info_struct(writer);
  const bool written =
      info != nullptr && WriteRows(writer, info, picture, &output);
  png_destroy_write_struct(&writer, &info);
  if (!written) {
    return absl::InternalError(absl::StrFormat(
        "cannot make a PNG of %dx%d pixels: %s", picture.size.width_px,
        picture.size.height_px, output.error));
  }
  return std::move(output.png);
}

}  // namespace oriel::snapshot
