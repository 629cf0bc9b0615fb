#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "grpcpp/support/byte_buffer.h"
#include "oriel/v1/display.pb.h"
#include "oriel/v1/streaming.pb.h"
#include "service/session/display_registry.h"
#include "service/session/viewer.h"

namespace oriel::rpc {

// No request of ours comes near this.
inline constexpr int kMaxRequestBytes = 64 * 1024;

// kInvalidArgument: not this message.
absl::Status Parse(const grpc::ByteBuffer& bytes,
                   google::protobuf::MessageLite* message);

v1::Display ToProto(const session::DisplayStatus& status);

session::ViewerControl FromProto(const v1::ViewerControl& control);

// Names that no display can have are told apart from those that none has now.
absl::Status CheckDisplayName(const std::string& name);

// What the request means for this display as it is now. kInvalidArgument names
// what there is instead; kNotFound.
absl::StatusOr<session::ViewerOptions> ViewerOptionsOf(
    const v1::StreamFramesRequest& request,
    const session::DisplayRegistry& registry, bool acknowledges);

}  // namespace oriel::rpc
