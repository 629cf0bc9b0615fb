#include <random>
#include <vector>

#include "base/picture/damage.h"
#include "benchmark/benchmark.h"

namespace oriel {
namespace {

// One rectangle in every 64x32 tile of a 1080p frame.
std::vector<Rect> TilesOfAFrame(bool tight) {
  std::mt19937 random(1);
  std::vector<Rect> rects;
  for (int y = 0; y < 1080; y += 32) {
    for (int x = 0; x < 1920; x += 64) {
      const int inset = tight ? static_cast<int>(random() % 12) : 0;
      rects.push_back({x + inset, y + inset, 64 - 2 * inset, 32 - 2 * inset});
    }
  }
  return rects;
}

void BM_AddTilesOneByOne(benchmark::State& state) {
  const std::vector<Rect> rects = TilesOfAFrame(state.range(0) != 0);
  for (auto _ : state) {
    Damage damage;
    for (const Rect& rect : rects) damage.Add(rect);
    benchmark::DoNotOptimize(damage);
  }
}
BENCHMARK(BM_AddTilesOneByOne)->ArgName("tight")->Arg(0)->Arg(1);

void BM_TilesAtOnce(benchmark::State& state) {
  const std::vector<Rect> rects = TilesOfAFrame(state.range(0) != 0);
  for (auto _ : state) {
    benchmark::DoNotOptimize(Damage::FromRects(rects));
  }
}
BENCHMARK(BM_TilesAtOnce)->ArgName("tight")->Arg(0)->Arg(1);

}  // namespace
}  // namespace oriel
