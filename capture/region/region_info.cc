#include "capture/region/region_info.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <type_traits>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "capture/abi/vfio.h"

namespace oriel::capture {
namespace {

// A reply is a few capabilities; a sparse region's areas are the longest.
constexpr uint32_t kMaxReplyBytes = 64 * 1024;
// A region can change between the two calls, but not for ever.
constexpr int kMaxAttempts = 3;
// Drivers have a dozen regions; a peer that claims more is not asked for all.
constexpr uint32_t kMaxListedRegions = 256;

// `at + sizeof(T)` must lie inside `bytes`.
template <typename T>
T Load(std::span<const uint8_t> bytes, size_t at) {
  static_assert(std::is_trivially_copyable_v<T>);
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof(T));
  return value;
}

absl::Status Malformed(size_t at, const std::string& why) {
  return absl::InvalidArgumentError(
      absl::StrFormat("region info, byte %d: %s", at, why));
}

// What of an area mmap accepts: whole pages. Where a region ends inside a
// page, the rest of that page belongs to nobody and is mapped with it.
MappableArea WholePages(uint64_t begin, uint64_t end, uint64_t region_end) {
  const auto page = static_cast<uint64_t>(getpagesize());
  const uint64_t first = begin / page + (begin % page != 0 ? 1 : 0);
  const bool to_the_end = end == region_end && end % page != 0;
  const uint64_t last = end / page + (to_the_end ? 1 : 0);
  if (last <= first) return {};
  // The last page of the address space would overflow the size.
  if (last > (~uint64_t{0}) / page) return {};
  return {first * page, (last - first) * page};
}

// Sorted, without empty areas, and those that touch or overlap made one.
std::vector<MappableArea> Merge(std::vector<MappableArea> areas) {
  std::erase_if(areas, [](const MappableArea& a) { return a.size_bytes == 0; });
  std::sort(areas.begin(), areas.end(),
            [](const MappableArea& a, const MappableArea& b) {
              return a.offset < b.offset;
            });
  std::vector<MappableArea> merged;
  for (const MappableArea& area : areas) {
    if (merged.empty() ||
        area.offset > merged.back().offset + merged.back().size_bytes) {
      merged.push_back(area);
      continue;
    }
    MappableArea& last = merged.back();
    last.size_bytes =
        std::max(last.offset + last.size_bytes, area.offset + area.size_bytes) -
        last.offset;
  }
  return merged;
}

// Walks the capability chain of one reply into a Region.
class ChainWalker {
 public:
  // `reply` is as long as its argsz says.
  ChainWalker(std::span<const uint8_t> reply, Region& region)
      : reply_(reply), region_(region) {}

  absl::Status Walk(uint32_t first);
  bool has_sparse() const { return has_sparse_; }

 private:
  absl::Status ReadOne(size_t at, size_t end, const vfio_info_cap_header& cap);
  absl::Status ReadType(size_t at, size_t end);
  absl::Status ReadSparse(size_t at, size_t end);

  const std::span<const uint8_t> reply_;
  Region& region_;
  bool has_sparse_ = false;
};

// Each step goes forward by a header at least, so that a chain cannot loop.
absl::Status ChainWalker::Walk(uint32_t first) {
  if (first == 0) return absl::OkStatus();
  if (first < abi::kRegionInfoBytes) {
    return Malformed(offsetof(vfio_region_info, cap_offset),
                     absl::StrFormat("the capabilities start at %d, inside "
                                     "the structure before them",
                                     first));
  }
  size_t at = first;
  while (true) {
    if (at > reply_.size() ||
        reply_.size() - at < sizeof(vfio_info_cap_header)) {
      return Malformed(at, absl::StrFormat("a capability header here is cut "
                                           "off by the reply's end at %d",
                                           reply_.size()));
    }
    const auto header = Load<vfio_info_cap_header>(reply_, at);
    if (header.next != 0 && header.next < at + sizeof(header)) {
      return Malformed(
          at, absl::StrFormat("capability %d names the one at %d as the next, "
                              "which does not lie behind it",
                              header.id, header.next));
    }
    if (header.next > reply_.size()) {
      return Malformed(
          at, absl::StrFormat("capability %d names one at %d as the next, "
                              "behind the reply's end at %d",
                              header.id, header.next, reply_.size()));
    }
    const size_t end = header.next == 0 ? reply_.size() : header.next;
    RETURN_IF_ERROR(ReadOne(at, end, header));
    if (header.next == 0) return absl::OkStatus();
    at = header.next;
  }
}

absl::Status ChainWalker::ReadOne(size_t at, size_t end,
                                  const vfio_info_cap_header& header) {
  region_.capability_ids.push_back(header.id);
  const bool known = header.id == VFIO_REGION_INFO_CAP_TYPE ||
                     header.id == VFIO_REGION_INFO_CAP_SPARSE_MMAP ||
                     header.id == VFIO_REGION_INFO_CAP_MSIX_MAPPABLE;
  if (known && header.version != 1) {
    return Malformed(
        at, absl::StrFormat("capability %d has version %d; only 1 is known",
                            header.id, header.version));
  }
  switch (header.id) {
    case VFIO_REGION_INFO_CAP_TYPE:
      return ReadType(at, end);
    case VFIO_REGION_INFO_CAP_SPARSE_MMAP:
      return ReadSparse(at, end);
    case VFIO_REGION_INFO_CAP_MSIX_MAPPABLE:
      region_.msix_mappable = true;
      return absl::OkStatus();
    default:
      return absl::OkStatus();
  }
}

absl::Status ChainWalker::ReadType(size_t at, size_t end) {
  if (end - at < sizeof(vfio_region_info_cap_type)) {
    return Malformed(
        at, absl::StrFormat("a type capability is %d bytes long "
                            "and has only %d",
                            sizeof(vfio_region_info_cap_type), end - at));
  }
  if (region_.type.has_value())
    return Malformed(at, "a second type capability");
  const auto body = Load<vfio_region_info_cap_type>(reply_, at);
  region_.type = RegionType{body.type, body.subtype};
  return absl::OkStatus();
}

absl::Status ChainWalker::ReadSparse(size_t at, size_t end) {
  constexpr size_t kHeaderBytes =
      offsetof(vfio_region_info_cap_sparse_mmap, areas);
  constexpr size_t kAreaBytes = sizeof(vfio_region_sparse_mmap_area);
  if (end - at < kHeaderBytes) {
    return Malformed(at, absl::StrFormat("a sparse capability is at least %d "
                                         "bytes long and has only %d",
                                         kHeaderBytes, end - at));
  }
  if (has_sparse_) return Malformed(at, "a second sparse capability");
  has_sparse_ = true;
  const auto count = Load<uint32_t>(
      reply_, at + offsetof(vfio_region_info_cap_sparse_mmap, nr_areas));
  if (count > (end - at - kHeaderBytes) / kAreaBytes) {
    return Malformed(at, absl::StrFormat("a sparse capability of %d bytes "
                                         "claims %d areas",
                                         end - at, count));
  }
  std::vector<MappableArea> areas;
  for (uint32_t i = 0; i < count; ++i) {
    const size_t area_at = at + kHeaderBytes + i * kAreaBytes;
    const auto area = Load<vfio_region_sparse_mmap_area>(reply_, area_at);
    const uint64_t offset = area.offset;
    const uint64_t size = area.size;
    if (offset > region_.size_bytes || size > region_.size_bytes - offset) {
      return Malformed(area_at,
                       absl::StrFormat("area %d (%#x bytes at %#x) leaves the "
                                       "region of %#x bytes",
                                       i, size, offset, region_.size_bytes));
    }
    areas.push_back(WholePages(offset, offset + size, region_.size_bytes));
  }
  if ((region_.flags & VFIO_REGION_INFO_FLAG_MMAP) != 0)
    region_.mappable_areas = Merge(std::move(areas));
  return absl::OkStatus();
}

// The last of the answers, as long as its argsz says.
absl::StatusOr<std::vector<uint8_t>> FetchReply(Device& device,
                                                uint32_t index) {
  size_t size = abi::kRegionInfoBytes;
  for (int attempt = 0; attempt <= kMaxAttempts; ++attempt) {
    std::vector<uint8_t> reply(size);
    const auto asked = static_cast<uint32_t>(size);
    std::memcpy(reply.data(), &asked, sizeof(asked));
    RETURN_IF_ERROR(device.GetRegionInfo(index, reply));
    const auto needed =
        Load<uint32_t>(reply, offsetof(vfio_region_info, argsz));
    if (needed > kMaxReplyBytes) {
      return Malformed(0, absl::StrFormat("the reply claims to need %d bytes, "
                                          "more than %d",
                                          needed, kMaxReplyBytes));
    }
    if (needed <= size) return reply;
    size = needed;
  }
  return absl::UnavailableError(absl::StrFormat(
      "its reply was longer than announced in each of %d attempts",
      kMaxAttempts));
}

absl::Status Annotate(const absl::Status& status, uint32_t index,
                      const Device& device) {
  return absl::Status(
      status.code(),
      absl::StrFormat("region %d of %s: %s", index, device.description(),
                      std::string(status.message())));
}

std::string Describe(const Region& region) {
  return absl::StrFormat("region %d has type %#x/%d", region.address.index,
                         region.type->type, region.type->subtype);
}

}  // namespace

bool Region::readable() const {
  return (flags & VFIO_REGION_INFO_FLAG_READ) != 0;
}

bool Region::IsMappable(uint64_t offset, uint64_t size_bytes) const {
  if (size_bytes == 0) return false;
  return std::any_of(mappable_areas.begin(), mappable_areas.end(),
                     [&](const MappableArea& area) {
                       return offset >= area.offset &&
                              offset - area.offset <= area.size_bytes &&
                              size_bytes <=
                                  area.size_bytes - (offset - area.offset);
                     });
}

absl::StatusOr<Region> ParseRegionInfo(std::span<const uint8_t> reply) {
  if (reply.size() < abi::kRegionInfoBytes) {
    return Malformed(reply.size(),
                     absl::StrFormat("the reply is cut off before %d bytes",
                                     abi::kRegionInfoBytes));
  }
  const auto info = Load<vfio_region_info>(reply, 0);
  if (info.argsz < abi::kRegionInfoBytes) {
    return Malformed(0, absl::StrFormat("argsz is %d, less than the %d bytes "
                                        "of the structure itself",
                                        info.argsz, abi::kRegionInfoBytes));
  }
  if (info.argsz > reply.size()) {
    return Malformed(0, absl::StrFormat("only %d of the reply's %d bytes are "
                                        "there",
                                        reply.size(), info.argsz));
  }
  if (info.offset > ~uint64_t{0} - info.size) {
    return Malformed(offsetof(vfio_region_info, offset),
                     absl::StrFormat("%#x bytes at file offset %#x wrap around",
                                     info.size, info.offset));
  }
  Region region;
  region.address = {info.index, info.offset};
  region.size_bytes = info.size;
  region.flags = info.flags;
  ChainWalker walker(reply.first(info.argsz), region);
  // Without the flag some drivers leave in cap_offset what the caller had.
  if ((info.flags & VFIO_REGION_INFO_FLAG_CAPS) != 0)
    RETURN_IF_ERROR(walker.Walk(info.cap_offset));
  if ((info.flags & VFIO_REGION_INFO_FLAG_MMAP) != 0 && !walker.has_sparse()) {
    region.mappable_areas = Merge({WholePages(0, info.size, info.size)});
  }
  return region;
}

absl::StatusOr<Region> QueryRegion(Device& device, uint32_t index) {
  absl::StatusOr<std::vector<uint8_t>> reply = FetchReply(device, index);
  if (!reply.ok()) return Annotate(reply.status(), index, device);
  absl::StatusOr<Region> region = ParseRegionInfo(*reply);
  if (!region.ok()) return Annotate(region.status(), index, device);
  if (region->address.index != index) {
    return Annotate(Malformed(offsetof(vfio_region_info, index),
                              absl::StrFormat("the reply is about region %d",
                                              region->address.index)),
                    index, device);
  }
  return region;
}

absl::StatusOr<std::vector<Region>> ListRegions(
    Device& device, std::vector<std::string>* problems) {
  ASSIGN_OR_RETURN(const DeviceInfo info, device.GetInfo());
  if (info.region_count > kMaxListedRegions && problems != nullptr) {
    problems->push_back(absl::StrFormat(
        "%s claims %d regions; only the first %d were asked for",
        device.description(), info.region_count, kMaxListedRegions));
  }
  const uint32_t count = std::min(info.region_count, kMaxListedRegions);
  std::vector<Region> regions;
  for (uint32_t index = 0; index < count; ++index) {
    absl::StatusOr<Region> region = QueryRegion(device, index);
    if (region.ok()) {
      regions.push_back(*std::move(region));
    } else if (absl::IsUnavailable(region.status())) {
      return region.status();
    } else if (!absl::IsNotFound(region.status()) && problems != nullptr) {
      problems->push_back(std::string(region.status().message()));
    }
  }
  return regions;
}

absl::StatusOr<Region> FindRegion(Device& device, RegionType type) {
  std::vector<std::string> notes;
  ASSIGN_OR_RETURN(std::vector<Region> regions, ListRegions(device, &notes));
  std::vector<std::string> types;
  for (Region& region : regions) {
    if (!region.type.has_value()) continue;
    if (*region.type == type) return std::move(region);
    types.push_back(Describe(region));
  }
  types.insert(types.end(), notes.begin(), notes.end());
  return absl::NotFoundError(absl::StrFormat(
      "find a region of type %#x/%d in %s: %s", type.type, type.subtype,
      device.description(),
      types.empty() ? "none of its regions has a type"
                    : "there is none; " + absl::StrJoin(types, "; ")));
}

}  // namespace oriel::capture
