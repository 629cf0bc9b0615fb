#include "capture/edid/build_displayid.h"

#include <algorithm>
#include <initializer_list>
#include <span>

#include "capture/edid/block.h"
#include "capture/edid/displayid_detailed.h"

namespace oriel::capture::edid {
namespace {

constexpr uint8_t kVersion = 0x13;
constexpr uint8_t kStandaloneDisplay = 3;
constexpr size_t kDataOffset = 5;
constexpr int32_t kMaxField = 0xFFFF;

// Fills a block from front to back.
class Writer {
 public:
  explicit Writer(std::span<uint8_t> out) : out_(out) {}

  void Put(std::initializer_list<int> bytes) {
    for (const int byte : bytes) out_[used_++] = static_cast<uint8_t>(byte);
  }
  void PutLe16(int32_t value) { Put({value & 0xFF, value >> 8 & 0xFF}); }
  template <size_t kCount>
  std::span<uint8_t, kCount> Next() {
    used_ += kCount;
    return std::span<uint8_t, kCount>(out_.data() + used_ - kCount, kCount);
  }
  size_t used() const { return used_; }

 private:
  std::span<uint8_t> out_;
  size_t used_ = 0;
};

void PutProduct(const char (&manufacturer)[4], uint32_t serial_number,
                Writer& out) {
  out.Put({0x00, 0, 12, manufacturer[0], manufacturer[1], manufacturer[2]});
  out.PutLe16(1);
  out.PutLe16(static_cast<int32_t>(serial_number & 0xFFFF));
  out.PutLe16(static_cast<int32_t>(serial_number >> 16));
  out.Put({0, 2024 - 2000, 0});
}

void PutParameters(const Timing& t, Writer& out) {
  const auto tenths = [](int32_t mm) { return std::min(10 * mm, kMaxField); };
  out.Put({0x01, 0, 12});
  out.PutLe16(tenths(t.width_mm));
  out.PutLe16(tenths(t.height_mm));
  out.PutLe16(t.width_px);
  out.PutLe16(t.height_px);
  const int32_t aspect = 100 * std::max(t.width_px, t.height_px) /
                         std::min(t.width_px, t.height_px);
  out.Put({0, 120,                                         // gamma 2.2
           std::min<int32_t>(aspect - 100, 0xFF), 0x77});  // 8 bits per colour
}

void PutInterface(Writer& out) {
  out.Put({0x0F, 0, 10, 0xA1,  // DisplayPort, one link
           0x11, 0x02, 0, 0,   // version 1.1, RGB of 8 bits
           0, 0, 0, 0, 0});
}

}  // namespace

std::array<uint8_t, kBlockBytes> BuildDisplayIdBlock(
    const Timing& timing, const char (&manufacturer)[4],
    uint32_t serial_number) {
  std::array<uint8_t, kBlockBytes> block{};
  Writer data{std::span(block).subspan(kDataOffset)};
  PutProduct(manufacturer, serial_number, data);
  PutParameters(timing, data);
  PutInterface(data);
  data.Put({0x03, 0, static_cast<int>(kTypeOneBytes)});
  PutPreferredTypeOne(timing, data.Next<kTypeOneBytes>());
  block[0] = static_cast<uint8_t>(BlockTag::kDisplayId);
  block[1] = kVersion;
  block[2] = static_cast<uint8_t>(data.used());
  block[3] = kStandaloneDisplay;
  const size_t section_end = kDataOffset + data.used();
  block[section_end] = static_cast<uint8_t>(
      -SumOf(std::span(block).subspan(1, section_end - 1)));
  block.back() = static_cast<uint8_t>(-SumOf(block));
  return block;
}

}  // namespace oriel::capture::edid
