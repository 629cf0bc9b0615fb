#include "capture/igd/build_vbt.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "capture/igd/layout.h"
#include "capture/igd/little_endian.h"

namespace oriel::capture::igd {
namespace {

constexpr uint16_t kVbtVersion = 100;
constexpr size_t kLfpOptionsBytes = 34;
constexpr size_t kPanelBytes =
    layout::kDefaultFpTimingBytes + layout::kDtdBytes + layout::kPnpIdBytes;
// Real pointers leave out the last bytes of the flat panel's registers.
constexpr uint8_t kFpTimingBytesInPointers = 32;

template <typename Integer>
void AppendLe(std::vector<uint8_t>& bytes, Integer value) {
  bytes.resize(bytes.size() + sizeof(Integer));
  WriteLe(std::span(bytes), bytes.size() - sizeof(Integer), value);
}

// VESA E-EDID 1.4, section 3.10.2.
std::vector<uint8_t> EncodeDtd(const PanelMode& mode) {
  std::vector<uint8_t> dtd(layout::kDtdBytes);
  WriteLe(std::span(dtd), 0, static_cast<uint16_t>(mode.pixel_clock_khz / 10));
  const uint32_t h_blank = mode.total_width_px - mode.width_px;
  const uint32_t v_blank = mode.total_height_px - mode.height_px;
  const uint32_t h_front = mode.h_sync_start_px - mode.width_px;
  const uint32_t v_front = mode.v_sync_start_px - mode.height_px;
  const uint32_t h_sync = mode.h_sync_end_px - mode.h_sync_start_px;
  const uint32_t v_sync = mode.v_sync_end_px - mode.v_sync_start_px;
  const auto byte = [](uint32_t value) { return static_cast<uint8_t>(value); };
  dtd[2] = byte(mode.width_px);
  dtd[3] = byte(h_blank);
  dtd[4] = byte((mode.width_px >> 8) << 4 | (h_blank >> 8 & 0xF));
  dtd[5] = byte(mode.height_px);
  dtd[6] = byte(v_blank);
  dtd[7] = byte((mode.height_px >> 8) << 4 | (v_blank >> 8 & 0xF));
  dtd[8] = byte(h_front);
  dtd[9] = byte(h_sync);
  dtd[10] = byte((v_front & 0xF) << 4 | (v_sync & 0xF));
  dtd[11] = byte((h_front >> 8 & 3) << 6 | (h_sync >> 8 & 3) << 4 |
                 (v_front >> 4 & 3) << 2 | (v_sync >> 4 & 3));
  dtd[17] = 0x18;  // digital, separate syncs
  return dtd;
}

std::vector<uint8_t> EncodeChild(const ChildDevice& device, size_t size_bytes) {
  std::vector<uint8_t> child(std::max(size_bytes, layout::kChildFlags2 + 1));
  const std::span bytes(child);
  WriteLe(bytes, layout::kChildHandle, device.handle);
  WriteLe(bytes, layout::kChildDeviceType, device.device_type);
  child[layout::kChildDvoPort] = device.dvo_port;
  child[layout::kChildDdcPin] = device.ddc_pin;
  child[layout::kChildAuxChannel] = device.aux_channel;
  child[layout::kChildFlags2] =
      (device.usb_type_c ? layout::kChildUsbTypeC : 0) |
      (device.thunderbolt ? layout::kChildThunderbolt : 0);
  child.resize(size_bytes);
  return child;
}

// `data_offset` is the LFP data's, from the start of the BDB.
std::vector<uint8_t> EncodePointers(size_t data_offset) {
  std::vector<uint8_t> pointers = {layout::kTablesPerPanel};
  const auto append = [&pointers](size_t offset, size_t size) {
    AppendLe(pointers, static_cast<uint16_t>(offset));
    pointers.push_back(static_cast<uint8_t>(size));
  };
  for (size_t i = 0; i < layout::kPanelCount; ++i) {
    const size_t fp_timing = data_offset + i * kPanelBytes;
    const size_t dtd = fp_timing + layout::kDefaultFpTimingBytes;
    append(fp_timing, kFpTimingBytesInPointers);
    append(dtd, layout::kDtdBytes);
    append(dtd + layout::kDtdBytes, layout::kPnpIdBytes);
  }
  append(data_offset + layout::kPanelCount * kPanelBytes,
         layout::kPanelNameBytes);
  return pointers;
}

std::vector<uint8_t> EncodeLfpData(const std::vector<LfpEntry>& entries) {
  std::vector<uint8_t> data;
  std::vector<uint8_t> names;
  for (size_t i = 0; i < layout::kPanelCount; ++i) {
    const LfpEntry& entry = entries[i < entries.size() ? i : 0];
    data.resize(data.size() + layout::kDefaultFpTimingBytes - 2);
    AppendLe(data, layout::kFpTimingTerminator);
    const std::vector<uint8_t> dtd = EncodeDtd(entry.mode);
    data.insert(data.end(), dtd.begin(), dtd.end());
    std::vector<uint8_t> pnp_id = entry.pnp_id;
    pnp_id.resize(layout::kPnpIdBytes);
    data.insert(data.end(), pnp_id.begin(), pnp_id.end());
    std::string name = entry.name;
    name.resize(layout::kPanelNameBytes, ' ');
    names.insert(names.end(), name.begin(), name.end());
  }
  data.insert(data.end(), names.begin(), names.end());
  // Behind the names stand a bit for each panel's scaling, a refresh rate each
  // and, later, more for each (struct lvds_lfp_data_tail): all zero here.
  data.resize(data.size() + 2 + layout::kPanelCount * 3 + 4);
  return data;
}

}  // namespace

VbtBuilder::VbtBuilder(uint16_t bdb_version) : bdb_version_(bdb_version) {}

VbtBuilder& VbtBuilder::SetName(const std::string& name) {
  name_ = name;
  return *this;
}

VbtBuilder& VbtBuilder::AddChildren(const std::vector<ChildDevice>& children,
                                    std::optional<uint8_t> child_bytes) {
  const size_t size =
      child_bytes.value_or(KnownChildSizes(bdb_version_).min_bytes);
  std::vector<uint8_t> data(layout::kChildren);
  data[layout::kChildSize] = static_cast<uint8_t>(size);
  for (const ChildDevice& device : children) {
    const std::vector<uint8_t> child = EncodeChild(device, size);
    data.insert(data.end(), child.begin(), child.end());
  }
  return AddBlock(layout::kGeneralDefinitions, data);
}

VbtBuilder& VbtBuilder::AddLegacyChildren(
    const std::vector<ChildDevice>& children, uint8_t child_bytes) {
  std::vector<uint8_t> data = {child_bytes};
  for (const ChildDevice& device : children) {
    const std::vector<uint8_t> child = EncodeChild(device, child_bytes);
    data.insert(data.end(), child.begin(), child.end());
  }
  return AddBlock(layout::kLegacyChildren, data);
}

VbtBuilder& VbtBuilder::AddLfpOptions(uint8_t panel_type) {
  std::vector<uint8_t> data(kLfpOptionsBytes);
  data[layout::kPanelType] = panel_type;
  return AddBlock(layout::kLfpOptions, data);
}

VbtBuilder& VbtBuilder::AddLfpData(const std::vector<LfpEntry>& entries,
                                   bool with_pointers) {
  if (with_pointers) {
    const size_t pointer_bytes = EncodePointers(0).size();
    AddBlock(layout::kLfpDataPointers,
             EncodePointers(bdb_bytes() + layout::kBlockHeaderBytes +
                            pointer_bytes + layout::kBlockHeaderBytes));
  }
  return AddBlock(layout::kLfpData, EncodeLfpData(entries));
}

VbtBuilder& VbtBuilder::AddGenericDtds(const std::vector<PanelMode>& modes) {
  std::vector<uint8_t> data;
  AppendLe(data, static_cast<uint16_t>(layout::kGenericDtdBytes));
  for (const PanelMode& mode : modes) {
    AppendLe(data, mode.pixel_clock_khz);
    for (const uint32_t value :
         {mode.width_px, mode.total_width_px - mode.width_px,
          mode.h_sync_start_px - mode.width_px,
          mode.h_sync_end_px - mode.h_sync_start_px, mode.height_px,
          mode.total_height_px - mode.height_px,
          mode.v_sync_start_px - mode.height_px,
          mode.v_sync_end_px - mode.v_sync_start_px}) {
      AppendLe(data, static_cast<uint16_t>(value));
    }
    AppendLe(data, uint64_t{0});  // size in mm, flags
  }
  return AddBlock(layout::kGenericDtd, data);
}

VbtBuilder& VbtBuilder::AddBlock(uint8_t id, std::span<const uint8_t> data) {
  blocks_.push_back(id);
  AppendLe(blocks_, static_cast<uint16_t>(data.size()));
  blocks_.insert(blocks_.end(), data.begin(), data.end());
  return *this;
}

VbtBuilder& VbtBuilder::ShortenBdb() {
  missing_bdb_bytes_ = 1;
  return *this;
}

size_t VbtBuilder::bdb_bytes() const {
  return layout::kBdbHeaderBytes + blocks_.size();
}

std::vector<uint8_t> VbtBuilder::Build() const {
  std::vector<uint8_t> vbt(layout::kVbtHeaderBytes + bdb_bytes());
  const std::span bytes(vbt);
  std::string name = std::string(layout::kVbtSignature) + " " + name_;
  name.resize(layout::kVbtNameBytes, ' ');
  std::memcpy(vbt.data(), name.data(), name.size());
  WriteLe(bytes, layout::kVbtVersion, kVbtVersion);
  WriteLe(bytes, layout::kVbtHeaderSize,
          static_cast<uint16_t>(layout::kVbtHeaderBytes));
  WriteLe(bytes, layout::kVbtTableSize, static_cast<uint16_t>(vbt.size()));
  WriteLe(bytes, layout::kVbtBdbOffset,
          static_cast<uint32_t>(layout::kVbtHeaderBytes));
  const size_t bdb = layout::kVbtHeaderBytes;
  std::memcpy(&vbt[bdb], layout::kBdbSignature, layout::kBdbSignatureBytes);
  WriteLe(bytes, bdb + layout::kBdbVersion, bdb_version_);
  WriteLe(bytes, bdb + layout::kBdbHeaderSize,
          static_cast<uint16_t>(layout::kBdbHeaderBytes));
  WriteLe(bytes, bdb + layout::kBdbSize,
          static_cast<uint16_t>(bdb_bytes() - missing_bdb_bytes_));
  std::ranges::copy(blocks_, vbt.begin() + bdb + layout::kBdbHeaderBytes);
  const unsigned sum = std::accumulate(vbt.begin(), vbt.end(), 0u);
  vbt[layout::kVbtChecksum] = static_cast<uint8_t>(-sum);
  return vbt;
}

}  // namespace oriel::capture::igd
