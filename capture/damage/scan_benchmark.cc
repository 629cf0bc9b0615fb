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

void ScanFrame(const std::vector<uint8_t>& plane, const RowFormat& format,
               size_t stride, BandedPicture& picture,
               std::vector<Rect>& changed) {
  for (int i = 0; i < picture.band_count(); ++i) {
    const Rect band = picture.BandRect(i);
    ScanTiles({plane.data() + band.y_px * stride, stride}, format, band,
              picture, changed);
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
  BandedPicture picture(kSize);
  BandedPicture kept;
  std::vector<Rect> changed;
  for (auto _ : state) {
    if (state.range(0) != 0) {
      state.PauseTiming();
      Disturb(plane, static_cast<int>(state.range(0)), random);
      state.ResumeTiming();
    }
    changed.clear();
    ScanFrame(plane, RowFormat{}, kStride, picture, changed);
    benchmark::DoNotOptimize(MergeTileRects(changed, kSize));
    kept = picture;
  }
  state.SetBytesProcessed(state.iterations() *
                          static_cast<int64_t>(plane.size()));
}
BENCHMARK(BM_Scan)->ArgName("percent")->Arg(0)->Arg(1)->Arg(100);

void BM_ScanUnchangedConverted(benchmark::State& state) {
  const std::vector<uint8_t> plane(kStride * kSize.height_px, 0xFF);
  BandedPicture picture(kSize);
  std::vector<Rect> changed;
  for (auto _ : state) {
    ScanFrame(plane, {4, CopyXbgr}, kStride, picture, changed);
  }
  state.SetBytesProcessed(state.iterations() *
                          static_cast<int64_t>(plane.size()));
}
BENCHMARK(BM_ScanUnchangedConverted);

void BM_Memcmp(benchmark::State& state) {
  const std::vector<uint8_t> a(kStride * kSize.height_px, 0xFF);
  const std::vector<uint8_t> b = a;
  for (auto _ : state) {
    benchmark::DoNotOptimize(std::memcmp(a.data(), b.data(), a.size()));
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(a.size()));
}
BENCHMARK(BM_Memcmp);

}  // namespace
}  // namespace oriel::capture
