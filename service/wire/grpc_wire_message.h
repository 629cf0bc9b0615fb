#pragma once

#include <cstddef>
#include <utility>

#include "grpcpp/support/byte_buffer.h"
#include "service/session/viewer.h"

namespace oriel::wire {

// What WireEncoder makes: a StreamFramesResponse as gRPC writes it. Every
// viewer writes the same slices; copies of the buffer only count references.
class GrpcWireMessage final : public session::WireMessage {
 public:
  explicit GrpcWireMessage(grpc::ByteBuffer buffer)
      : buffer_(std::move(buffer)), size_bytes_(buffer_.Length()) {}

  size_t size_bytes() const override { return size_bytes_; }
  const grpc::ByteBuffer& buffer() const { return buffer_; }

 private:
  const grpc::ByteBuffer buffer_;
  const size_t size_bytes_;
};

}  // namespace oriel::wire
