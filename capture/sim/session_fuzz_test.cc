#include <libdrm/drm_fourcc.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>

#include "capture/sim/picture_scenes.h"
#include "capture/sim/scene_framebuffer.h"
#include "capture/sim/session.h"

namespace {

namespace wire = oriel::capture::abi::vfio_user;
using namespace oriel::capture::sim;

// One device for all inputs: making its memory would take most of the time.
VirtualDevice& Device() {
  static VirtualDevice* device = [] {
    auto framebuffer = MakeSceneFramebuffer(
        MakePatternScene({64, 64}), *FindPixelWriter(DRM_FORMAT_XRGB8888));
    if (!framebuffer.ok()) std::abort();
    return new VirtualDevice(*std::move(framebuffer), {});
  }();
  return *device;
}

}  // namespace

// The input is what a client sends: messages one after the other.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size_bytes) {
  std::span<const uint8_t> input(data, size_bytes);
  Session session(Device());
  wire::Header header;
  while (input.size() >= sizeof(header)) {
    std::memcpy(&header, input.data(), sizeof(header));
    if (!Session::CheckHeader(header).ok()) break;
    if (header.message_size > input.size()) break;
    const auto reply = session.Handle(
        header,
        input.subspan(sizeof(header), header.message_size - sizeof(header)));
    if (!reply.ok()) break;
    if (reply->payload.size() > wire::kMaxMessageBytes) std::abort();
    input = input.subspan(header.message_size);
  }
  return 0;
}
