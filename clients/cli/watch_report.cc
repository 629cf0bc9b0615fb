#include "clients/cli/watch_report.h"

#include "absl/strings/str_format.h"
#include "clients/cli/quantities.h"
#include "clients/cli/table.h"

namespace oriel::clients {
namespace {

uint64_t Microseconds(Duration duration) {
  return static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(duration).count());
}

double Seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

// "fill 3  delta 1": the kinds that there are.
std::string PatchText(const PatchCounts& patches) {
  const std::pair<const char*, uint64_t> kinds[] = {
      {"fill", patches.fill},         {"copy", patches.copy},
      {"lossless", patches.lossless}, {"delta", patches.delta},
      {"video", patches.video},       {"still", patches.still},
  };
  std::string text;
  for (const auto& [kind, count] : kinds) {
    if (count == 0) continue;
    text += absl::StrFormat("%s%s %d", text.empty() ? "" : "  ", kind, count);
  }
  return text.empty() ? "no patches" : text;
}

nlohmann::json PatchJson(const PatchCounts& patches) {
  return {{"fill", patches.fill},         {"copy", patches.copy},
          {"lossless", patches.lossless}, {"delta", patches.delta},
          {"video", patches.video},       {"still", patches.still}};
}

// "XR24"; a fourcc is four characters, the first in the lowest byte.
std::string FourccText(uint32_t fourcc) {
  std::string text;
  for (int shift = 0; shift < 32; shift += 8) {
    text += static_cast<char>(fourcc >> shift & 0x7F);
  }
  return Printable(text);
}

// A catch-up message has no stages: what it brings was scanned for others.
bool HasStages(const v1::StageDurations& stages) {
  return stages.scan_us() != 0 || stages.wait_us() != 0 ||
         stages.encode_us() != 0;
}

// "scan 1.2 ms  wait 0.00 ms  encode 0.06 ms  ", or nothing.
std::string StagesText(const v1::StageDurations& stages) {
  if (!HasStages(stages)) return "";
  return absl::StrFormat("scan %s  wait %s  encode %s  ",
                         FormatMicroseconds(stages.scan_us()),
                         FormatMicroseconds(stages.wait_us()),
                         FormatMicroseconds(stages.encode_us()));
}

// "at 12,34", "nowhere"
std::string PlaceText(const Pointer& pointer) {
  return pointer.visible()
             ? absl::StrFormat("at %d,%d", pointer.at().x_px, pointer.at().y_px)
             : "nowhere";
}

}  // namespace

void PatchCounts::Add(const PatchCounts& other) {
  fill += other.fill;
  copy += other.copy;
  lossless += other.lossless;
  delta += other.delta;
  video += other.video;
  still += other.still;
}

PatchCounts CountPatches(const v1::FrameUpdate& update) {
  PatchCounts counts;
  for (const v1::Patch& patch : update.patches()) {
    counts.fill += patch.has_fill();
    counts.copy += patch.has_copy();
    const bool delta = patch.has_lossless() && patch.lossless().has_prefix();
    counts.delta += delta;
    counts.lossless += patch.has_lossless() && !delta;
    counts.video += patch.has_video();
    counts.still += patch.has_still();
  }
  return counts;
}

std::string UpdateLine(const WatchedUpdate& watched) {
  const v1::FrameUpdate& update = watched.update;
  return absl::StrFormat("%6d  %-24s  %8s  %sapply %s%s%s\n", update.sequence(),
                         PatchText(CountPatches(update)),
                         FormatBytes(watched.payload_bytes),
                         StagesText(update.durations()),
                         FormatMicroseconds(Microseconds(watched.apply)),
                         update.more_follows() ? "  more follows" : "",
                         watched.exact ? "  exact" : "");
}

nlohmann::json UpdateJson(const WatchedUpdate& watched) {
  const v1::FrameUpdate& update = watched.update;
  nlohmann::json json = PatchJson(CountPatches(update));
  json["event"] = "update";
  json["generation"] = update.generation();
  json["sequence"] = update.sequence();
  json["base_sequence"] = update.base_sequence();
  json["bytes"] = watched.payload_bytes;
  const v1::StageDurations& stages = update.durations();
  for (const char* stage : {"scan_us", "wait_us", "encode_us"}) {
    json[stage] = nullptr;
  }
  if (HasStages(stages)) {
    json["scan_us"] = stages.scan_us();
    json["wait_us"] = stages.wait_us();
    json["encode_us"] = stages.encode_us();
  }
  json["apply_us"] = Microseconds(watched.apply);
  json["capture_time_us"] = update.capture_time_us();
  json["more_follows"] = update.more_follows();
  json["exact"] = watched.exact;
  return json;
}

std::string FormatLine(const v1::StreamFormat& format) {
  if (format.state() == v1::DISPLAY_STATE_PLANE_OFF) {
    return absl::StrFormat("generation %d: the plane is off: %s\n",
                           format.generation(),
                           Printable(format.state_reason()));
  }
  return absl::StrFormat("generation %d: %dx%d %s%s\n", format.generation(),
                         format.width_px(), format.height_px(),
                         FourccText(format.source_fourcc()),
                         format.converted() ? ", converted to 8 bits" : "");
}

nlohmann::json FormatJson(const v1::StreamFormat& format) {
  return {
      {"event", "format"},
      {"generation", format.generation()},
      {"width_px", format.width_px()},
      {"height_px", format.height_px()},
      {"fourcc",
       format.source_fourcc() == 0 ? "" : FourccText(format.source_fourcc())},
      {"converted", format.converted()},
      {"plane_off", format.state() == v1::DISPLAY_STATE_PLANE_OFF},
      {"state_reason", format.state_reason()}};
}

std::string PointerLine(const Pointer& pointer, bool with_shape) {
  std::string text = "pointer " + PlaceText(pointer);
  if (with_shape && pointer.shape() != nullptr) {
    text += absl::StrFormat(", %dx%d", pointer.shape()->size().width_px,
                            pointer.shape()->size().height_px);
  }
  if (pointer.visible() && pointer.shape() == nullptr)
    text += ", shape unknown";
  return text + "\n";
}

nlohmann::json PointerJson(const Pointer& pointer, bool with_shape) {
  nlohmann::json json = {{"event", "cursor"}, {"visible", pointer.visible()}};
  if (!pointer.visible()) return json;
  json["x_px"] = pointer.at().x_px;
  json["y_px"] = pointer.at().y_px;
  if (pointer.hot_spot().has_value()) {
    json["hot_x_px"] = pointer.hot_spot()->x_px;
    json["hot_y_px"] = pointer.hot_spot()->y_px;
  }
  json["shape_known"] = pointer.shape() != nullptr;
  if (with_shape && pointer.shape() != nullptr) {
    json["width_px"] = pointer.shape()->size().width_px;
    json["height_px"] = pointer.shape()->size().height_px;
  }
  return json;
}

std::string SummaryText(const WatchSummary& summary) {
  const double seconds = Seconds(summary.duration);
  const std::string pointer =
      summary.pointer_count == 0
          ? ""
          : absl::StrFormat(", %d pointer events, now %s",
                            summary.pointer_count, PlaceText(summary.pointer));
  if (summary.update_count == 0) {
    return absl::StrFormat("no picture came in %.1f s%s\n", seconds, pointer);
  }
  const double per_s = seconds > 0 ? 1 / seconds : 0;
  return absl::StrFormat(
      "%d updates in %.1f s (%.1f/s), %s (%s/s), %s, apply %s each, "
      "%d resyncs, %s%s\n",
      summary.update_count, seconds,
      static_cast<double>(summary.update_count) * per_s,
      FormatBytes(summary.payload_bytes),
      FormatBytes(static_cast<uint64_t>(
          static_cast<double>(summary.payload_bytes) * per_s)),
      PatchText(summary.patches),
      FormatMicroseconds(Microseconds(summary.apply) / summary.update_count),
      summary.resync_count,
      !summary.whole  ? "only a part of the picture came"
      : summary.exact ? "exact"
                      : "not exact",
      pointer);
}

nlohmann::json SummaryJson(const WatchSummary& summary) {
  nlohmann::json json = PatchJson(summary.patches);
  json["event"] = "summary";
  json["updates"] = summary.update_count;
  json["bytes"] = summary.payload_bytes;
  json["duration_s"] = Seconds(summary.duration);
  json["apply_us"] = Microseconds(summary.apply);
  json["resyncs"] = summary.resync_count;
  json["whole"] = summary.whole;
  json["exact"] = summary.exact;
  json["pointer_events"] = summary.pointer_count;
  if (summary.pointer_count > 0 && summary.pointer.visible()) {
    json["pointer_x_px"] = summary.pointer.at().x_px;
    json["pointer_y_px"] = summary.pointer.at().y_px;
  }
  return json;
}

}  // namespace oriel::clients
