#pragma once

#include "absl/status/status.h"
#include "grpcpp/support/status.h"

namespace oriel::rpc {

// The codes have equal numbers. Messages are cut to what fits into a trailer.
grpc::Status ToGrpcStatus(const absl::Status& status);

}  // namespace oriel::rpc
