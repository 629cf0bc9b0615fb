// Writes the corpus of picture_updater_fuzz: streams that keep the rules; the
// replay makes the broken ones of them.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "clients/lib/update_to_proto.h"
#include "encoder/test_pictures.h"
#include "encoder/update_encoder.h"

namespace oriel::clients {
namespace {

constexpr Size kSize = {96, 64};

void Append(const v1::StreamFramesResponse& message, std::string& out) {
  const std::string bytes = message.SerializeAsString();
  const auto length = static_cast<uint32_t>(bytes.size());
  for (int shift = 0; shift < 32; shift += 8) {
    out.push_back(static_cast<char>(length >> shift));
  }
  out += bytes;
}

std::string Stream(encoder::Encoding encoding,
                   const std::vector<Picture>& pictures) {
  v1::StreamFramesResponse opening;
  opening.mutable_format()->set_generation(1);
  opening.mutable_format()->set_width_px(kSize.width_px);
  opening.mutable_format()->set_height_px(kSize.height_px);
  std::string out;
  Append(opening, out);
  auto encoder =
      encoder::MakeUpdateEncoder({.encoding = encoding, .size = kSize});
  if (!encoder.ok()) return out;
  BandedPicture reference(kSize);
  uint64_t sequence = 0;
  for (const Picture& picture : pictures) {
    const BandedPicture banded = encoder::ToBanded(picture);
    const Damage damage(Rect::Of(kSize));
    auto result = (*encoder)->Encode({.picture = banded,
                                      .reference = reference,
                                      .damage = damage,
                                      .keyframe = sequence == 0});
    if (!result.ok()) return out;
    const uint64_t base = sequence++;
    Append(ToProto({.generation = 1,
                    .sequence = sequence,
                    .base_sequence = base,
                    .patches = std::move(result->patches),
                    .exact = true}),
           out);
    reference = banded;
  }
  return out;
}

std::vector<Picture> Typed() {
  encoder::Typewriter typewriter;
  std::vector<Picture> pictures = {typewriter.Page(kSize)};
  Picture next = pictures.back();
  typewriter.DrawLetter(next, 40, 20, 5);
  pictures.push_back(next);
  encoder::FillRect(next, {0, 32, 96, 32}, 0x336699);
  pictures.push_back(next);
  return pictures;
}

// Noise in a corner moves up by a few rows: a delta.
std::vector<Picture> Scrolled() {
  Picture next(kSize);
  const Picture noise = encoder::NoisePicture({24, 24}, 1);
  for (int32_t y = 0; y < 24; ++y) {
    std::copy_n(noise.At(0, y), noise.stride_bytes(), next.MutableAt(8, y + 8));
  }
  std::vector<Picture> pictures = {next};
  encoder::ScrollUp(next, {0, 0, 40, 40}, 6);
  pictures.push_back(next);
  return pictures;
}

// What the encoder makes of small pictures has no copies; this has.
std::string Copies() {
  std::string out = Stream(encoder::Encoding::kLossless, Typed());
  Append(
      ToProto({.generation = 1,
               .sequence = 4,
               .base_sequence = 3,
               .patches = {{{0, 0, 32, 32}, encoder::Copy{32, 0}, nullptr},
                           {{32, 0, 32, 32}, encoder::Copy{0, 0}, nullptr},
                           {{64, 0, 32, 64}, encoder::Fill{1, 2, 3}, nullptr}},
               .check = encoder::BandHash{0, 32, 1}}),
      out);
  return out;
}

// A whole picture roughly, then as coarse as it can be.
std::string Stills() {
  std::string out = Stream(encoder::Encoding::kLossless, {});
  const BandedPicture film = encoder::ToBanded(encoder::FilmPicture(kSize, 1));
  uint64_t sequence = 0;
  for (const size_t max_bytes : {10'000, 1}) {
    auto stills =
        encoder::EncodeStills(film, Damage(Rect::Of(kSize)), max_bytes);
    if (!stills.ok()) return out;
    Append(ToProto({.generation = 1,
                    .sequence = ++sequence,
                    .patches = std::move(stills->patches),
                    .more_follows = true}),
           out);
  }
  return out;
}

std::string Pointers() {
  std::string out = Stream(encoder::Encoding::kLossless, Typed());
  v1::StreamFramesResponse event;
  v1::Cursor* cursor = event.mutable_cursor();
  cursor->set_visible(true);
  cursor->set_x_px(-3);
  cursor->set_y_px(12);
  cursor->set_hot_x_px(1);
  cursor->set_hot_y_px(0);
  cursor->set_width_px(4);
  cursor->set_height_px(2);
  event.set_payload(std::string(4 * 2 * 4, '\x55'));
  Append(event, out);
  cursor->set_x_px(40);
  cursor->clear_width_px();
  cursor->clear_height_px();
  event.clear_payload();
  Append(event, out);
  cursor->set_shape_unknown(true);
  Append(event, out);
  cursor->Clear();
  Append(event, out);
  return out;
}

bool Write(const std::string& folder, const std::string& name,
           const std::string& bytes) {
  std::ofstream file(folder + "/" + name, std::ios::binary);
  file << bytes;
  return file.good();
}

}  // namespace
}  // namespace oriel::clients

int main(int argc, char** argv) {
  using oriel::encoder::Encoding;
  namespace clients = oriel::clients;
  if (argc != 2) {
    std::fprintf(stderr, "usage: make_corpus FOLDER\n");
    return 2;
  }
  const std::string folder = argv[1];
  const bool written =
      clients::Write(folder, "typed",
                     clients::Stream(Encoding::kLossless, clients::Typed())) &&
      clients::Write(
          folder, "scrolled",
          clients::Stream(Encoding::kLossless, clients::Scrolled())) &&
      clients::Write(folder, "copies", clients::Copies()) &&
      clients::Write(folder, "pointers", clients::Pointers()) &&
      clients::Write(folder, "stills", clients::Stills()) &&
      clients::Write(folder, "video",
                     clients::Stream(Encoding::kH264, clients::Typed())) &&
      clients::Write(folder, "vp9",
                     clients::Stream(Encoding::kVp9, clients::Typed())) &&
      clients::Write(folder, "av1",
                     clients::Stream(Encoding::kAv1, clients::Typed()));
  if (!written) std::fprintf(stderr, "cannot write to %s\n", argv[1]);
  return written ? 0 : 1;
}
