#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "capture/device/vfio_user_messages.h"

namespace oriel::capture::vfio_user {
namespace {

// Whatever the bytes claim, nothing longer than asked for comes out.
void ParseReplies(const Header& header, std::span<const uint8_t> payload) {
  (void)ParseVersionReply(payload);
  (void)ParseDeviceInfoReply(payload);
  (void)ParsePlaneReply(payload);
  // What was asked for decides what is allowed, so the header's free bits
  // choose it.
  const size_t asked_bytes = 32 + header.message_id % 256;
  std::vector<uint8_t> out(asked_bytes, 0xAA);
  (void)ParseRegionInfoReply(payload, header.command % 32, out);
  const RegionAccess asked{header.error_number, header.command % 32u,
                           static_cast<uint32_t>(out.size())};
  const auto read = ParseReadReply(payload, asked, out);
  if (read.ok() && *read > out.size()) std::abort();
  (void)ParseWriteReply(payload, asked);
}

}  // namespace
}  // namespace oriel::capture::vfio_user

// One message: header and payload.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace vfio_user = oriel::capture::vfio_user;
  const std::span<const uint8_t> bytes(data, size);
  const auto header = vfio_user::ParseHeader(bytes, 64 * 1024);
  if (!header.ok()) return 0;
  if (header->message_size < sizeof(vfio_user::Header)) std::abort();
  vfio_user::ParseReplies(*header, bytes.subspan(sizeof(vfio_user::Header)));
  return 0;
}
