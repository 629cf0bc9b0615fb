#include "capture/display/plane_reader.h"

#include <algorithm>
#include <utility>

#include "base/status_macros.h"

namespace oriel::capture {
namespace {

// A visit reads half a millisecond's worth at most.
constexpr int64_t kVisitsPerSecond = 2000;
// A tile that changed so often in a row most likely has again.
constexpr uint8_t kFlow = 2;

Rect Union(const Rect& a, const Rect& b) {
  if (a.empty()) return b;
  const int32_t x = std::min(a.x_px, b.x_px);
  const int32_t y = std::min(a.y_px, b.y_px);
  return {x, y, std::max(a.right_px(), b.right_px()) - x,
          std::max(a.bottom_px(), b.bottom_px()) - y};
}

}  // namespace

PlaneReader::PlaneReader(const PlaneLayout& layout, const RowFormat& format,
                         uint64_t read_bytes_per_second)
    : stride_bytes_(layout.stride_bytes),
      bytes_per_pixel_(format.bytes_per_pixel),
      visit_bytes_(
          static_cast<int64_t>(read_bytes_per_second / kVisitsPerSecond)),
      copy_(layout.size, format),
      suspect_(size_t(grid().count())),
      changes_(suspect_.size()),
      changed_(suspect_.size()) {}

int32_t PlaneReader::WidthOf(const Run& run) const {
  const int32_t left = run.first_column * kTileWidthPx;
  return std::min(run.count * kTileWidthPx, grid().size.width_px - left);
}

std::vector<PlaneReader::Run> PlaneReader::RunsOf(
    int band, const std::vector<uint8_t>& tiles) const {
  const int columns = grid().columns();
  const uint8_t* flags = tiles.data() + size_t(band) * size_t(columns);
  std::vector<Run> runs;
  for (int column = 0; column < columns; ++column) {
    if (flags[column] == 0) continue;
    if (!runs.empty() &&
        runs.back().first_column + runs.back().count == column) {
      ++runs.back().count;
    } else {
      runs.push_back({column, 1});
    }
  }
  return runs;
}

absl::Status PlaneReader::VisitRows(ForeignMemory& memory, const Rect& around,
                                    int32_t step_px, int64_t read_px,
                                    const RowsVisitor& visitor) const {
  const int32_t count = (around.height_px + step_px - 1) / step_px;
  const auto rows_at_once = static_cast<int32_t>(std::clamp<int64_t>(
      visit_bytes_ / (read_px * bytes_per_pixel_), 1, count));
  const uint64_t row_bytes =
      uint64_t(around.width_px) * uint64_t(bytes_per_pixel_);
  for (int32_t row = 0; row < count; row += rows_at_once) {
    const int32_t rows = std::min(rows_at_once, count - row);
    const int32_t y = around.y_px + row * step_px;
    const uint64_t begin = stride_bytes_ * uint64_t(y) +
                           uint64_t(around.x_px) * uint64_t(bytes_per_pixel_);
    const uint64_t size =
        stride_bytes_ * uint64_t((rows - 1) * step_px) + row_bytes;
    RETURN_IF_ERROR(
        memory.Visit(begin, size, [&](std::span<const uint8_t> bytes) {
          visitor(bytes.data(), y, rows);
        }));
  }
  return absl::OkStatus();
}

absl::Status PlaneReader::CompareSample(ForeignMemory& memory,
                                        int32_t first_row_px) {
  const Size size = grid().size;
  if (first_row_px >= size.height_px) return absl::OkStatus();
  return VisitRows(
      memory, {0, first_row_px, size.width_px, size.height_px - first_row_px},
      kSampleRowsPx, size.width_px,
      [&](const uint8_t* pixels, int32_t y, int32_t rows) {
        const size_t step_bytes = stride_bytes_ * size_t(kSampleRowsPx);
        for (int32_t row = 0; row < rows; ++row) {
          copy_.CompareRow(
              pixels, y, 0, grid().columns(),
              row + 1 < rows ? kSampleRowsPx : 0, step_bytes,
              suspect_.data() + y / kBandHeightPx * grid().columns());
          pixels += step_bytes;
          y += kSampleRowsPx;
        }
      });
}

absl::Status PlaneReader::CompareTiles(ForeignMemory& memory,
                                       const std::vector<uint8_t>& tiles,
                                       int32_t step_px, int32_t row_px) {
  static_assert(kBandHeightPx % kHotRowStepPx == 0);
  for (int band = 0; band < grid().bands(); ++band) {
    Rect rect = copy_.picture().BandRect(band);
    rect.y_px += row_px;
    rect.height_px -= row_px;
    if (rect.empty()) continue;  // a last band of a row or two
    uint8_t* flags = suspect_.data() + size_t(band) * size_t(grid().columns());
    for (const Run& run : RunsOf(band, tiles)) {
      uint8_t* differing = flags + run.first_column;
      RETURN_IF_ERROR(VisitRows(
          memory,
          {run.first_column * kTileWidthPx, rect.y_px, WidthOf(run),
           rect.height_px},
          step_px, WidthOf(run),
          [&](const uint8_t* pixels, int32_t y, int32_t rows) {
            for (int32_t row = 0; row < rows; ++row) {
              // More of it would only say the same.
              if (std::find(differing, differing + run.count, 0) ==
                  differing + run.count) {
                return;
              }
              copy_.CompareRow(pixels, y + row * step_px, run.first_column,
                               run.count, row + 1 < rows ? step_px : 0,
                               stride_bytes_ * size_t(step_px), differing);
              pixels += stride_bytes_ * size_t(step_px);
            }
          }));
    }
  }
  return absl::OkStatus();
}

absl::Status PlaneReader::CompareHot(ForeignMemory& memory,
                                     const ScanTick& tick,
                                     const HotTiles& hot) {
  std::vector<uint8_t> whole(suspect_.size());
  std::vector<uint8_t> parts(suspect_.size());
  for (const int tile : hot.changed) {
    const bool flows = changes_[size_t(tile)] >= kFlow;
    (flows ? suspect_ : tick.many ? parts : whole)[size_t(tile)] = 1;
  }
  for (const int tile : hot.near) parts[size_t(tile)] = 1;
  RETURN_IF_ERROR(CompareTiles(memory, whole, 1, 0));
  RETURN_IF_ERROR(CompareTiles(memory, parts, kHotRowStepPx, tick.hot_row));
  for (const std::vector<int>* tiles : {&hot.changed, &hot.near}) {
    for (const int tile : *tiles) {
      if (suspect_[size_t(tile)] == 0) changes_[size_t(tile)] = 0;
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> PlaneReader::Compare(ForeignMemory& memory,
                                          const ScanTick& tick,
                                          const HotTiles& hot) {
  std::fill(suspect_.begin(), suspect_.end(), 0);
  if (tick.hot) RETURN_IF_ERROR(CompareHot(memory, tick, hot));
  if (tick.sample.has_value()) {
    RETURN_IF_ERROR(CompareSample(memory, *tick.sample));
  }
  return std::find(suspect_.begin(), suspect_.end(), 1) != suspect_.end();
}

absl::Status PlaneReader::TakeOverTiles(ForeignMemory& memory,
                                        const std::vector<uint8_t>& tiles) {
  std::vector<Rect> rects;
  for (int band = 0; band < grid().bands(); ++band) {
    const std::vector<Run> runs = RunsOf(band, tiles);
    if (runs.empty()) continue;
    const int32_t left = runs.front().first_column * kTileWidthPx;
    const int32_t right =
        runs.back().first_column * kTileWidthPx + WidthOf(runs.back());
    int64_t read_px = 0;
    for (const Run& run : runs) read_px += WidthOf(run);
    const Rect band_rect = copy_.picture().BandRect(band);
    rects.clear();
    RETURN_IF_ERROR(VisitRows(
        memory, {left, band_rect.y_px, right - left, band_rect.height_px}, 1,
        read_px, [&](const uint8_t* pixels, int32_t y, int32_t rows) {
          for (const Run& run : runs) {
            const int32_t x = run.first_column * kTileWidthPx;
            copy_.Take({pixels + size_t(x - left) * size_t(bytes_per_pixel_),
                        stride_bytes_},
                       {x, y, WidthOf(run), rows}, rects);
          }
        }));
    for (const Rect& rect : rects) {
      Rect& changed = changed_[size_t(grid().TileOf(rect))];
      changed = Union(changed, rect);
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Rect>> PlaneReader::TakeOver(ForeignMemory& memory) {
  std::fill(changed_.begin(), changed_.end(), Rect());
  std::vector<uint8_t> taken(suspect_.size());
  while (std::find(suspect_.begin(), suspect_.end(), 1) != suspect_.end()) {
    const std::vector<uint8_t> tiles =
        std::exchange(suspect_, std::vector<uint8_t>(suspect_.size()));
    RETURN_IF_ERROR(TakeOverTiles(memory, tiles));
    for (size_t tile = 0; tile < tiles.size(); ++tile)
      taken[tile] |= tiles[tile];
    for (size_t tile = 0; tile < tiles.size(); ++tile) {
      if (tiles[tile] == 0 || changed_[tile].empty()) continue;
      grid().ForNeighbours(static_cast<int>(tile), [&](int near) {
        if (taken[size_t(near)] == 0) suspect_[size_t(near)] = 1;
      });
    }
  }
  std::vector<Rect> rects;
  for (size_t tile = 0; tile < changed_.size(); ++tile) {
    if (changed_[tile].empty()) {
      changes_[tile] = 0;
      continue;
    }
    if (changes_[tile] < kFlow) ++changes_[tile];
    rects.push_back(changed_[tile]);
  }
  return rects;
}

absl::StatusOr<std::vector<Rect>> PlaneReader::TakeOverAll(
    ForeignMemory& memory) {
  std::fill(suspect_.begin(), suspect_.end(), 1);
  return TakeOver(memory);
}

}  // namespace oriel::capture
