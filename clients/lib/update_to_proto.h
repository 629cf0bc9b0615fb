#pragma once

#include "encoder/update.h"
#include "oriel/v1/streaming.pb.h"

namespace oriel::clients {

// The update and its payload as one message; plain, for tests.
v1::StreamFramesResponse ToProto(const encoder::Update& update);

}  // namespace oriel::clients
