#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "capture/damage/scan_plan.h"
#include "capture/damage/tile_scan.h"
#include "capture/display/plane_info.h"
#include "capture/region/foreign_memory.h"

namespace oriel::capture {

// Reads a plane's memory into a copy of it, whole or in parts, in visits of
// under a millisecond. Errors are ForeignMemory's; what was read till then
// stays in the copy. Thread-compatible.
class PlaneReader {
 public:
  PlaneReader() = default;
  // `read_bytes_per_second`: how fast this plane's memory is.
  PlaneReader(const PlaneLayout& layout, const RowFormat& format,
              uint64_t read_bytes_per_second);

  const BandedPicture& picture() const { return copy_.picture(); }
  TileGrid grid() const { return copy_.grid(); }

  // Compares what the tick asks for, and keeps nothing of it. What differs, and
  // hot tiles that changed at the last two scans, as a film's do, is what
  // TakeOver takes over. True: there is any.
  absl::StatusOr<bool> Compare(ForeignMemory& memory, const ScanTick& tick,
                               const HotTiles& hot);
  // Also the neighbours of what changes, and theirs where they do. The tight
  // rectangles of what changed, at most one a tile, in the tiles' order.
  absl::StatusOr<std::vector<Rect>> TakeOver(ForeignMemory& memory);
  absl::StatusOr<std::vector<Rect>> TakeOverAll(ForeignMemory& memory);

 private:
  // Tiles of one band that lie side by side.
  struct Run {
    int first_column;
    int count;
  };
  // `pixels`: of row y_px of the plane, at the visited rectangle's left edge.
  using RowsVisitor =
      std::function<void(const uint8_t* pixels, int32_t y_px, int32_t rows)>;

  std::vector<Run> RunsOf(int band, const std::vector<uint8_t>& tiles) const;
  int32_t WidthOf(const Run& run) const;
  // Visits the rows of `around` that are step_px apart, some at a time;
  // read_px: how many pixels of each the visitor reads.
  absl::Status VisitRows(ForeignMemory& memory, const Rect& around,
                         int32_t step_px, int64_t read_px,
                         const RowsVisitor& visitor) const;
  absl::Status CompareSample(ForeignMemory& memory, int32_t first_row_px);
  // The rows y with y % step_px == row_px of what `tiles` marks.
  absl::Status CompareTiles(ForeignMemory& memory,
                            const std::vector<uint8_t>& tiles, int32_t step_px,
                            int32_t row_px);
  absl::Status CompareHot(ForeignMemory& memory, const ScanTick& tick,
                          const HotTiles& hot);
  absl::Status TakeOverTiles(ForeignMemory& memory,
                             const std::vector<uint8_t>& tiles);

  size_t stride_bytes_ = 0;
  int bytes_per_pixel_ = kBytesPerPixel;
  int64_t visit_bytes_ = 0;  // are read in well under a millisecond
  PlaneCopy copy_;
  // By tile.
  std::vector<uint8_t> suspect_;  // is to be taken over
  std::vector<uint8_t> changes_;  // how often in a row it has changed
  std::vector<Rect> changed_;     // in this TakeOver; empty rectangle: not
};

}  // namespace oriel::capture
