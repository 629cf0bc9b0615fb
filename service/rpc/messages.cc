#include "service/rpc/messages.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "base/picture/pixel_format.h"
#include "base/status_macros.h"
#include "grpcpp/support/slice.h"
#include "service/wire/enums.h"

namespace oriel::rpc {
namespace {

constexpr size_t kMaxNameLength = 64;

v1::DisplayState ToProto(session::DisplayState state) {
  switch (state) {
    case session::DisplayState::kReady:
      return v1::DISPLAY_STATE_READY;
    case session::DisplayState::kPlaneOff:
      return v1::DISPLAY_STATE_PLANE_OFF;
    case session::DisplayState::kUnavailable:
      return v1::DISPLAY_STATE_UNAVAILABLE;
  }
  return v1::DISPLAY_STATE_UNSPECIFIED;
}

// "h264": the word that people type to their client.
std::string WordOf(v1::Encoding encoding) {
  if (!v1::Encoding_IsValid(encoding)) return absl::StrFormat("%d", encoding);
  constexpr size_t kPrefix = sizeof("ENCODING_") - 1;
  return absl::AsciiStrToLower(v1::Encoding_Name(encoding).substr(kPrefix));
}

std::string EncodingList(const std::vector<encoder::Encoding>& encodings) {
  std::string list;
  for (const encoder::Encoding encoding : encodings) {
    if (!list.empty()) list += ", ";
    list += WordOf(wire::ToProto(encoding));
  }
  return list;
}

absl::StatusOr<encoder::Encoding> EncodingOf(
    v1::Encoding wanted, const session::DisplayStatus& display) {
  // A display that is unavailable offers nothing; opening it says why.
  std::vector<encoder::Encoding> offered = display.encodings;
  if (offered.empty()) {
    offered = {encoder::Encoding::kAdaptive, encoder::Encoding::kLossless,
               encoder::Encoding::kH264, encoder::Encoding::kVp9,
               encoder::Encoding::kAv1};
  }
  if (wanted == v1::ENCODING_UNSPECIFIED) return offered.front();
  const auto found = std::find_if(offered.begin(), offered.end(),
                                  [wanted](encoder::Encoding encoding) {
                                    return wire::ToProto(encoding) == wanted;
                                  });
  if (found != offered.end()) return *found;
  return absl::InvalidArgumentError(
      absl::StrFormat("display \"%s\" has no encoding %s; it has %s",
                      display.name, WordOf(wanted), EncodingList(offered)));
}

absl::StatusOr<encoder::Quality> QualityOf(v1::Quality quality) {
  switch (quality) {
    case v1::QUALITY_LOW:
      return encoder::Quality::kLow;
    case v1::QUALITY_UNSPECIFIED:
    case v1::QUALITY_MEDIUM:
      return encoder::Quality::kMedium;
    case v1::QUALITY_HIGH:
      return encoder::Quality::kHigh;
    default:
      return absl::InvalidArgumentError(absl::StrFormat(
          "quality %d is unknown; there are low, medium and high", quality));
  }
}

}  // namespace

absl::Status Parse(const grpc::ByteBuffer& bytes,
                   google::protobuf::MessageLite* message) {
  std::vector<grpc::Slice> slices;
  if (!bytes.Valid() || !bytes.Dump(&slices).ok()) {
    return absl::InvalidArgumentError("the request has no message");
  }
  std::string text;
  for (const grpc::Slice& slice : slices) {
    text.append(slice.begin(), slice.end());
  }
  if (!message->ParseFromString(text)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the request is no %s", message->GetTypeName()));
  }
  return absl::OkStatus();
}

v1::Display ToProto(const session::DisplayStatus& status) {
  v1::Display display;
  display.set_name(status.name);
  display.set_state(ToProto(status.state));
  display.set_state_reason(status.state_reason);
  display.set_device(status.device);
  display.set_framebuffer(status.framebuffer);
  if (status.plane.on) {
    display.set_width_px(status.plane.size.width_px);
    display.set_height_px(status.plane.size.height_px);
    display.set_fourcc(FourccName(status.plane.format.fourcc));
  }
  for (const encoder::Encoding encoding : status.encodings) {
    display.add_encodings(wire::ToProto(encoding));
  }
  display.set_viewer_count(status.viewer_count);
  return display;
}

session::ViewerControl FromProto(const v1::ViewerControl& control) {
  session::ViewerControl out;
  out.applied_sequence = control.applied_sequence();
  out.received_update_count = control.received_update_count();
  out.resync = control.resync();
  out.keyframe_streams = {control.keyframe_streams().begin(),
                          control.keyframe_streams().end()};
  out.paused = control.paused();
  return out;
}

absl::Status CheckDisplayName(const std::string& name) {
  if (name.empty()) {
    return absl::InvalidArgumentError(
        "the request names no display; ListDisplays tells which there are");
  }
  if (name.size() > kMaxNameLength) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "a display's name has at most %d bytes, and this one has %d",
        kMaxNameLength, name.size()));
  }
  return absl::OkStatus();
}

absl::StatusOr<session::ViewerOptions> ViewerOptionsOf(
    const v1::StreamFramesRequest& request,
    const session::DisplayRegistry& registry, bool acknowledges) {
  RETURN_IF_ERROR(CheckDisplayName(request.display()));
  ASSIGN_OR_RETURN(const session::DisplayStatus display,
                   registry.Get(request.display()));
  session::ViewerOptions options;
  ASSIGN_OR_RETURN(options.encoding, EncodingOf(request.encoding(), display));
  ASSIGN_OR_RETURN(options.quality, QualityOf(request.quality()));
  options.acknowledges = acknowledges;
  return options;
}

}  // namespace oriel::rpc
