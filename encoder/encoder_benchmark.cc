// What an update of a 1080p screen costs, and a picture of a film: time, and
// `bytes` of payload.

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "encoder/test_pictures.h"
#include "encoder/update_encoder.h"
#include "encoder/video/video_stream.h"

namespace oriel::encoder {
namespace {

constexpr Size kScreen = {1920, 1080};
constexpr Rect kTerminal = {400, 200, 640, 480};
constexpr int kSteps = 24;

constexpr Rect kFilm = {640, 320, 640, 360};

void Put(Picture& picture, const Picture& part, Point at) {
  for (int32_t y = 0; y < part.size().height_px; ++y) {
    std::memcpy(picture.MutableAt(at.x_px, at.y_px + y), part.At(0, y),
                part.stride_bytes());
  }
}

std::vector<BandedPicture> Typing() {
  Typewriter typewriter;
  Picture screen = typewriter.Page(kScreen);
  FillRect(screen, kTerminal, 0xFFFFFF);
  std::vector<BandedPicture> steps = {ToBanded(screen)};
  for (int i = 0; i < kSteps; ++i) {
    typewriter.DrawLetter(screen, kTerminal.x_px + 8 * i, kTerminal.y_px + 48,
                          i);
    BandedPicture next = steps.back();
    next.CopyFrom(ToBanded(screen), {kTerminal.x_px, kTerminal.y_px, 640, 80});
    steps.push_back(std::move(next));
  }
  return steps;
}

std::vector<BandedPicture> ScrolledTerminal() {
  Typewriter typewriter;
  Picture screen = typewriter.Page(kScreen);
  std::vector<BandedPicture> steps;
  for (int i = 0; i < kSteps + 30; ++i) {
    ScrollUp(screen, kTerminal, Typewriter::kLineHeightPx);
    typewriter.DrawLine(screen, kTerminal.x_px, kTerminal.right_px(),
                        kTerminal.bottom_px() - Typewriter::kLineHeightPx);
    if (i < 29) continue;
    if (steps.empty()) {
      steps.push_back(ToBanded(screen));
      continue;
    }
    BandedPicture next = steps.back();
    next.CopyFrom(ToBanded(screen), kTerminal);
    steps.push_back(std::move(next));
  }
  return steps;
}

std::vector<BandedPicture> NewPages() {
  Typewriter typewriter;
  std::vector<BandedPicture> steps;
  for (int i = 0; i < 4; ++i) {
    steps.push_back(ToBanded(typewriter.Page(kScreen)));
  }
  return steps;
}

std::vector<BandedPicture> ScrolledPage() {
  Typewriter typewriter;
  Picture screen = typewriter.Page(kScreen);
  std::vector<BandedPicture> steps = {ToBanded(screen)};
  for (int i = 0; i < 6; ++i) {
    ScrollUp(screen, Rect::Of(kScreen), 120);
    for (int32_t y = 956; y < 1064; y += Typewriter::kLineHeightPx) {
      typewriter.DrawLine(screen, 96, 1824, y);
    }
    steps.push_back(ToBanded(screen));
  }
  return steps;
}

std::vector<BandedPicture> DraggedWindow() {
  Typewriter typewriter;
  const Picture desktop = SmoothPicture(kScreen);
  const Picture window = typewriter.Page({800, 600});
  std::vector<BandedPicture> steps;
  for (int i = 0; i < 12; ++i) {
    Picture screen = desktop;
    Put(screen, window, {200 + 23 * i, 150 + 9 * i});
    steps.push_back(ToBanded(screen));
  }
  return steps;
}

// Grain over slow gradients, as a film has it.
std::vector<BandedPicture> Film() {
  std::vector<BandedPicture> steps;
  const Picture still = SmoothPicture({kFilm.width_px, kFilm.height_px});
  Picture screen = Typewriter().Page(kScreen);
  for (uint32_t i = 0; i < 6; ++i) {
    Picture frame = still;
    const Picture grain = NoisePicture(still.size(), i);
    for (int32_t y = 0; y < kFilm.height_px; ++y) {
      uint8_t* const row = frame.MutableAt(0, y);
      const uint8_t* const noise = grain.At(0, y);
      for (size_t at = 0; at < frame.stride_bytes(); ++at) {
        if (at % 4 != 3) row[at] += noise[at] % 7;
      }
    }
    Put(screen, frame, {kFilm.x_px, kFilm.y_px});
    steps.push_back(ToBanded(screen));
  }
  return steps;
}

// Every second tile has a new pixel.
std::vector<BandedPicture> ScatteredDots() {
  Picture screen = Typewriter().Page(kScreen);
  std::vector<BandedPicture> steps;
  for (uint8_t i = 0; i < 4; ++i) {
    steps.push_back(ToBanded(screen));
    for (int32_t y = 7; y < kScreen.height_px; y += 32) {
      for (int32_t x = y % 64; x < kScreen.width_px; x += 128) {
        screen.MutableAt(x, y)[0] = 17 * i;
      }
    }
  }
  return steps;
}

size_t PayloadBytes(const EncodeResult& result) {
  size_t bytes = 0;
  for (const Patch& patch : result.patches) {
    if (patch.payload != nullptr) bytes += patch.payload->size();
  }
  return bytes;
}

void CountBytes(benchmark::State& state, size_t bytes) {
  state.counters["bytes"] = benchmark::Counter(
      static_cast<double>(bytes), benchmark::Counter::kAvgIterations);
}

void Run(benchmark::State& state, Encoding encoding,
         const std::vector<BandedPicture>& steps, const Rect& damage_rect) {
  std::unique_ptr<UpdateEncoder> encoder;
  const Damage damage(damage_rect);
  size_t step = 0;
  size_t bytes = 0;
  for (auto _ : state) {
    if (step == 0) {
      state.PauseTiming();
      auto made = MakeUpdateEncoder({.encoding = encoding, .size = kScreen});
      if (!made.ok()) return state.SkipWithError("no such encoder");
      encoder = *std::move(made);
      const Damage all(Rect::Of(kScreen));
      const auto first = encoder->Encode({.picture = steps[0],
                                          .reference = BandedPicture(kScreen),
                                          .damage = all});
      if (!first.ok()) return state.SkipWithError("encoding failed");
      state.ResumeTiming();
    }
    const auto result = encoder->Encode({.picture = steps[step + 1],
                                         .reference = steps[step],
                                         .damage = damage});
    if (!result.ok()) return state.SkipWithError("encoding failed");
    bytes += PayloadBytes(*result);
    step = (step + 1) % (steps.size() - 1);
  }
  CountBytes(state, bytes);
}

const Rect kAll = Rect::Of(kScreen);

void BM_Typing(benchmark::State& state, Encoding encoding) {
  static const std::vector<BandedPicture> steps = Typing();
  Run(state, encoding, steps, {384, 224, 256, 64});
}
void BM_ScrolledTerminal(benchmark::State& state, Encoding encoding) {
  static const std::vector<BandedPicture> steps = ScrolledTerminal();
  Run(state, encoding, steps, kTerminal);
}
void BM_ScrolledPage(benchmark::State& state, Encoding encoding) {
  static const std::vector<BandedPicture> steps = ScrolledPage();
  Run(state, encoding, steps, kAll);
}
void BM_NewPage(benchmark::State& state, Encoding encoding) {
  static const std::vector<BandedPicture> steps = NewPages();
  Run(state, encoding, steps, kAll);
}

void BM_DraggedWindow(benchmark::State& state, Encoding encoding) {
  static const std::vector<BandedPicture> steps = DraggedWindow();
  Run(state, encoding, steps, {192, 128, 1088, 736});
}
void BM_Film(benchmark::State& state, Encoding encoding) {
  static const std::vector<BandedPicture> steps = Film();
  Run(state, encoding, steps, kFilm);
}
void BM_ScatteredDots(benchmark::State& state, Encoding encoding) {
  static const std::vector<BandedPicture> steps = ScatteredDots();
  Run(state, encoding, steps, kAll);
}

void BM_FirstPicture(benchmark::State& state, Encoding encoding) {
  static const BandedPicture page = ToBanded(Typewriter().Page(kScreen));
  const Damage all(kAll);
  auto made = MakeUpdateEncoder({.encoding = encoding, .size = kScreen});
  if (!made.ok()) return state.SkipWithError("no such encoder");
  size_t bytes = 0;
  for (auto _ : state) {
    const auto result = (*made)->Encode(
        {.picture = page, .reference = page, .damage = all, .keyframe = true});
    if (!result.ok()) return state.SkipWithError("encoding failed");
    bytes += PayloadBytes(*result);
  }
  CountBytes(state, bytes);
}

// An area of the screen where every pixel changes, as the video half of an
// update; at 60 Hz, a keyframe at the beginning.
void RunFilm(benchmark::State& state, const Rect& area, VideoCodec codec,
             bool chroma_444) {
  static std::map<int32_t, std::vector<BandedPicture>> films;
  std::vector<BandedPicture>& film = films[area.width_px];
  for (int i = static_cast<int>(film.size()); i < kSteps; ++i) {
    film.push_back(
        ToBanded(FilmPicture({area.right_px() + 7, area.bottom_px() + 5}, i)));
  }
  auto stream = VideoStream::Open(
      {.codec = codec, .area = area, .chroma_444 = chroma_444});
  if (!stream.ok()) return state.SkipWithError("no such encoder");
  int64_t bytes = 0;
  int step = 0;
  for (auto _ : state) {
    const Time time(step * std::chrono::microseconds(16'667));
    const auto patch =
        (*stream)->Encode(film[step++ % kSteps], Damage(area), false, time);
    if (!patch.ok()) return state.SkipWithError("encoding failed");
    bytes += static_cast<int64_t>(patch->payload->size());
  }
  state.counters["bytes"] = benchmark::Counter(
      static_cast<double>(bytes), benchmark::Counter::kAvgIterations);
}

void BM_FilmArea(benchmark::State& state, VideoCodec codec, bool chroma_444) {
  RunFilm(state, {13, 9, 640, 360}, codec, chroma_444);
}
void BM_FilmScreen(benchmark::State& state, VideoCodec codec, bool chroma_444) {
  RunFilm(state, Rect::Of(kScreen), codec, chroma_444);
}

#define ORIEL_FILM(name, label, codec, chroma_444)  \
  BENCHMARK_CAPTURE(name, label, codec, chroma_444) \
      ->Unit(benchmark::kMillisecond)               \
      ->MeasureProcessCPUTime()                     \
      ->UseRealTime()

ORIEL_FILM(BM_FilmArea, h264, VideoCodec::kH264, false);
ORIEL_FILM(BM_FilmArea, h264_444, VideoCodec::kH264, true);
ORIEL_FILM(BM_FilmArea, vp9, VideoCodec::kVp9, false);
ORIEL_FILM(BM_FilmArea, vp9_444, VideoCodec::kVp9, true);
ORIEL_FILM(BM_FilmArea, av1, VideoCodec::kAv1, false);
ORIEL_FILM(BM_FilmArea, av1_444, VideoCodec::kAv1, true);
ORIEL_FILM(BM_FilmScreen, h264, VideoCodec::kH264, false);
ORIEL_FILM(BM_FilmScreen, vp9, VideoCodec::kVp9, false);
ORIEL_FILM(BM_FilmScreen, av1, VideoCodec::kAv1, false);

#define ORIEL_ALL(name)                                  \
  BENCHMARK_CAPTURE(name, lossless, Encoding::kLossless) \
      ->Unit(benchmark::kMillisecond)                    \
      ->MeasureProcessCPUTime()                          \
      ->UseRealTime();                                   \
  BENCHMARK_CAPTURE(name, h264, Encoding::kH264)         \
      ->Unit(benchmark::kMillisecond)                    \
      ->MeasureProcessCPUTime()                          \
      ->UseRealTime();                                   \
  BENCHMARK_CAPTURE(name, vp9, Encoding::kVp9)           \
      ->Unit(benchmark::kMillisecond)                    \
      ->MeasureProcessCPUTime()                          \
      ->UseRealTime();                                   \
  BENCHMARK_CAPTURE(name, av1, Encoding::kAv1)           \
      ->Unit(benchmark::kMillisecond)                    \
      ->MeasureProcessCPUTime()                          \
      ->UseRealTime()

ORIEL_ALL(BM_Typing);
ORIEL_ALL(BM_ScrolledTerminal);
ORIEL_ALL(BM_ScrolledPage);
ORIEL_ALL(BM_NewPage);
ORIEL_ALL(BM_DraggedWindow);
ORIEL_ALL(BM_Film);
ORIEL_ALL(BM_ScatteredDots);
ORIEL_ALL(BM_FirstPicture);

}  // namespace
}  // namespace oriel::encoder
