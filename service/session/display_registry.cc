#include "service/session/display_registry.h"

#include <utility>

#include "encoder/update_encoder.h"
#include "service/session/registry_impl.h"

namespace oriel::session {

std::unique_ptr<DisplayRegistry> DisplayRegistry::Create(
    std::vector<DisplayOptions> displays, const RegistryLimits& limits,
    const WireEncoder* wire) {
  Encoders encoders = {.encodings = encoder::UsableEncodings(),
                       .make = encoder::MakeUpdateEncoder,
                       .intra = encoder::EncodeIntra,
                       .stills = encoder::EncodeStills};
  return CreateRegistry(std::move(displays), limits, wire, std::move(encoders),
                        Tuning());
}

}  // namespace oriel::session
