#include "service/rpc/grpc_status.h"

#include <string>

namespace oriel::rpc {
namespace {

// Trailers share 8 KiB by default, and gRPC escapes a byte as three.
constexpr size_t kMaxMessageBytes = 2000;

static_assert(static_cast<int>(absl::StatusCode::kUnauthenticated) ==
              static_cast<int>(grpc::StatusCode::UNAUTHENTICATED));
static_assert(static_cast<int>(absl::StatusCode::kInvalidArgument) ==
              static_cast<int>(grpc::StatusCode::INVALID_ARGUMENT));
static_assert(static_cast<int>(absl::StatusCode::kUnavailable) ==
              static_cast<int>(grpc::StatusCode::UNAVAILABLE));

bool ContinuesUtf8(char c) { return (static_cast<uint8_t>(c) & 0xc0) == 0x80; }

}  // namespace

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  std::string message(status.message());
  if (message.size() > kMaxMessageBytes) {
    size_t end = kMaxMessageBytes;
    while (end > 0 && ContinuesUtf8(message[end])) --end;
    message.resize(end);
    message += "...";
  }
  return grpc::Status(static_cast<grpc::StatusCode>(status.raw_code()),
                      message);
}

}  // namespace oriel::rpc
