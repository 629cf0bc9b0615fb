#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "clients/lib/pointer.h"
#include "nlohmann/json.hpp"
#include "oriel/v1/streaming.pb.h"

namespace oriel::clients {

// Patches by kind; a delta is a lossless patch with a prefix.
struct PatchCounts {
  uint64_t fill = 0;
  uint64_t copy = 0;
  uint64_t lossless = 0;
  uint64_t delta = 0;
  uint64_t video = 0;
  uint64_t still = 0;

  void Add(const PatchCounts& other);
};

PatchCounts CountPatches(const v1::FrameUpdate& update);

// What `watch` prints of one update that was applied.
struct WatchedUpdate {
  const v1::FrameUpdate& update;
  size_t payload_bytes = 0;
  Duration apply{};  // decoding and drawing it here
  bool exact = false;
};

std::string UpdateLine(const WatchedUpdate& watched);
nlohmann::json UpdateJson(const WatchedUpdate& watched);

std::string FormatLine(const v1::StreamFormat& format);
nlohmann::json FormatJson(const v1::StreamFormat& format);

// `with_shape`: the event brought a new one.
std::string PointerLine(const Pointer& pointer, bool with_shape);
nlohmann::json PointerJson(const Pointer& pointer, bool with_shape);

// All of a watch.
struct WatchSummary {
  uint64_t update_count = 0;
  uint64_t payload_bytes = 0;
  PatchCounts patches;
  uint64_t resync_count = 0;
  uint64_t pointer_count = 0;  // its events; 0: it is in the picture
  Pointer pointer;
  Duration duration{};
  Duration apply{};
  // All of a picture came.
  bool whole = false;
  bool exact = false;
};

std::string SummaryText(const WatchSummary& summary);
nlohmann::json SummaryJson(const WatchSummary& summary);

}  // namespace oriel::clients
