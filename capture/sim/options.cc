#include "capture/sim/options.h"

#include <charconv>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "base/command_line.h"
#include "base/picture/pixel_format.h"
#include "base/status_macros.h"
#include "capture/sim/desktop_scene.h"
#include "capture/sim/picture_scenes.h"
#include "capture/sim/pixel_writer.h"
#include "capture/sim/pointer_plane.h"
#include "capture/sim/scene_framebuffer.h"
#include "capture/sim/xwd_framebuffer.h"

namespace oriel::capture::sim {
namespace {

constexpr int32_t kSmallestSidePx = 64;

std::optional<int32_t> ParseSide(const std::string& text) {
  int32_t value = 0;
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value);
  if (result.ec != std::errc() || result.ptr != end) return std::nullopt;
  return value;
}

// What follows "image:" in "image:FILE".
std::optional<std::string> FileOf(const std::string& scene,
                                  const std::string& kind) {
  if (scene.rfind(kind + ":", 0) != 0) return std::nullopt;
  return scene.substr(kind.size() + 1);
}

absl::StatusOr<std::unique_ptr<Scene>> MakeScene(const Options& options,
                                                 Size size) {
  if (options.scene == "desktop") {
    return MakeDesktopScene({.size = size,
                             .rate_hz = options.rate_hz,
                             .format_name = options.fourcc});
  }
  if (options.scene == "pattern") return MakePatternScene(size);
  if (const auto file = FileOf(options.scene, "image"); file.has_value()) {
    return LoadImageScene(*file);
  }
  return absl::InvalidArgumentError(
      DescribeWrongWord("--scene", options.scene,
                        {"desktop", "pattern", "image:FILE", "xwd:FILE"}));
}

}  // namespace

absl::StatusOr<Size> ParseMode(const std::string& text) {
  const size_t by = text.find('x');
  if (by != std::string::npos) {
    const auto width = ParseSide(text.substr(0, by));
    const auto height = ParseSide(text.substr(by + 1));
    if (width.has_value() && height.has_value() && *width >= kSmallestSidePx &&
        *height >= kSmallestSidePx && *width <= kLargestMode.width_px &&
        *height <= kLargestMode.height_px) {
      return Size{*width, *height};
    }
  }
  return absl::InvalidArgumentError(absl::StrFormat(
      "--mode %s: give WIDTHxHEIGHT from %dx%d to %dx%d, such as 1920x1080",
      text, kSmallestSidePx, kSmallestSidePx, kLargestMode.width_px,
      kLargestMode.height_px));
}

absl::StatusOr<std::unique_ptr<Framebuffer>> MakeFramebuffer(
    const Options& options) {
  ASSIGN_OR_RETURN(const Size size, ParseMode(options.mode));
  const PixelWriter* writer = FindPixelWriter(FourccFromName(options.fourcc));
  if (writer == nullptr) {
    return absl::InvalidArgumentError(
        DescribeWrongWord("--fourcc", options.fourcc, KnownFormatNames()));
  }
  if (const auto file = FileOf(options.scene, "xwd"); file.has_value()) {
    if (options.fourcc != "XR24") {
      return absl::InvalidArgumentError(absl::StrFormat(
          "--fourcc %s: a live screen file is XR24 and is not converted",
          options.fourcc));
    }
    return OpenXwdFramebuffer(*file);
  }
  ASSIGN_OR_RETURN(std::unique_ptr<Scene> scene, MakeScene(options, size));
  return MakeSceneFramebuffer(std::move(scene), *writer);
}

absl::StatusOr<VirtualDeviceOptions> MakeDeviceOptions(const Options& options) {
  if (options.cursor != "none" && options.cursor != "plane" &&
      options.cursor != "primary") {
    return absl::InvalidArgumentError(DescribeWrongWord(
        "--cursor", options.cursor, {"none", "plane", "primary"}));
  }
  VirtualDeviceOptions device;
  device.hide_plane_query = options.hide_plane_query;
  device.cursor_is_primary = options.cursor == "primary";
  if (options.cursor == "plane") {
    ASSIGN_OR_RETURN(device.pointer, PointerPlane::Make(options.rate_hz));
  }
  return device;
}

std::string FramebufferConfig(const Plane& plane) {
  return absl::StrFormat(
      "framebuffer {\n"
      "  region_type: 0x%08x\n"
      "  region_subtype: %u\n"
      "  offset_bytes: %u\n"
      "  stride_bytes: %u\n"
      "  fourcc: \"%s\"\n"
      "  width_px: %d\n"
      "  height_px: %d\n"
      "}\n",
      kFramebufferRegionType, kFramebufferRegionSubtype, plane.offset_bytes,
      plane.stride_bytes, FourccName(plane.fourcc), plane.size.width_px,
      plane.size.height_px);
}

}  // namespace oriel::capture::sim
