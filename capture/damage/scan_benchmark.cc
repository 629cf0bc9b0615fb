#include <algorithm>
#include <chrono>
#include <cstring>
#include <random>
#include <vector>

#include "benchmark/benchmark.h"
#include "capture/damage/merge_rects.h"
#include "capture/damage/tile_scan.h"

namespace oriel::capture {
namespace {

constexpr Size kSize = {1920, 1080};
constexpr size_t kStride = size_t{1920} * 4;

// Changes every pixel of about `percent` of a hundred tiles.
void Disturb(std::vector<uint8_t>& plane, int percent, std::mt19937& random) {
  for (int32_t y = 0; y < kSize.height_px; y += kBandHeightPx) {
    for (int32_t x = 0; x < kSize.width_px; x += kTileWidthPx) {
      if (static_cast<int>(random() % 100) >= percent) continue;
      const int32_t bottom = std::min(y + kBandHeightPx, kSize.height_px);
      for (int32_t row = y; row < bottom; ++row) {
        uint8_t* at = plane.data() + row * kStride + size_t(x) * 4;
        for (size_t i = 0; i < size_t{kTileWidthPx} * 4; i += 4) ++at[i];
      }
    }
  }
}

void ScanFrame(const std::vector<uint8_t>& plane, PlaneCopy& copy,
               std::vector<Rect>& changed) {
  for (int i = 0; i < copy.picture().band_count(); ++i) {
    const Rect band = copy.picture().BandRect(i);
    copy.Take({plane.data() + band.y_px * kStride, kStride}, band, changed);
  }
}

void CopyXbgr(const uint8_t* in, int32_t width_px, uint8_t* out) {
  for (int32_t x = 0; x < width_px; ++x) {
    out[4 * x] = in[4 * x + 2];
    out[4 * x + 1] = in[4 * x + 1];
    out[4 * x + 2] = in[4 * x];
    out[4 * x + 3] = 0xFF;
  }
}

// Argument: how many tiles of a hundred change between two scans. A frame is
// kept from each scan to the next, as lanes keep one.
void BM_Scan(benchmark::State& state) {
  std::mt19937 random(1);
  std::vector<uint8_t> plane(kStride * kSize.height_px, 0xFF);
  PlaneCopy copy(kSize, RowFormat{});
  BandedPicture kept;
  std::vector<Rect> changed;
  for (auto _ : state) {
    if (state.range(0) != 0) {
      state.PauseTiming();
      Disturb(plane, static_cast<int>(state.range(0)), random);
      state.ResumeTiming();
    }
    changed.clear();
    ScanFrame(plane, copy, changed);
    benchmark::DoNotOptimize(MergeTileRects(changed, kSize));
    kept = copy.picture();
  }
  state.SetBytesProcessed(state.iterations() *
                          static_cast<int64_t>(plane.size()));
}
BENCHMARK(BM_Scan)->ArgName("percent")->Arg(0)->Arg(1)->Arg(100);

// The kernel and memcmp by turns over the same two pictures, so that whatever
// else this machine does meets both: `of_memcmp` is how fast the scan is of
// memcmp's speed, by the medians. Argument: whether pixels need conversion.
void BM_ScanUnchangedBesideMemcmp(benchmark::State& state) {
  const RowFormat format =
      state.range(0) != 0 ? RowFormat{4, CopyXbgr} : RowFormat{};
  std::mt19937 random(1);
  std::vector<uint8_t> plane(kStride * kSize.height_px);
  for (uint8_t& byte : plane) byte = static_cast<uint8_t>(random());
  PlaneCopy copy(kSize, format);
  std::vector<Rect> changed;
  ScanFrame(plane, copy, changed);
  for (size_t i = 3; i < plane.size(); i += 4) plane[i] = 0xFF;
  ScanFrame(plane, copy, changed);
  // memcmp has nothing to leave out: the same bytes on both sides.
  const BandedPicture& picture = copy.picture();
  std::vector<uint8_t> other(plane);
  std::vector<double> ratios;
  using Watch = std::chrono::steady_clock;
  for (auto _ : state) {
    const Watch::time_point begun = Watch::now();
    for (int i = 0; i < picture.band_count(); ++i) {
      const Rect band = picture.BandRect(i);
      const size_t size = kStride * size_t(band.height_px);
      const uint8_t* theirs = plane.data() + band.y_px * kStride;
      benchmark::DoNotOptimize(std::memcmp(
          theirs,
          format.convert == nullptr ? picture.Row(band.y_px)
                                    : other.data() + band.y_px * kStride,
          size));
    }
    const Watch::time_point between = Watch::now();
    changed.clear();
    ScanFrame(plane, copy, changed);
    const Watch::time_point ended = Watch::now();
    state.SetIterationTime(
        std::chrono::duration<double>(ended - between).count());
    ratios.push_back(std::chrono::duration<double>(between - begun) /
                     std::chrono::duration<double>(ended - between));
  }
  std::nth_element(ratios.begin(), ratios.begin() + ratios.size() / 2,
                   ratios.end());
  state.counters["of_memcmp"] = ratios[ratios.size() / 2];
  state.SetBytesProcessed(state.iterations() *
                          static_cast<int64_t>(plane.size()));
}
BENCHMARK(BM_ScanUnchangedBesideMemcmp)
    ->ArgName("converted")
    ->Arg(0)
    ->Arg(1)
    ->UseManualTime();

// What a tick reads while nothing changes: one row of sixteen, another one each
// time. Argument: megabytes of other memory that are touched between two ticks,
// as everybody else on the machine does.
void BM_IdleTick(benchmark::State& state) {
  const std::vector<uint8_t> plane(kStride * kSize.height_px, 0xFF);
  PlaneCopy copy(kSize, RowFormat{});
  std::vector<Rect> changed;
  ScanFrame(plane, copy, changed);
  std::vector<uint8_t> others(size_t(state.range(0)) << 20);
  std::vector<uint8_t> differing(size_t(copy.grid().columns()));
  int32_t first = 0;
  for (auto _ : state) {
    state.PauseTiming();
    for (size_t i = 0; i < others.size(); i += 64) ++others[i];
    state.ResumeTiming();
    for (int32_t y = first; y < kSize.height_px; y += 16) {
      const int32_t step = y + 16 < kSize.height_px ? 16 : 0;
      copy.CompareRow(plane.data() + size_t(y) * kStride, y, 0,
                      copy.grid().columns(), step, size_t(step) * kStride,
                      differing.data());
    }
    first = (first + 1) % 16;
  }
  benchmark::DoNotOptimize(differing.data());
}
BENCHMARK(BM_IdleTick)->ArgName("others_mb")->Arg(0)->Arg(128);

// What a tick reads of one tile that changes, and of its neighbours.
void BM_HotTick(benchmark::State& state) {
  std::vector<uint8_t> plane(kStride * kSize.height_px, 0xFF);
  PlaneCopy copy(kSize, RowFormat{});
  BandedPicture kept;
  std::vector<Rect> changed;
  ScanFrame(plane, copy, changed);
  std::vector<uint8_t> differing(3);
  for (auto _ : state) {
    ++plane[500 * kStride + 3900];
    for (int32_t y = 448; y < 544; ++y) {
      copy.CompareRow(plane.data() + size_t(y) * kStride + 14 * 256, y, 14, 3,
                      1, kStride, differing.data());
    }
    changed.clear();
    for (int32_t y = 448; y < 544; y += kBandHeightPx) {
      copy.Take({plane.data() + size_t(y) * kStride + 14 * 256, kStride},
                {14 * 64, y, 192, kBandHeightPx}, changed);
    }
    kept = copy.picture();
  }
  if (changed.size() != 1) state.SkipWithError("the change was not found");
}
BENCHMARK(BM_HotTick);

}  // namespace
}  // namespace oriel::capture
