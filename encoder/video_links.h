#pragma once

#include <cstdint>
#include <map>

#include "encoder/update.h"

namespace oriel::encoder {

// Says of each access unit which one of its stream it follows
// (Video::previous_sequence). One for a generation of a lane; every update that
// is sent is given to it, in order. Thread-compatible.
class VideoLinks {
 public:
  void Link(Update& update);

 private:
  // Of each stream's newest access unit.
  std::map<uint32_t, uint64_t> sequences_;
};

}  // namespace oriel::encoder
